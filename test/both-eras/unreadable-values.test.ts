/**
 * Values that throw when they are looked at: a Proxy, a getter. Returned or thrown, they are errors like any other, which
 * `onError` hears of, and the process goes on: the runner would report a rejection that nobody handles.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type McpServer, RpcError } from '../../src/index.ts'
import { define } from '../features/offering.ts'
import { StdioClient } from '../stdio/connection.ts'
import { asking, eras } from './asking.ts'
import { never } from './problem.ts'

const fail = (): never => {
  throw new Error('hunter2')
}
const refused = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const unreadable: readonly (readonly [what: string, make: () => object])[] = [
  ['a Proxy', () => new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail, ownKeys: fail })],
  ['a revoked Proxy', refused],
  [
    'a getter',
    () => ({
      get text() {
        return fail()
      },
      get content() {
        return fail()
      },
    }),
  ],
  ['a then', () => Object.defineProperty({}, 'then', { get: fail, enumerable: true })],
]

/** @param pass - gives the value to the library */
function offer(server: McpServer, pass: (value: () => object) => never, make: () => object): void {
  server.registerTool('t', {}, () => pass(make))
  server.registerTool('later', {}, async () => pass(make))
  server.registerPrompt('p', {}, () => pass(make))
  server.registerPrompt('later', {}, async () => pass(make))
  server.registerResource('r', 'memo://r', {}, () => pass(make))
}

const requests = [
  ['tools/call', { name: 't' }],
  ['tools/call', { name: 'later' }],
  ['prompts/get', { name: 'p' }],
  ['prompts/get', { name: 'later' }],
  ['resources/read', { uri: 'memo://r' }],
] as const

const ways: readonly (readonly [way: string, pass: (make: () => object) => never])[] = [
  ['returned', (make) => make() as never],
  ['in _meta', (make) => ({ content: [], messages: [], contents: [], _meta: make() }) as never],
  ['in a member', (make) => ({ content: [], messages: [], contents: [], _meta: { a: make() } }) as never],
  [
    'thrown',
    (make) => {
      throw make()
    },
  ],
  [
    'as the code of an error',
    (make) => {
      throw new RpcError(make() as never, 'told')
    },
  ],
  [
    'as the message of an error',
    (make) => {
      throw Object.assign(new RpcError(-32001, 'told'), { message: make() })
    },
  ],
  [
    'as the data of an error',
    (make) => {
      throw new RpcError(-32001, 'told', make())
    },
  ],
]

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    for (const [way, pass] of ways) {
      test(`what cannot be read, ${way}, is reported with a name, and answered`, async (t) => {
        for (const [what, make] of unreadable) {
          const { server, request, errors } = await asking(t, era)
          offer(server, pass, make)
          for (const [method, params] of requests) {
            errors.length = 0
            const { result, error } = await request(method, params, never)
            const shown = `${what}, ${way}, ${JSON.stringify(params)}: ${JSON.stringify(error ?? result)}`
            assert.doesNotMatch(shown, /hunter2/)
            // A getter that nothing asks for has no effect.
            if (errors.length === 0) {
              assert.ok(result !== undefined || error.message === 'told', shown)
              continue
            }
            assert.equal(errors.length, 1, shown)
            assert.equal(errors[0]?.info.name, 'name' in params ? params.name : params.uri, shown)
            const text = error?.message ?? result.content[0].text
            if (way.startsWith('as ')) assert.match(text, /^(?:told|Internal error)$/, shown)
            else assert.equal(text, `Internal error (reference ${errors[0]?.info.correlationId})`, shown)
          }
        }
      })
    }
  })
}

test('a code and a message of an error that have the wrong types are replaced, and reported', async (t) => {
  for (const era of eras) {
    const { server, call, errors } = await asking(t, era)
    for (const [index, message] of [undefined, 5, 1n, Symbol('s'), () => 'x', { a: 1 }, null].entries()) {
      server.registerTool(`t${index}`, {}, () => {
        throw Object.assign(new RpcError(-32001, 'told', { a: 1 }), { message })
      })
      const { error } = await call(`t${index}`, {}, never)
      assert.deepEqual(error, { code: -32001, message: 'Internal error', data: { a: 1 } })
      assert.match(errors.at(-1)?.error.message, /^The message of an RpcError must be a string; got /)
      assert.deepEqual([errors.at(-1)?.info.phase, errors.at(-1)?.info.name], ['output', `t${index}`])
    }
  }
})

test('over stdio, the next call is answered', async (t) => {
  const { server, errors } = define()
  for (const [index, [, make]] of unreadable.entries()) {
    server.registerPrompt(`p${index}`, {}, () => {
      throw make()
    })
  }
  server.registerTool('next', {}, () => 'fine')
  const client = new StdioClient(t, server)
  await client.initialize()
  for (const index of unreadable.keys()) {
    const { error } = await client.request(`p${index}`, 'prompts/get', { name: `p${index}` })
    assert.match(error.message, /^Internal error \(reference/)
  }
  assert.equal((await client.request('n', 'tools/call', { name: 'next' })).result.content[0].text, 'fine')
  assert.equal(errors.length, unreadable.length)
})
