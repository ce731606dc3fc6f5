/** `ctx.once` when a round is repeated: by a client whose answer was lost, or by one that replays what it has seen. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputRequired, type McpServer } from '../../src/index.ts'
import { retryOf } from '../helpers/stateless-client.ts'
import { serving, textOf } from './serving.ts'
import { TaskClient } from './task-client.ts'

const requestedSchema = { type: 'object', properties: {} } as const
const accept = { action: 'accept', content: {} }

/** A tool that asks, deploys, asks again and cleans up; and one that drives its rounds itself. */
function define(server: McpServer) {
  const done: string[] = []
  let release = () => {}
  const gate = { wait: undefined as Promise<void> | undefined, open: () => release() }
  server.registerTool('deploy', {}, async (_args, ctx) => {
    await ctx.elicit('first', { message: 'Deploy?', requestedSchema })
    const at = await ctx.once('deploy', async () => {
      await gate.wait
      return `deployed ${done.push('deploy')}`
    })
    await ctx.elicit('second', { message: 'Clean up?', requestedSchema })
    return `${at}, ${await ctx.once('clean', () => `cleaned ${done.push('clean')}`)}`
  })
  server.registerTool('driven', {}, async (_args, ctx) => {
    if (ctx.requestState === undefined) return inputRequired({ inputRequests: {}, state: 'asked' })
    return await ctx.once('work', () => `done ${done.push('work')}`)
  })
  server.registerTool('fails', {}, async (_args, ctx) => {
    await ctx.elicit('first', { message: 'm', requestedSchema })
    return await ctx.once('work', () => {
      if (done.push('try') === 1) throw new Error('not this time')
      return 'worked'
    })
  })
  server.registerTool('two questions', {}, async (_args, ctx) => {
    await ctx.elicit('first', { message: 'm', requestedSchema })
    await ctx.elicit('second', { message: 'm', requestedSchema })
    return await ctx.once('work', () => `done ${done.push('work')}`)
  })
  const hold = () => {
    gate.wait = new Promise<void>((resolve) => {
      release = resolve
    })
  }
  return { done, hold, open: gate.open }
}

async function setup(t: Parameters<typeof serving>[0]) {
  let defined: ReturnType<typeof define> | undefined
  const { client } = await serving(t, {
    setup: (server) => {
      defined = define(server)
    },
  })
  assert.ok(defined !== undefined)
  const retry = (params: object) => client().request('tools/call', params, { check: false })
  const first = async (name: string) => (await client().request('tools/call', { name, arguments: {} })).result
  return { ...defined, retry, first }
}

test('a round that is presented again does nothing twice and gets the same results, in any round [stateless.state-single-use]', async (t) => {
  const { done, retry, first } = await setup(t)
  const second = { name: 'deploy', arguments: {}, ...retryOf(await first('deploy'), { first: accept }) }
  const rounds = [await retry(second), await retry(second)]
  assert.deepEqual(done, ['deploy'])
  // Each repetition has a state of its own, and they are all the same call.
  for (const { result } of rounds) {
    const third = { name: 'deploy', arguments: {}, ...retryOf(result, { second: accept }) }
    for (let i = 0; i < 2; i++) assert.equal(textOf(await retry(third)), 'deployed 1, cleaned 2')
  }
  assert.deepEqual(done, ['deploy', 'clean'])
})

test('a round that is presented again while it runs waits for the same result', async (t) => {
  const { done, retry, first, hold, open } = await setup(t)
  const second = { name: 'deploy', arguments: {}, ...retryOf(await first('deploy'), { first: accept }) }
  hold()
  const rounds = [retry(second), retry(second), retry(second)]
  await new Promise((resolve) => setTimeout(resolve, 20))
  open()
  for (const { result } of await Promise.all(rounds)) assert.equal(result.resultType, 'input_required')
  assert.deepEqual(done, ['deploy'])
})

