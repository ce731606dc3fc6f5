/** Hooks whose answer nobody waits for: one that fails later is reported, and does not end the process. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer, serve, type ToolReturn } from '../../src/index.ts'
import { post, TestSession } from '../helpers/wire.ts'
import { eventually } from '../stateless-era/serving.ts'

type Hook = () => void

const then = (_resolve: unknown, reject: (error: Error) => void) => setImmediate(reject, new Error('hunter2'))

/** Hooks that fail after they have returned. Their types allow any function. */
const late: readonly (readonly [kind: string, hook: Hook])[] = [
  ['async function', (async () => Promise.reject(new Error('hunter2'))) as unknown as Hook],
  ['function that gives a minimal thenable', () => ({ then }) as unknown as undefined],
]

for (const [kind, hook] of late) {
  test(`hooks of a handler: an ${kind} that fails is reported`, async (t) => {
    const errors: [unknown, string][] = []
    const onError = (error: unknown, { phase }: { phase: string }) => void errors.push([error, phase])
    const server = new McpServer({ name: 's', version: '1' }, { onError })
    const hooks = { onSessionOpened: hook, onSessionClosed: hook, onRejected: hook }
    const { url, close } = await serve(server, { port: 0, ...hooks })
    t.after(() => close({ drainMs: 0 }))
    const session = await TestSession.open(url)
    await session.delete()
    assert.equal((await post(url, '{')).status, 400)
    await eventually(() => errors.length === 3, 'three reports')
    for (const [error, phase] of errors)
      assert.deepEqual([(error as Error).message, phase], ['hunter2', 'hook'])
  })

  test(`onError: an ${kind} that fails is printed`, async (t) => {
    const printed = t.mock.method(console, 'error', () => {})
    const server = new McpServer({ name: 's', version: '1' }, { onError: hook })
    server.registerTool('broken', {}, () => 5 as unknown as ToolReturn<undefined>)
    const { url, close } = await serve(server, { port: 0 })
    t.after(() => close({ drainMs: 0 }))
    const session = await TestSession.open(url)
    t.after(() => session.close())
    assert.equal((await session.call('broken')).error.code, -32603)
    await eventually(() => printed.mock.callCount() === 1, 'the failure of onError')
    assert.match(String(printed.mock.calls[0]?.arguments), /hunter2/)
  })
}
