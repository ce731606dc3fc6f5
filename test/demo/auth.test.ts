/** `npm start -- --auth`: a client signs in on the page of the development authorization server, and calls. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { browse, MemoryProvider } from '../auth/flow.ts'
import { typescript } from '../helpers/typescript.ts'
import { makeFolder } from './folder.ts'

const script = fileURLToPath(new URL('../../scripts/start.ts', import.meta.url))

async function start(t: TestContext, args: readonly string[]) {
  const child = spawn(process.execPath, [...typescript, script, '--port', '0', '--auth', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (line.startsWith('Ctrl-C')) break
  }
  return { child, output: lines.join('\n') }
}

test('npm start -- --auth: a real client signs in by a name, calls, and asks for more when it writes', async (t) => {
  const folder = await makeFolder(t, { 'root/a.md': 'needle\n', 'notes/keep.md': 'kept' })
  const { child, output } = await start(t, ['--root', `${folder}/root`, '--notes', `${folder}/notes`])
  const url = /at (http:\/\/\S+\/mcp),/.exec(output)?.[1] ?? assert.fail(output)
  const provider = new MemoryProvider(false)
  let transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider })
  const make = () =>
    new Client({ name: 'demo', version: '1' }, { capabilities: { elicitation: { form: {} } } })
  await assert.rejects(make().connect(transport))
  assert.equal(provider.sentTo[0]?.searchParams.get('scope'), 'files:read')
  await transport.finishAuth(await browse(provider.sentTo[0], { name: 'grace' }))
  transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider })
  const client = make()
  t.after(() => client.close())
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { confirm: true } }))
  await client.connect(transport)
  const found = await client.callTool({ name: 'search_text', arguments: { pattern: 'needle' } })
  assert.match(JSON.stringify(found), /a\.md/)
  const note = { name: 'confirm_and_write_note', arguments: { name: 'new', text: 'hello' } }
  await assert.rejects(client.callTool(note))
  assert.match(provider.sentTo.at(-1)?.searchParams.get('scope') ?? '', /notes:write/)
  await transport.finishAuth(await browse(provider.sentTo.at(-1), { name: 'grace' }))
  assert.match(JSON.stringify(await client.callTool(note)), /Wrote new\.md/)
  await client.close()
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
})
