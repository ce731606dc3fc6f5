/**
 * A server that is replaced between two steps of a conversation, whichever these are: the caller notices nothing, or gets
 * one typed error, and goes on.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Changes, type Client, McpError, RpcError } from '../../src/client/index.ts'
import { type McpServer, serve } from '../../src/index.ts'
import { within } from '../helpers/within.ts'
import { offering } from './offering.ts'
import { connected } from './scripted-server.ts'

const STEPS: readonly (readonly [string, (client: Client) => Promise<unknown>])[] = [
  ['list', (client) => client.tools().toArray()],
  ['call', (client) => client.callTool('add', { a: 1, b: 2 })],
  ['call with progress', (client) => client.callTool('count', {}, { onProgress: () => {} })],
  ['question', (client) => client.callTool('ask')],
  ['read', (client) => client.readResource('note://1')],
  ['prompt', (client) => client.getPrompt('greet', { name: 'Ann' })],
  ['ping', (client) => client.ping()],
]

let count = 0

/** Changes the list of tools until the listener hears of it; there may be more than one gap before. */
async function hears(changes: Changes, server: McpServer, client: Client): Promise<void> {
  let isHeard = false
  const listening = (async () => {
    for (let kind: unknown; kind !== 'tools'; kind = (await changes.next()).value?.kind);
    isHeard = true
  })()
  while (!isHeard) {
    count += 1
    server.registerTool(`more${count}`, {}, () => 'x')
    await client.ping()
  }
  await listening
}

const isTyped = (error: unknown) => error instanceof McpError || error instanceof RpcError

for (const revision of ['2026-07-28', '2025-11-25'] as const) {
  for (const [at, [name]] of STEPS.entries()) {
    test(`${revision}: a server that is replaced before the step "${name}"`, async (t) => {
      let server: McpServer = offering()
      let running = await serve(server, { port: 0 })
      t.after(() => running.close({ drainMs: 0 }))
      const port = Number(new URL(running.url).port)
      const client = await connected(t, running.url, {
        revision,
        onElicit: () => ({ action: 'accept', content: { name: 'Ann' } }),
        onSample: () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }),
        onRoots: () => [],
        onError: () => {},
      })
      const changes = client.changes({ tools: true })
      await hears(changes, server, client)
      const first = changes.next()
      const failures: string[] = []
      for (const [step, [what, use]] of STEPS.entries()) {
        if (step === at) {
          await running.close({ drainMs: 0 })
          server = offering()
          running = await serve(server, { port })
        }
        try {
          await within(use(client), () => what)
        } catch (error) {
          assert.ok(isTyped(error), String(error))
          failures.push(what)
          await within(use(client), () => `${what}, once more`)
        }
      }
      assert.ok(failures.length === 0 || failures.join() === name, failures.join())
      // Whoever listens is told, and hears the new server.
      assert.deepEqual((await within(first, () => 'the gap')).value, { kind: 'gap' })
      await hears(changes, server, client)
      await changes.return()
    })
  }
}
