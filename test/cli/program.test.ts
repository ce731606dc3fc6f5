/** The command as a process: pipes that close, and logins with a query in the URL. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { event, response, result, scripted, stateless, stream } from '../client/scripted-server.ts'
import { makeFolder } from '../demo/folder.ts'
import { typescript } from '../helpers/typescript.ts'

const command = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url))

function barewire(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [...typescript, command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

test('nobody reads standard error: the result comes all the same', async (t) => {
  const log = {
    jsonrpc: '2.0',
    method: 'notifications/message',
    params: { level: 'info', data: 'x'.repeat(200_000) },
  }
  const server = await scripted(
    t,
    stateless((e) => {
      const reply = stream(e)
      for (let n = 0; n < 5; n++) reply.write(event(log))
      reply.end(event(response(e.message.id, { contents: [{ uri: 'a', text: 'the result' }] })))
    }),
  )
  const child = barewire(t, ['read', server.url, 'file:///a'])
  child.stderr.destroy()
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  assert.deepEqual(await once(child, 'close'), [0, null])
  assert.equal(stdout, 'the result')
})

test('whoever reads the result may stop: the command ends with 0', async (t) => {
  const contents = [{ uri: 'a', text: 'x'.repeat(8_000_000) }]
  const server = await scripted(
    t,
    stateless((e) => result(e, { contents })),
  )
  const child = barewire(t, ['read', server.url, 'file:///a'])
  await once(child.stdout, 'data')
  child.stdout.destroy()
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('a login holds for its URL with a query, too, and logout forgets it', async (t) => {
  const server = await scripted(
    t,
    stateless((e) => result(e, { contents: [{ uri: 'a', text: `${e.request.headers.authorization}` }] })),
  )
  const folder = await makeFolder(t, {})
  const file = join(folder, 'tokens.json')
  const tokens = { accessToken: 'stored', type: 'Bearer', issuer: server.origin, clientId: 'c' }
  await writeFile(file, JSON.stringify({ [`tokens ${server.url}`]: JSON.stringify(tokens) }))
  const read = async (url: string) => {
    const child = barewire(t, ['read', url, 'file:///a'], { BAREWIRE_TOKENS: file })
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    await once(child, 'close')
    return stdout
  }
  assert.equal(await read(`${server.url}?tenant=a`), 'Bearer stored')
  await once(barewire(t, ['logout', `${server.url}?tenant=a`], { BAREWIRE_TOKENS: file }), 'exit')
  assert.equal(await read(server.url), 'undefined')
})
