/** Extensions of the protocol: what is refused when one is registered, and how it is announced and answered. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ErrorCode,
  type ExtensionConfig,
  McpServer,
  MissingCapabilityError,
  RpcError,
} from '../../src/index.ts'
import { checkMessage } from '../helpers/schema-check.ts'
import type { StatelessRequestOptions } from '../helpers/stateless-client.ts'
import { within } from '../helpers/wire.ts'
import { serving } from '../stateless-era/serving.ts'
import { join } from './offering.ts'

const ID = 'com.example/notes'
const NOT_FOUND = [404, ErrorCode.METHOD_NOT_FOUND]

/** The published schema knows no method of an extension. */
const unchecked: StatelessRequestOptions = { check: 'none' }

const define = (id: string, config?: ExtensionConfig) => {
  const server = new McpServer({ name: 's', version: '1' })
  server.registerExtension(id, config)
  return server
}

describe('registerExtension', () => {
  for (const id of ['com.example/notes', 'a/b', 'io.x-y9.z/N.o_t-e-s2', 'com.example/']) {
    test(`takes the id ${id}`, () => {
      assert.deepEqual([...define(id).extensions.settings], [[id, {}]])
    })
  }

  const malformed = ['notes', '/notes', '', '9a.b/notes', 'a-.b/notes', 'a..b/notes', 'com.example/-x']
  const foreign = ['com.example/a/b', 'com.example/x_', 'com_example/x', 'com.example/é', 'com.example/x\n']
  for (const id of [...malformed, ...foreign]) {
    test(`refuses the id ${JSON.stringify(id)}`, () => {
      assert.throws(
        () => define(id),
        (error: TypeError) => error instanceof TypeError && error.message.includes(JSON.stringify(id)),
      )
    })
  }

  const method = () => ({})
  const circular: { [key: string]: unknown } = {}
  circular['self'] = circular
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['an unknown option', { method: {} }, /com\.example\/notes.*no option "method"/],
    ['a method of both eras', { methods: { 'tools/list': method } }, /"tools\/list" is one of the core/],
    ['a method of sessions', { methods: { initialize: method } }, /"initialize" is one of the core/],
    ['a method of tasks', { methods: { 'tasks/get': method } }, /"tasks\/get" is one of the core/],
    ['a method of clients', { methods: { 'roots/list': method } }, /"roots\/list" is one of the core/],
    ['a notification', { methods: { 'notifications/x': method } }, /"notifications\/x" must .*not begin/],
    ['a reserved method', { methods: { 'rpc.x': method } }, /"rpc\.x" must .*not begin/],
    [
      'a method that no header can hold',
      { methods: { 'notes/läs': method } },
      /"notes\/läs" must be visible/,
    ],
    ['a method with no name', { methods: { '': method } }, /method "" must be visible/],
    ['a method that is no function', { methods: { 'notes/list': {} } }, /"notes\/list" must be a function/],
    [
      'a hint for no method',
      { cache: { 'notes/list': {} } },
      /cache names "notes\/list".*none of its methods/,
    ],
    ['a parameter for no method', { namedBy: { 'notes/get': 'id' } }, /namedBy names "notes\/get"/],
    [
      'a wrong hint',
      { methods: { 'notes/list': method }, cache: { 'notes/list': { ttlMs: -1 } } },
      /cache\["notes\/list"\]\.ttlMs.*got -1/,
    ],
    [
      'a parameter that is no name',
      { methods: { 'notes/get': method }, namedBy: { 'notes/get': 1 } },
      /namedBy\["notes\/get"\] must name a parameter; got the number 1/,
    ],
    [
      'a notification of another name',
      { notifications: { 'notes/changed': 'notesChanged' } },
      /notification "notes\/changed" must begin with "notifications\/"/,
    ],
    [
      'a notification of the core',
      { notifications: { 'notifications/message': 'messages' } },
      /"notifications\/message" is one of the core protocol/,
    ],
    [
      'a filter member of the core',
      { notifications: { 'notifications/notes/changed': 'toolsListChanged' } },
      /a filter member of its own, such as "notesChanged"; got "toolsListChanged"/,
    ],
    [
      'a filter member that is no name',
      { notifications: { 'notifications/notes/changed': 7 } },
      /needs a filter member of its own.*got number/,
    ],
    ['settings that are an array', { settings: [] }, /settings must be an object/],
    [
      'settings that JSON cannot hold',
      { settings: circular },
      /settings must be an object that JSON can hold/,
    ],
  ]
  for (const [what, config, message] of wrong) {
    test(`refuses ${what}`, () => {
      assert.throws(() => define(ID, config as ExtensionConfig), { name: 'TypeError', message })
    })
  }

  test('refuses an id that is there already, that of tasks, and a method of another extension, and adds nothing', () => {
    const server = define(ID, { methods: { 'notes/list': method } })
    assert.throws(() => server.registerExtension(ID), /"com\.example\/notes" is registered already/)
    assert.throws(() => server.registerExtension('io.modelcontextprotocol/tasks'), /served by itself/)
    const methods = { 'other/list': method, 'notes/list': method }
    assert.throws(
      () => server.registerExtension('com.example/other', { methods }),
      /"com\.example\/other" method "notes\/list" is one of another extension/,
    )
    assert.deepEqual([...server.extensions.settings.keys()], [ID])
    assert.deepEqual([...server.extensions.methods.keys()], ['notes/list'])
  })
})

