/**
 * The client against servers that people use today. They are installed by `npm run interop`, and skipped where they are
 * not. The official SDK v1 is in official.test.ts, barewire in calls.test.ts.
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { start } from '../../scripts/lib/child.ts'
import {
  type Client,
  type ConnectOptions,
  type ConnectTarget,
  connect,
  RpcError,
} from '../../src/client/index.ts'
import { stdio } from '../../src/client/stdio.ts'
import { connected } from './scripted-server.ts'

const home = fileURLToPath(new URL('../interop/servers', import.meta.url))
const everything = join(
  home,
  'node_modules',
  '@modelcontextprotocol',
  'server-everything',
  'dist',
  'index.js',
)
const skip = !existsSync(everything) && 'not installed here: npm run interop'

interface Row {
  readonly name: string
  /** The one that is negotiated without options. */
  readonly revision: string
  /** Others that it can be asked for. */
  readonly others: readonly ConnectOptions['revision'][]
  /** Whether its tools can have an outputSchema. */
  readonly structured: boolean
}

const ROWS: readonly Row[] = [
  { name: 'sdk-v2', revision: '2026-07-28', others: [], structured: true },
  { name: 'sdk-v2-sessions', revision: '2025-11-25', others: ['2025-06-18', '2025-03-26'], structured: true },
  { name: 'fastmcp', revision: '2025-11-25', others: ['2025-06-18', '2025-03-26'], structured: false },
  { name: 'tmcp', revision: '2026-07-28', others: ['2025-06-18'], structured: true },
]

const answers: ConnectOptions = {
  onElicit: ({ message }) => {
    assert.match(message, /who\?|Please provide/)
    return { action: 'accept', content: { name: 'Ann' } }
  },
}

const textOf = ({ content: [first] }: Awaited<ReturnType<Client['callTool']>>) =>
  first?.type === 'text' ? first.text : undefined

async function useAll(client: Client, { structured }: Row): Promise<void> {
  const tools = await client.tools().toArray()
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['add', 'count', 'ask'],
  )
  const sums = await Promise.all([1, 2, 3].map((a) => client.callTool('add', { a, b: 1 })))
  assert.deepEqual(sums.map(textOf), ['2', '3', '4'])
  if (structured) assert.deepEqual(sums[0]?.structuredContent, { sum: 2 })
  const reports: number[] = []
  const counted = await client.callTool('count', {}, { onProgress: ({ progress }) => reports.push(progress) })
  assert.equal(textOf(counted), 'counted')
  assert.deepEqual(reports, [1, 2, 3])
  assert.equal(textOf(await client.callTool('ask')), 'Ann')
  const wrong = await client.callTool('add', { a: 'x' }).catch((error) => error)
  assert.ok(wrong instanceof RpcError || wrong.isError === true, String(wrong))
  await client.ping()
}

for (const row of ROWS) {
  for (const revision of [undefined, ...row.others]) {
    const title = `${row.name}, ${revision ?? 'whatever it speaks'}: list, call, progress, elicit, refusal`
    test(title, { skip }, async (t) => {
      const server = await start(process.execPath, ['servers.mjs', row.name], /listening on (\S+)/, {
        cwd: home,
      })
      t.after(() => server.stop())
      const client = await connected(t, server.match[1] as string, { ...answers, revision })
      assert.equal(client.revision, revision ?? row.revision)
      await useAll(client, row)
    })
  }
}

async function freePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return String(port)
}

/** @param path - of its URL; the argument says how it listens */
async function everythingOver(t: TestContext, how: 'streamableHttp' | 'sse', path: string): Promise<string> {
  const port = await freePort()
  // It says on standard error that it listens.
  const saying = ['--import', 'data:text/javascript,console.error=console.log']
  const options = { cwd: home, env: { ...process.env, PORT: port } }
  const args = [...saying, everything, how]
  const server = await start(process.execPath, args, /(?:listening|running) on port/, options)
  t.after(() => server.stop())
  return `http://127.0.0.1:${port}${path}`
}

const TRANSPORTS: readonly (readonly [string, (t: TestContext) => Promise<ConnectTarget> | ConnectTarget])[] =
  [
    ['Streamable HTTP', (t) => everythingOver(t, 'streamableHttp', '/mcp')],
    ['HTTP+SSE', (t) => everythingOver(t, 'sse', '/sse')],
    ['stdio', () => stdio(process.execPath, [everything, 'stdio'], { stderr: 'ignore' })],
  ]

for (const [name, target] of TRANSPORTS) {
  test(`server-everything over ${name}: tools, progress, questions, resources, prompts, logs`, {
    skip,
  }, async (t) => {
    const logs: unknown[] = []
    await using client = await connect(await target(t), {
      ...answers,
      onSample: () => ({ role: 'assistant', content: { type: 'text', text: 'sampled' }, model: 'm' }),
      onRoots: () => [{ uri: 'file:///home' }],
      onLog: (message) => logs.push(message),
      logLevel: 'debug',
    })
    assert.equal(client.era, 'session')
    // It adds tools once it knows what its client can do.
    let names: readonly string[] = []
    while (!names.includes('trigger-elicitation-request')) {
      names = (await client.tools().toArray()).map((tool) => tool.name)
    }
    assert.equal(textOf(await client.callTool('echo', { message: 'ä' })), 'Echo: ä')
    const { structuredContent } = await client.callTool('get-structured-content', { location: 'Chicago' })
    assert.equal(typeof (structuredContent as { temperature?: unknown })?.temperature, 'number')
    const reports: number[] = []
    const onProgress = ({ progress }: { progress: number }) => reports.push(progress)
    await client.callTool('trigger-long-running-operation', { duration: 0.05, steps: 5 }, { onProgress })
    assert.deepEqual(reports, [1, 2, 3, 4, 5])
    const elicited = JSON.stringify((await client.callTool('trigger-elicitation-request')).content)
    assert.match(elicited, /Ann/)
    // A default of the form that the handler left out.
    assert.match(elicited, /It was a dark and stormy night/)
    const sampled = await client.callTool('trigger-sampling-request', { prompt: 'p', maxTokens: 5 })
    assert.match(JSON.stringify(sampled), /sampled/)
    const resources = await client.resources().toArray()
    assert.ok(resources.length > 0)
    const { contents } = await client.readResource(resources[0]?.uri ?? '')
    assert.ok(contents.length > 0)
    assert.ok((await client.resourceTemplates().toArray()).length > 0)
    const prompts = await client.prompts().toArray()
    const simple = prompts.find(({ arguments: args = [] }) => args.length === 0)
    assert.ok((await client.getPrompt(simple?.name ?? '')).messages.length > 0)
    await assert.rejects(client.readResource('nothing://here'), RpcError)
    await client.ping()
  })
}