test('a handler that drives its rounds itself does nothing twice either', async (t) => {
  const { done, retry, first } = await setup(t)
  const params = { name: 'driven', arguments: {}, ...retryOf(await first('driven'), {}) }
  for (let i = 0; i < 3; i++) assert.equal(textOf(await retry(params)), 'done 1')
  assert.deepEqual(done, ['work'])
})

test('what failed was not done, and is done when the round is presented again', async (t) => {
  const { done, retry, first } = await setup(t)
  const params = { name: 'fails', arguments: {}, ...retryOf(await first('fails'), { first: accept }) }
  assert.equal((await retry(params)).result.isError, true)
  for (let i = 0; i < 2; i++) assert.equal(textOf(await retry(params)), 'worked')
  assert.deepEqual(done, ['try', 'try'])
})

test('a call that is made again from its first round is another call', async (t) => {
  const { done, retry, first } = await setup(t)
  for (const text of ['done 1', 'done 2']) {
    const params = { name: 'driven', arguments: {}, ...retryOf(await first('driven'), {}) }
    assert.equal(textOf(await retry(params)), text)
  }
  assert.deepEqual(done, ['work', 'work'])
})

test('a state that another one of the same call was made of does nothing again, also when it lives longer', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const { done, retry, first } = await setup(t)
  const name = 'two questions'
  const minutes = (n: number) => t.mock.timers.setTime(1_000_000 + n * 60_000)
  const second = { name, arguments: {}, ...retryOf(await first(name), { first: accept }) }
  const third = async () => ({
    name,
    arguments: {},
    ...retryOf((await retry(second)).result, { second: accept }),
  })
  assert.equal(textOf(await retry(await third())), 'done 1')
  // States live for 15 minutes. This one was not there when the work was done, and is when all others are gone.
  minutes(14)
  const later = await third()
  minutes(20)
  assert.equal(textOf(await retry(later)), 'done 1')
  assert.deepEqual(done, ['work'])
})

test('a round that takes longer than its state lives does nothing that another one has done meanwhile', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const done: string[] = []
  let isFirst = true
  const { client, server, held } = await serving(t)
  server.registerTool('slow', {}, async (_args, ctx) => {
    await ctx.elicit('first', { message: 'm', requestedSchema })
    const waits = isFirst
    isFirst = false
    if (waits) await held.run({}, ctx)
    return await ctx.once('work', () => `done ${done.push('work')}`)
  })
  const { result } = await client().request('tools/call', { name: 'slow', arguments: {} })
  const params = { name: 'slow', arguments: {}, ...retryOf(result, { first: accept }) }
  const slow = client().request('tools/call', params)
  const call = await held.next()
  assert.equal(textOf(await client().request('tools/call', params)), 'done 1')
  t.mock.timers.setTime(1_000_000 + 3_600_000)
  // Something else is used meanwhile, so that the memory sees how late it is.
  const other = await client().request('tools/call', { name: 'slow', arguments: {} })
  await client().request('tools/call', { ...params, ...retryOf(other.result, { first: accept }) })
  call.finish('')
  const { error } = await slow
  assert.deepEqual([error.code, /was used before/.test(error.message)], [-32602, true])
  assert.deepEqual(done, ['work', 'work'])
})

test('a state that starts two tasks makes them do what goes into once one time', async (t) => {
  const done: string[] = []
  const { url, server } = await serving(t)
  server.registerTool('build', { task: 'on-demand' }, async (_args, ctx) => {
    await ctx.elicit('first', { message: 'm', requestedSchema })
    await ctx.startTask()
    return await ctx.once('work', () => `done ${done.push('work')}`)
  })
  const client = new TaskClient(url)
  const { result } = await client.call('build')
  const params = { name: 'build', arguments: {}, ...retryOf(result, { first: accept }) }
  for (const _ of [1, 2]) {
    const { taskId } = (await client.request('tools/call', params)).result
    assert.equal(textOf(await client.until(taskId, 'completed')), 'done 1')
  }
  assert.deepEqual(done, ['work'])
})
