/** Results that middleware, extensions and tasks give in a wrong shape: they do not reach a client either. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type McpServer, type Middleware, serve } from '../../src/index.ts'
import { define } from '../features/offering.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { TestSession, type WireJson } from '../helpers/wire.ts'
import { serving } from '../stateless-era/serving.ts'
import { asking, eras } from './asking.ts'
import { expectProblem, never, type Row } from './problem.ts'

const said = { type: 'text', text: 'fine' } as const

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    test('what middleware makes of a result is checked, of every method', async (t) => {
      const rows: readonly (readonly [
        method: string,
        params: object,
        made: (result: WireJson) => unknown,
        RegExp,
        name?: string,
      ])[] = [
        [
          'tools/call',
          { name: 'fine' },
          () => undefined,
          /: the result must be an object with content; got undefined \(did it return next\(\)\?\)$/,
          'fine',
        ],
        [
          'tools/call',
          { name: 'fine' },
          () => ({ content: 'x' }),
          /: content must be an array of content blocks; got "x"$/,
          'fine',
        ],
        [
          'tools/list',
          {},
          ({ tools }) => ({ tools: [...tools, { name: 'half' }] }),
          /: tools\[1\]\.inputSchema must be an object schema; got undefined$/,
        ],
        [
          'tools/list',
          {},
          ({ tools }) => ({ tools, nextCursor: 5 }),
          /: nextCursor must be a string; got the number 5$/,
        ],
        [
          'prompts/list',
          {},
          () => ({ prompts: [{ title: 'x' }] }),
          /: prompts\[0\]\.name must be a string; got undefined$/,
        ],
        [
          'prompts/get',
          { name: 'p' },
          ({ messages }) => messages,
          /: the result must be an object with messages; got an array$/,
          'p',
        ],
        [
          'resources/list',
          {},
          () => ({ resources: [{ uri: 'a:b' }] }),
          /: resources\[0\]\.name must be a string/,
        ],
        [
          'resources/templates/list',
          {},
          () => ({ resourceTemplates: [{ name: 'x' }] }),
          /: resourceTemplates\[0\]\.uriTemplate must be a string/,
        ],
        [
          'resources/read',
          { uri: 'memo://r' },
          () => 'x',
          /: the result must be an object with contents; got "x"$/,
          'memo://r',
        ],
        [
          'completion/complete',
          { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'x', value: '' } },
          () => ({ completion: [] }),
          /: completion must be an object with values; got an array$/,
          'p',
        ],
      ]
      for (const [method, params, made, problem, name] of rows) {
        const asked = await asking(t, era)
        offer(asked.server)
        const middleware: Middleware = async (ctx, next) => {
          const result = await next()
          return ctx.method === method ? made(result) : result
        }
        asked.server.use(middleware)
        const under = new RegExp(`^middleware, ${method}${problem.source}`)
        await expectProblem(asked, [method, params], under, name)
      }
    })

    test('results of every method pass unchanged through middleware that only looks', async (t) => {
      const [plain, watched] = [await asking(t, era), await asking(t, era)]
      for (const { server } of [plain, watched]) offer(server)
      watched.server.use((_ctx, next) => next())
      for (const [method, params] of [
        ['tools/list', {}],
        ['tools/call', { name: 'fine' }],
        ['prompts/list', {}],
        ['prompts/get', { name: 'p' }],
        ['resources/list', {}],
        ['resources/templates/list', {}],
        ['resources/read', { uri: 'memo://r' }],
        [
          'completion/complete',
          { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'x', value: '' } },
        ],
      ] as const) {
        const [expected, got] = [
          await plain.request(method, params, never),
          await watched.request(method, params, never),
        ]
        assert.notEqual(got.result, undefined, method)
        assert.deepEqual(got.result, expected.result, method)
      }
      assert.deepEqual([plain.errors, watched.errors], [[], []])
    })
  })
}

test('middleware that returns nothing, or what is no result, is reported for every method of both eras', async (t) => {
  const forms: readonly Middleware[] = [
    (async (_ctx: unknown, next: () => unknown) => {
      await next()
    }) as unknown as Middleware,
    (async () => {}) as unknown as Middleware,
    () => null as never,
    () => 'x' as never,
  ]
  const handshake = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'c', version: '1' },
  }
  for (const form of forms) {
    const { server, errors } = define({ logging: true })
    offer(server)
    server.registerTool('job', { task: true }, () => 'x')
    let isOn = false
    server.use((ctx, next) => (isOn ? form(ctx, next) : next()))
    const serving = await serve(server, { port: 0 })
    t.after(() => serving.close({ drainMs: 0 }))
    const session = await TestSession.open(serving.url, {})
    t.after(() => session.close())
    isOn = true
    const stateless = new StatelessClient(serving.url, {})
    const answers: readonly (readonly [string, () => Promise<WireJson>])[] = [
      ['initialize', () => session.request('initialize', handshake)],
      ['ping', () => session.request('ping', {})],
      ['logging/setLevel', () => session.request('logging/setLevel', { level: 'info' })],
      ['tasks/get', () => session.request('tasks/get', { taskId: 'x' })],
      ['tasks/list', () => session.request('tasks/list', {})],
      ['tasks/result', () => session.request('tasks/result', { taskId: 'x' })],
      ['tasks/cancel', () => session.request('tasks/cancel', { taskId: 'x' })],
      ['resources/subscribe', () => session.request('resources/subscribe', { uri: 'memo://r' })],
      ['resources/unsubscribe', () => session.request('resources/unsubscribe', { uri: 'memo://r' })],
      ['server/discover', () => stateless.request('server/discover', {}, { check: 'none' })],
      ['x/own', () => stateless.request('x/own', {}, { check: 'none' })],
    ]
    for (const [method, ask] of answers) {
      const count = errors.length
      const { error, result } = await ask()
      assert.equal(result, undefined, method)
      const isOfNext = form === forms[0] && method.startsWith('tasks/')
      if (isOfNext) continue
      assert.equal(error.code, -32603, method)
      assert.equal(errors.length, count + 1, method)
      const message = String(errors[count]?.error).replace(/^\w+: /, '')
      assert.ok(message.startsWith(`middleware, ${method}: the result must be an object`), message)
      assert.equal(
        message.endsWith('got undefined (did it return next()?)'),
        form === forms[0] || form === forms[1],
        message,
      )
    }
  }
})

test('middleware that makes a result without its required members is reported', async (t) => {
  const { client, server, errors } = await serving(t)
  let made: object = {}
  server.use(() => made as never)
  const rows: readonly (readonly [string, object, RegExp])[] = [
    [
      'server/discover',
      {},
      /^middleware, server\/discover: supportedVersions must be an array of strings; got undefined$/,
    ],
    [
      'server/discover',
      { supportedVersions: ['2026-07-28'] },
      /: capabilities must be an object; got undefined$/,
    ],
  ]
  for (const [method, result, problem] of rows) {
    made = result
    const { error } = await client().request(method, {}, { check: 'none' })
    assert.equal(error.code, -32603)
    assert.match(String(errors.at(-1)?.error).replace(/^\w+: /, ''), problem)
  }
})

test('an extension that returns nothing has an empty result, behind middleware too', async (t) => {
  const { client, server, errors } = await serving(t)
  const nothing = (() => {}) as unknown as () => object
  server.registerExtension('com.example/x', { methods: { 'x/nothing': nothing } })
  server.use((_ctx, next) => next())
  const { result } = await client().request('x/nothing', {}, { check: 'none' })
  assert.deepEqual([result.resultType, errors], ['complete', []])
})

/** One of everything, all of it right. */
function offer(server: McpServer): void {
  server.registerTool('fine', {}, () => said)
  const argsSchema = { type: 'object', properties: { x: { type: 'string' } } } as const
  server.registerPrompt('p', { argsSchema, complete: { x: () => ['a'] } }, () => 'x')
  server.registerResource('r', 'memo://r', { size: 3, subscribe: true }, () => 'x')
  server.registerExtension('com.example/own', { methods: { 'x/own': () => ({}) } })
  server.registerResourceTemplate(
    't',
    'note://{id}',
    { list: () => [{ uri: 'note://1', name: 'one' }] },
    () => '',
  )
}