test('discovery announces an extension with the settings that it was registered with, and initialize does not', async (t) => {
  const { client, server, url } = await serving(t)
  const announced = async () => (await client().request('server/discover')).result.capabilities.extensions
  assert.equal(await announced(), undefined)
  const settings = { depth: 2, nested: { list: ['a'] } }
  server.registerExtension(ID, { settings })
  settings.nested.list.push('b')
  server.registerExtension('com.example/bare')
  const expected = { [ID]: { depth: 2, nested: { list: ['a'] } }, 'com.example/bare': {} }
  assert.deepEqual(await announced(), expected)
  server.registerTool('job', { task: true }, () => '')
  assert.deepEqual(await announced(), { 'io.modelcontextprotocol/tasks': {}, ...expected })

  const session = await join(t, url)
  assert.deepEqual(Object.keys(session.initializeResult.capabilities), ['tools', 'tasks'])
})

test('a method of an extension is answered once it is registered, in the stateless era alone', async (t) => {
  const { client, server, url } = await serving(t)
  const list = () => client().request('notes/list', { tag: 'x' }, unchecked)
  const before = await list()
  assert.deepEqual([before.status, before.error.code], NOT_FOUND)
  server.registerExtension(ID, {
    methods: { 'notes/list': ({ tag }, ctx) => ({ tag, by: ctx.method, from: ctx.client.name }) },
  })
  const { status, result } = await list()
  const { _meta, ...members } = result
  assert.equal(status, 200)
  assert.deepEqual(members, {
    resultType: 'complete',
    tag: 'x',
    by: 'notes/list',
    from: 'barewire-test',
  })
  assert.deepEqual(_meta, { 'io.modelcontextprotocol/serverInfo': { name: 'stateless', version: '1.0.0' } })

  // A second table of methods, made for the second extension and for tasks.
  server.registerExtension('com.example/more', { methods: { 'more/list': () => ({ more: [] }) } })
  server.registerTool('job', { task: true }, () => '')
  assert.deepEqual((await client().request('more/list', {}, unchecked)).result.more, [])
  assert.equal((await list()).status, 200)
  const headers = { 'mcp-name': 'x' }
  const task = await client().request('tasks/get', { taskId: 'x' }, { ...unchecked, headers })
  assert.equal(task.error.code, ErrorCode.MISSING_CLIENT_CAPABILITY)

  const session = await join(t, url)
  const refused = await session.request('notes/list', {}, unchecked)
  assert.equal(refused.error.code, ErrorCode.METHOD_NOT_FOUND)
})

test('cache hints are those of the method: given ones, what the result says, or none', async (t) => {
  const { client, server } = await serving(t)
  server.registerExtension(ID, {
    methods: {
      'notes/list': async () => ({ notes: [] }),
      'notes/get': () => ({ ttlMs: 7, cacheScope: 'private' }),
      'notes/add': () => ({}),
      'notes/fail': () => {
        throw new RpcError(ErrorCode.INVALID_PARAMS, 'no')
      },
    },
    cache: { 'notes/list': { ttlMs: 5000, scope: 'public' }, 'notes/fail': {} },
  })
  const hints = async (method: string) => {
    const { result, error } = await client().request(method, {}, unchecked)
    return [(result ?? error).ttlMs, (result ?? error).cacheScope]
  }
  assert.deepEqual(await hints('notes/list'), [5000, 'public'])
  assert.deepEqual(await hints('notes/get'), [7, 'private'])
  assert.deepEqual(await hints('notes/add'), [undefined, undefined])
  assert.deepEqual(await hints('notes/fail'), [undefined, undefined])
})

test('middleware runs around the methods of extensions', async (t) => {
  const { client, server } = await serving(t)
  server.use(async (ctx, next) => {
    if (ctx.params?.['secret'] === true) throw new RpcError(-31_000, 'Not for you')
    return { ...((await next()) as object), through: ctx.method }
  })
  server.registerExtension(ID, { methods: { 'notes/list': () => ({ notes: [1] }) } })
  const { result } = await client().request('notes/list', {}, unchecked)
  assert.deepEqual([result.notes, result.through], [[1], 'notes/list'])
  const refused = await client().request('notes/list', { secret: true }, unchecked)
  assert.deepEqual(refused.error, { code: -31_000, message: 'Not for you' })
})

