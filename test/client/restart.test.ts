/**
 * A server that is replaced between two steps of a conversation, whichever these are: the caller notices nothing, or gets
 * one typed error, and goes on.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Changes, type Client, McpError, RpcError } from '../../src/client/index.ts'
import { type McpServer, serve } from '../../src/index.ts'
import { endOfTurn, within } from '../helpers/within.ts'
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

/** Resolves when the listener hears of a change of this kind; others may come before. */
async function hearsOf(changes: Changes, kind: 'gap' | 'tools'): Promise<true> {
  for (;;) {
    const { done, value } = await changes.next()
    assert.ok(!done, `no ${kind} before the end`)
    if (value.kind === kind) return true
  }
}

/** Changes the list of tools until the listener hears of it. */
async function hears(changes: Changes, server: McpServer): Promise<void> {
  const listening = hearsOf(changes, 'tools')
  do {
    count += 1
    server.registerTool(`more${count}`, {}, () => 'x')
  } while (!(await Promise.race([listening, delay(20)])))
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
      await hears(changes, server)
      const gap = hearsOf(changes, 'gap')
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
          // By then fetch knows of each of its connections that it is closed.
          await endOfTurn()
          await within(use(client), () => `${what}, once more`)
        }
      }
      assert.ok(failures.length === 0 || failures.join() === name, failures.join())
      // Whoever listens is told, and hears the new server.
      await within(gap, () => 'the gap')
      await hears(changes, server)
      await changes.return()
    })
  }
}
