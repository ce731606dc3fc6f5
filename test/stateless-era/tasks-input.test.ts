/** Questions of a task: asked with its state, answered with tasks/update; and questions from before there is a task. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputRequired, type McpServer } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { eventually, serving, textOf } from './serving.ts'
import { TaskClient, taskCapabilities } from './task-client.ts'

const form = (message: string) => ({
  message,
  requestedSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const,
})
const accept = (n: unknown) => ({ action: 'accept', content: { n } })

test('a question of a task waits in its state until it is answered, and the task goes on [tasks.get-input-required] [tasks.update-ack] [tasks.update-result-type]', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('ask', { task: true }, async (_args, ctx) =>
      JSON.stringify(await ctx.elicit('n', form('How many?'))),
    )
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('ask')
  const waiting = await client.until(taskId, 'input_required')
  const asked = { n: { method: 'elicitation/create', params: form('How many?') } }
  assert.deepEqual(waiting.inputRequests, asked)
  assert.deepEqual((await client.task(taskId)).inputRequests, asked)
  const { result } = await client.update(taskId, { n: accept(3) })
  assert.deepEqual(Object.keys(result).sort(), ['_meta', 'resultType'])
  assert.equal(result.resultType, 'complete')
  assert.equal(textOf(await client.until(taskId, 'completed')), JSON.stringify(accept(3)))
})

test('questions asked together are open together, and each is answered on its own, in any order [tasks.get-all-requests]', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('ask', { task: true }, async (_args, ctx) => {
      const params = { messages: [], maxTokens: 5 }
      const answers = [ctx.elicit('a', form('A')), ctx.sample('b', params), ctx.listRoots('c')]
      return JSON.stringify(await Promise.all(answers))
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('ask')
  const { inputRequests } = await client.until(taskId, 'input_required')
  const methods = Object.entries<WireJson>(inputRequests).map(([key, { method }]) => `${key} ${method}`)
  assert.deepEqual(methods, ['a elicitation/create', 'b sampling/createMessage', 'c roots/list'])
  const sampled = { role: 'assistant', model: 'm', content: { type: 'text', text: 'hi' } }
  await client.update(taskId, { b: sampled })
  assert.deepEqual(Object.keys((await client.until(taskId, 'input_required')).inputRequests), ['a', 'c'])
  await client.update(taskId, { c: { roots: [] }, a: { action: 'decline' } })
  const done = await client.until(taskId, 'completed')
  assert.equal(textOf(done), JSON.stringify([{ action: 'decline' }, sampled, []]))
})

test('answers to what is not open are ignored: unknown keys, keys answered before, keys of a task that is over [tasks.update-ignores]', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('ask', { task: true }, async (_args, ctx) => {
      const first = await ctx.elicit('first', form('1'))
      const second = await ctx.elicit('second', form('2'))
      return JSON.stringify([first, second])
    })
  }
  const { url, errors } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('ask')
  await client.until(taskId, 'input_required')
  const none = { second: accept(9), '': accept(9), constructor: accept(9), ['__proto__']: accept(9) }
  for (const answers of [{}, none]) {
    assert.equal((await client.update(taskId, answers)).error, undefined)
    assert.deepEqual(Object.keys((await client.task(taskId)).inputRequests), ['first'])
  }
  await client.update(taskId, { first: accept(1) })
  await client.update(taskId, { first: accept(8) })
  assert.deepEqual(Object.keys((await client.until(taskId, 'input_required')).inputRequests), ['second'])
  await client.update(taskId, { second: accept(2) })
  const done = await client.until(taskId, 'completed')
  assert.equal(textOf(done), JSON.stringify([accept(1), accept(2)]))
  const { error, result } = await client.update(taskId, { second: accept(7) })
  assert.deepEqual([error, result.resultType], [undefined, 'complete'])
  assert.deepEqual(await client.task(taskId), done)
  assert.deepEqual(errors, [])
})

test('an answer that is not usable is asked for again, under a key that was never used [tasks.key-unique] [tasks.key-not-reused] [tasks.key-one-request]', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('ask', { task: true }, async (_args, ctx) => {
      const taken = ctx.elicit('n#2', form('taken'))
      const first = await ctx.elicit('n', form('first'))
      const second = await ctx.elicit('n', form('second'))
      return JSON.stringify([first, second, await taken])
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('ask')
  const seen = new Map<string, string>()
  const look = async () => {
    const { inputRequests } = await client.until(taskId, 'input_required')
    for (const [key, { params }] of Object.entries<WireJson>(inputRequests)) {
      assert.equal(seen.get(key) ?? params.message, params.message, `${key} is another question now`)
      seen.set(key, params.message)
    }
    return Object.keys(inputRequests).find((key) => key !== 'n#2') ?? assert.fail('n is not asked')
  }
  const keys: string[] = []
  for (const answer of [
    'nonsense',
    { action: 'maybe' },
    accept('one'),
    { action: 'accept' },
    accept(1),
    accept(2),
  ]) {
    const key = await look()
    keys.push(key)
    await client.update(taskId, { [key]: answer }, { check: false })
  }
  assert.equal(new Set(keys).size, keys.length)
  assert.deepEqual(keys.slice(0, 2), ['n', 'n#3'])
  await client.update(taskId, { 'n#2': accept(3) })
  const done = await client.until(taskId, 'completed')
  assert.equal(textOf(done), JSON.stringify([accept(1), accept(2), accept(3)]))
})

test('a question is asked sixteen times at the most; then the handler learns that the answer is not usable', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('ask', { task: true }, async (_args, ctx) => {
      await ctx.elicit('n', form('N'))
      return 'never'
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('ask')
  let asked = 0
  for (let task = await client.task(taskId); task.status !== 'completed'; task = await client.task(taskId)) {
    if (task.status !== 'input_required') continue
    asked += 1
    const [key = ''] = Object.keys(task.inputRequests)
    await client.update(taskId, { [key]: accept('x') })
  }
  const done = await client.task(taskId)
  assert.deepEqual([asked, done.result.isError], [16, true])
  assert.match(textOf(done), /is not usable: expected content as requested/)
})

test('what is asked before the task is asked in rounds, and the task is created with the answer [tasks.rounds-first]', async (t) => {
  let runs = 0
  const setup = (server: McpServer) => {
    server.registerTool('late', { task: 'on-demand' }, async (_args, ctx) => {
      runs += 1
      const name = await ctx.elicit('name', form('Which?'))
      await ctx.startTask()
      const sure = await ctx.elicit('sure', form('Sure?'))
      return JSON.stringify([name, sure, ctx.requestState, ctx.inputResponses])
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const first = await client.call('late')
  assert.deepEqual([first.result.resultType, first.result.taskId], ['input_required', undefined])
  const answers = { name: accept(1) }
  const { result, rounds } = await client.call('late', {}, { answers })
  assert.deepEqual([rounds.length, result.resultType, runs], [1, 'task', 3])
  const { inputRequests } = await client.until(result.taskId, 'input_required')
  assert.deepEqual(Object.keys(inputRequests), ['sure'])
  await client.update(result.taskId, { sure: accept(2) })
  const done = await client.until(result.taskId, 'completed')
  assert.equal(textOf(done), JSON.stringify([accept(1), accept(2), undefined, answers]))
})

test('a call that waits for answers cannot become a task meanwhile: the round ends, and nothing is created', async (t) => {
  const failures: unknown[] = []
  const setup = (server: McpServer) => {
    server.registerTool('early', { task: 'on-demand' }, async (_args, ctx) => {
      const asked = ctx.elicit('n', form('N'))
      await ctx.startTask().catch((error) => failures.push(error.code))
      await asked.catch(() => {})
      await ctx.startTask().catch((error) => failures.push(error.code))
      return 'left behind'
    })
  }
  const { url } = await serving(t, { setup })
  const { result } = await new TaskClient(url).call('early')
  assert.deepEqual([result.resultType, Object.keys(result.inputRequests)], ['input_required', ['n']])
  await eventually(() => failures.length === 2, 'the run that was left behind')
  assert.deepEqual(failures, ['ERR_INPUT_REQUIRED', 'ERR_INPUT_REQUIRED'])
})

test('a handler that returns inputRequired is served by its task, which runs it again with the answers', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('rounds', { task: true }, (_args, ctx) => {
      const { round = 0 } = (ctx.requestState ?? {}) as { round?: number }
      if (round === 2) return JSON.stringify(ctx.inputResponses)
      const request = { method: 'elicitation/create' as const, params: form(`round ${round}`) }
      return inputRequired({ inputRequests: { n: request }, state: { round: round + 1 } })
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('rounds')
  for (const [round, key] of ['n', 'n#2'].entries()) {
    const { inputRequests } = await client.until(taskId, 'input_required')
    assert.equal(inputRequests[key].params.message, `round ${round}`)
    await client.update(taskId, { [key]: accept(round) })
  }
  assert.equal(textOf(await client.until(taskId, 'completed')), JSON.stringify({ n: accept(1) }))
})

test('ctx.once, the capabilities of the call and what it knows of its request hold in a task', async (t) => {
  let done = 0
  const setup = (server: McpServer) => {
    server.registerTool('know', { task: true }, async (_args, ctx) => {
      const once = async () => {
        done += 1
        return done
      }
      const both = [await ctx.once('k', once), await ctx.once('k', once)]
      const { requestId, client, protocolVersion, headers, meta } = ctx
      return JSON.stringify([both, requestId, client.name, protocolVersion, headers['x-own'], meta['own']])
    })
    server.registerTool('sample', { task: true }, async (_args, ctx) => {
      await ctx.sample('s', { messages: [], maxTokens: 1 })
      return 'never'
    })
  }
  const { url } = await serving(t, { setup })
  const { sampling: _, ...capabilities } = taskCapabilities
  const client = new TaskClient(url, { capabilities, headers: { 'x-own': 'h' } })
  const taskId = await client.begin('know', {}, { id: 'call', meta: { own: 'm' } })
  const known = [[1, 1], 'call', 'barewire-test', '2026-07-28', 'h', 'm']
  assert.equal(textOf(await client.until(taskId, 'completed')), JSON.stringify(known))
  const failed = await client.until(await client.begin('sample'), 'failed')
  assert.equal(failed.error.code, -32_021)
})

test('two open questions with one key are a mistake of the handler', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('twice', { task: true }, async (_args, ctx) => {
      const first = ctx.elicit('n', form('N'))
      const code = await ctx.elicit('n', form('N')).catch((error) => error.code)
      await first
      return code
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('twice')
  const { inputRequests } = await client.until(taskId, 'input_required')
  assert.deepEqual(Object.keys(inputRequests), ['n'])
  await client.update(taskId, { n: accept(1) })
  assert.equal(textOf(await client.until(taskId, 'completed')), 'ERR_DUPLICATE_KEY')
})

test('a question with a time limit of its own is withdrawn when nobody answers', async (t) => {
  const setup = (server: McpServer) => {
    server.registerTool('ask', { task: true }, async (_args, ctx) =>
      ctx.elicit('n', form('N'), { timeoutMs: 1000 }).then(
        () => 'answered',
        (error) => error.code,
      ),
    )
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const taskId = await client.begin('ask')
  await client.until(taskId, 'input_required')
  t.mock.timers.tick(999)
  assert.equal((await client.task(taskId)).status, 'input_required')
  t.mock.timers.tick(1)
  assert.equal(textOf(await client.until(taskId, 'completed')), 'ERR_REQUEST_TIMEOUT')
})

test('many questions asked together are written down once, not again for each', async (t) => {
  const COUNT = 1000
  let written = 0
  const setup = (server: McpServer) => {
    server.registerTool('ask', { task: true }, async (_args, ctx) => {
      await ctx.elicit('ready', form('Ready?'))
      const stringify = t.mock.method(JSON, 'stringify')
      const keys = Array.from({ length: COUNT }, (_, index) => `question ${index}`)
      const answers = keys.map((key) => ctx.elicit(key, form(key)))
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      written = stringify.mock.callCount()
      stringify.mock.restore()
      return `${(await Promise.all(answers)).length} answers`
    })
  }
  const { url } = await serving(t, { setup })
  const client = new TaskClient(url)
  const taskId = await client.begin('ask')
  await client.until(taskId, 'input_required')
  await client.update(taskId, { ready: accept(1) })
  await eventually(() => written > 0, 'the questions to be asked')
  const { inputRequests } = await client.until(taskId, 'input_required')
  assert.equal(Object.keys(inputRequests).length, COUNT)
  assert.ok(written < 20 * COUNT, `${written} values were written as JSON`)
  const given = Object.fromEntries(Object.keys(inputRequests).map((key) => [key, accept(1)]))
  await client.update(taskId, given)
  assert.equal(textOf(await client.until(taskId, 'completed')), `${COUNT} answers`)
})