test('errors of extensions are errors of handlers: an RpcError as it is, a missing capability, and others concealed [stateless.missing-capability]', async (t) => {
  const { client, server, errors } = await serving(t)
  server.registerExtension(ID, {
    methods: {
      'notes/get': ({ id }) => {
        throw new RpcError(ErrorCode.INVALID_PARAMS, 'No such note', { id })
      },
      'notes/strict': (_params, { client: { capabilities } }) => {
        if (capabilities.extensions?.[ID] !== undefined) return { ok: true }
        throw new MissingCapabilityError(ID, { extensions: { [ID]: {} } })
      },
      'notes/broken': () => {
        throw new Error('the password is hunter2')
      },
      'notes/array': () => [1],
    },
  })
  const send = (method: string, params = {}, capabilities = {}) =>
    client({ capabilities }).request(method, params, unchecked)
  const got = await send('notes/get', { id: 5 })
  const expected = { code: ErrorCode.INVALID_PARAMS, message: 'No such note', data: { id: 5 } }
  assert.deepEqual([got.status, got.error], [200, expected])
  checkMessage('2026-07-28', 'server-to-client', JSON.parse(got.text))

  const missing = await send('notes/strict')
  assert.deepEqual([missing.status, missing.error.code], [400, ErrorCode.MISSING_CLIENT_CAPABILITY])
  assert.deepEqual(missing.error.data, { requiredCapabilities: { extensions: { [ID]: {} } } })
  assert.equal((await send('notes/strict', {}, { extensions: { [ID]: {} } })).result.ok, true)

  const broken = await send('notes/broken')
  assert.equal(broken.error.code, ErrorCode.INTERNAL_ERROR)
  assert.doesNotMatch(broken.text, /hunter2/)
  assert.equal((await send('notes/array')).error.code, ErrorCode.INTERNAL_ERROR)
  assert.deepEqual(
    errors.map(({ error, phase }) => [(error as Error).message, phase]),
    [
      ['the password is hunter2', 'handler'],
      ['method "notes/array": the result must be an object; got an array', 'output'],
    ],
  )
})

test('Mcp-Name must repeat the parameter by which the extension names its requests [stateless.decoded]', async (t) => {
  const { client, server } = await serving(t)
  const methods = { 'notes/get': () => ({}), 'notes/list': () => ({}) }
  server.registerExtension(ID, { methods, namedBy: { 'notes/get': 'note' } })
  const send = async (method: string, params: object, name?: string) => {
    const headers = name === undefined ? {} : { 'mcp-name': name }
    const { status, error } = await client().request(method, params, { ...unchecked, headers })
    return [status, error?.code]
  }
  const mismatch = [400, ErrorCode.HEADER_MISMATCH]
  assert.deepEqual(await send('notes/get', { note: 'a' }, 'a'), [200, undefined])
  assert.deepEqual(await send('notes/get', { note: 'å' }, '=?base64?w6U=?='), [200, undefined])
  assert.deepEqual(await send('notes/get', { note: 'a' }, 'b'), mismatch)
  assert.deepEqual(await send('notes/get', { note: 'a' }), mismatch)
  assert.deepEqual(await send('notes/get', {}), [200, undefined])
  assert.deepEqual(await send('notes/list', { note: 'a' }), [200, undefined])
  const headers = { 'mcp-method': 'notes/get' }
  const other = await client().request('notes/list', {}, { ...unchecked, headers })
  assert.deepEqual([other.status, other.error.code], mismatch)
})

test('a method of an extension can speak before its result, and is aborted with its connection', async (t) => {
  const { client, server, opened } = await serving(t)
  const aborted = new Promise<unknown>((resolve) => {
    server.registerExtension(ID, {
      methods: {
        'notes/sync': async (_params, { progress, signal }) => {
          progress(1, 2)
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              resolve(signal.reason)
              reject(signal.reason)
            })
          })
          return {}
        },
      },
    })
  })
  const options = { ...unchecked, meta: { progressToken: 'p' } }
  const stream = await opened(client().stream('notes/sync', {}, options))
  const { method, params } = await stream.nextMessage()
  assert.deepEqual(
    [method, params],
    ['notifications/progress', { progressToken: 'p', progress: 1, total: 2 }],
  )
  await stream.close()
  assert.match(String(await within(aborted, () => 'the abort of the call')), /closed the connection/)
})
