/** Progress and log messages of a wrong type: not sent, reported, and nothing breaks. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { define, join, start } from '../features/offering.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import type { WireJson } from '../helpers/wire.ts'

const progress: readonly (readonly [args: WireJson[], problem: RegExp])[] = [
  [['1'], /^progress: progress must be a number; got "1"$/],
  [[], /^progress: progress must be a number; got undefined$/],
  [[1, '2'], /^progress: total must be a number; got "2"$/],
  [[1, 2, { text: 'x' }], /^progress: message must be a string; got an object$/],
  [[1, undefined, null], /^progress: message must be a string; got null$/],
]

const logged: readonly (readonly [args: WireJson[], problem: RegExp])[] = [
  [[() => 'x'], /^log: data must be a JSON value; got a function$/],
  [[Symbol('x')], /^log: data must be a JSON value; got a symbol$/],
  [['x', 5], /^log: logger must be a string; got the number 5$/],
]

test('progress and log messages with values of a wrong type are not sent, are reported, and break nothing [logging.fields-validated]', async (t) => {
  const { server, errors } = define({ logging: 'debug' })
  server.registerTool('speak', {}, (_args, ctx) => {
    const send = ctx.progress as (...args: WireJson[]) => void
    for (const [args] of progress) send(...args)
    for (const [args] of logged) ctx.log.info(...(args as [unknown]))
    send(1, undefined, undefined)
    ctx.log.info('fine', undefined)
    return 'done'
  })
  const url = await start(t, server)
  const session = await join(t, url)
  const stateless = new StatelessClient(url, { logLevel: 'debug' })
  const meta = { progressToken: 'p' }
  for (const call of [
    () => session.call('speak', {}, { meta }),
    () => stateless.call('speak', {}, { meta }),
  ]) {
    errors.length = 0
    const { messages, result } = await call()
    const sent = messages.slice(0, -1).map(({ params }) => params.data ?? params.progress)
    assert.deepEqual([sent, result.content[0].text], [[1, 'fine'], 'done'])
    const problems = [...progress, ...logged]
    assert.equal(errors.length, problems.length)
    for (const [index, [, problem]] of problems.entries()) {
      const { error, info } = errors[index] ?? {}
      assert.match(error.message, problem)
      assert.deepEqual([info?.phase, info?.method], ['output', 'tools/call'])
    }
  }
})

test('a completion of an elicitation that has no id is reported and not sent', async (t) => {
  const { server, errors } = define()
  server.registerTool('complete', {}, (_args, { elicitationComplete }) => {
    elicitationComplete(undefined as unknown as string)
    return 'done'
  })
  const session = await join(t, await start(t, server), { capabilities: { elicitation: { url: {} } } })
  const { messages } = await session.call('complete')
  assert.equal(messages.length, 1)
  assert.match(
    errors[0]?.error.message,
    /^elicitationComplete: the argument must be a string; got undefined$/,
  )
})
