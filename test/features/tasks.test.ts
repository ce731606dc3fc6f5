/** Task tools as a definition sees them: what may be registered, what other clients get, what is declared; options. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMcpHandler, type HandlerOptions, type ToolConfig } from '../../src/index.ts'
import { checkOptions } from '../../src/options.ts'
import { define, open, revisions } from './offering.ts'

test('a tool is a task by true, required or on-demand, and by nothing else', () => {
  const { server } = define()
  for (const task of [false, 'true', 'optional', null, 1, {}]) {
    const config = { task } as unknown as ToolConfig
    assert.throws(() => server.registerTool('x', config, () => ''), {
      name: 'TypeError',
      message: `tool "x" task must be true, 'required' or 'on-demand'; got ${task instanceof Object ? 'an object' : JSON.stringify(task)}`,
    })
  }
  for (const task of [true, 'required', 'on-demand'] as const)
    server.registerTool(String(task), { task }, () => '')
})

for (const revision of revisions) {
  test(`a session waits for the plain result of a task tool, and is told in words what works only as a task, in ${revision}`, async (t) => {
    const { server, errors } = define()
    server.registerTool('slow', { task: true }, async (_args, ctx) => `${ctx.canStartTask}`)
    server.registerTool('late', { task: 'on-demand' }, async (_args, ctx) => `${await ctx.startTask()}`)
    server.registerTool('job', { task: 'required' }, () => 'never')
    const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
    const session = await open(t, server, { protocolVersion: revision, capabilities })
    assert.equal(session.initializeResult?.capabilities?.extensions, undefined)
    for (const name of ['slow', 'late']) {
      assert.deepEqual((await session.call(name)).result.content, [{ type: 'text', text: 'false' }])
    }
    const hasTasks = revision === '2025-11-25'
    const { result, error: refusal } = await session.call('job')
    if (hasTasks) assert.match(refusal.message, /works only as a task/)
    else assert.deepEqual([result.isError, /supports tasks/.test(result.content[0].text)], [true, true])
    for (const method of hasTasks ? ['tasks/update'] : ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const { error } = await session.request(method, { taskId: 'a' }, { check: false })
      assert.equal(error.code, -32_601)
    }
    assert.deepEqual(errors, [])
  })
}

test('the list of tools says nothing of tasks before 2025-11-25', async (t) => {
  const { server } = define()
  server.registerTool('slow', { task: true }, () => '')
  server.registerTool('plain', {}, () => '')
  const session = await open(t, server, { protocolVersion: '2025-06-18' })
  const [slow, plain] = (await session.request('tools/list')).result.tools
  assert.deepEqual({ ...slow, name: 'plain' }, plain)
})

test('the options of tasks have the documented defaults', () => {
  const { tasks } = checkOptions({})
  const store = { max: 10_000, maxPerPrincipal: 100, maxBytes: 64 * 1024 * 1024 }
  assert.deepEqual(tasks, { ttlMs: 3_600_000, pollIntervalMs: 1000, store })
})

test('a wrong option of tasks throws a TypeError that names it', () => {
  const { server } = define()
  const store = { create() {}, read() {}, update() {}, delete() {} }
  const wrong: readonly (readonly [name: string, tasks: unknown])[] = [
    ...[null, true, 5].map((tasks) => ['tasks', tasks] as const),
    ...[-1, 1.5, 2 ** 31, '5', Number.NaN, null].flatMap((value) => [
      ['tasks.ttlMs', { ttlMs: value }] as const,
      ['tasks.pollIntervalMs', { pollIntervalMs: value }] as const,
    ]),
    ...[0, -1, 1.5, '5', null].flatMap((value) =>
      ['max', 'maxPerPrincipal', 'maxBytes'].map((name) => [`tasks.${name}`, { [name]: value }] as const),
    ),
    ['tasks.ttl', { ttl: 5 }],
    ['tasks.store', { store: 'memory' }],
    ['tasks.store', { store: null }],
    ...['create', 'read', 'update', 'delete'].map(
      (method) => [`tasks.store.${method}`, { store: { ...store, [method]: undefined } }] as const,
    ),
    ...['max', 'maxPerPrincipal', 'maxBytes'].map((name) => [`tasks.${name}`, { store, [name]: 5 }] as const),
  ]
  for (const [name, tasks] of wrong) {
    const pattern = new RegExp(`(^|[ "])${name.replaceAll('.', '\\.')}\\b`)
    const options = { tasks } as unknown as HandlerOptions
    const isNamed = (error: unknown) => error instanceof TypeError && pattern.test(error.message)
    assert.throws(() => createMcpHandler(server, options), isNamed, JSON.stringify([name, tasks]))
  }
  const good = { tasks: { store, ttlMs: 0, pollIntervalMs: 5 } } as unknown as HandlerOptions
  createMcpHandler(server, good)
})