test('what the method of an extension gives is checked: an object, and the members that the protocol knows', async (t) => {
  const rows: readonly Row[] = [
    [[1], /: the result must be an object; got an array$/],
    ['x', /: the result must be an object; got "x"$/],
    [null, /: the result must be an object; got null$/],
    [{ _meta: 'x' }, /: _meta must be an object; got "x"$/],
    [{ resultType: 5 }, /: resultType must be a string; got the number 5$/],
    [{ ttlMs: '5' }, /: ttlMs must be 0 or a positive integer; got "5"$/],
    [{ cacheScope: 'all' }, /: cacheScope must be public or private; got "all"$/],
  ]
  const { client, server, errors } = await serving(t)
  const methods = Object.fromEntries(rows.map(([given], index) => [`x/m${index}`, () => given]))
  const nothing = (() => {}) as unknown as () => object
  server.registerExtension('com.example/x', {
    methods: { ...methods, 'x/nothing': nothing, 'x/own': () => ({ resultType: 'x.partial' }) },
  })
  for (const [index, [, problem]] of rows.entries()) {
    const { status, error } = await client().request(`x/m${index}`, {}, { check: 'none' })
    assert.deepEqual([status, error.code], [200, -32603])
    assert.match(String(errors.at(-1)?.error), problem)
    assert.equal(errors.length, index + 1)
  }
  const sent = async (method: string) =>
    (await client().request(method, {}, { check: 'none' })).result.resultType
  assert.deepEqual([await sent('x/nothing'), await sent('x/own')], ['complete', 'x.partial'])
})

test('a task whose result is malformed has failed, and says nothing of the cause', async (t) => {
  const { client, server, errors } = await serving(t)
  server.registerTool('job', { task: true }, () => ({ content: 'note body' }) as unknown as string)
  const extension = { 'io.modelcontextprotocol/tasks': {} }
  const knows = client({ capabilities: { extensions: extension } })
  const { result } = await knows.call('job', {}, { check: 'none' })
  const headers = { 'mcp-name': result.taskId }
  const options = { headers, check: 'none' } as const
  let state: WireJson
  do state = (await knows.request('tasks/get', { taskId: result.taskId }, options)).result
  while (state.status === 'working')
  assert.equal(state.status, 'failed')
  assert.equal(state.error.code, -32603)
  assert.match(state.error.message, /^Internal error \(reference [0-9a-f-]{36}\)$/)
  assert.match(String(errors[0]?.error), /tool "job": content must be an array/)
})
