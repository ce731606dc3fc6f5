/** Completion: suggestions for prompts and templates, their limit, and requests that are refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Completer, RpcError } from '../../src/index.ts'
import type { TestSession, WireJson } from '../helpers/wire.ts'
import { define, join, open, revisions, start } from './offering.ts'

const prompt = (name: string) => ({ type: 'ref/prompt', name })
const template = (uri: string) => ({ type: 'ref/resource', uri })
const argsSchema = {
  type: 'object',
  properties: { language: { type: 'string' }, framework: { type: 'string' } },
} as const

async function complete(session: TestSession, ref: object, name: string, value = '', context?: object) {
  const params = { ref, argument: { name, value }, ...(context && { context }) }
  const reply = await session.request('completion/complete', params)
  return reply.result?.completion ?? reply.error
}

for (const revision of revisions) {
  test(`arguments of prompts and variables of templates are completed in ${revision} [completion.capability] [completion.sorted]`, async (t) => {
    const { server } = define()
    const languages: Completer = (value) => ['zig', 'ada', 'c'].filter((each) => each.startsWith(value))
    server.registerPrompt('review', { argsSchema, complete: { language: languages } }, () => '')
    const complete1 = { id: async (value: string) => ({ values: [`${value}1`, `${value}0`], total: 7 }) }
    server.registerResourceTemplate('t', 'memo://{id}/{part}', { complete: complete1 }, () => '')
    server.registerResource('r', 'memo://single', {}, () => '')
    const session = await open(t, server, { protocolVersion: revision })
    assert.deepEqual(session.initializeResult.capabilities.completions, {})
    const all = { values: ['zig', 'ada', 'c'], total: 3, hasMore: false }
    assert.deepEqual(await complete(session, prompt('review'), 'language'), all)
    const one = { values: ['ada'], total: 1, hasMore: false }
    assert.deepEqual(await complete(session, prompt('review'), 'language', 'a'), one)
    const ids = { values: ['x1', 'x0'], total: 7, hasMore: true }
    assert.deepEqual(await complete(session, template('memo://{id}/{part}'), 'id', 'x'), ids)
    const none = { values: [], total: 0, hasMore: false }
    for (const [ref, name] of [
      [prompt('review'), 'framework'],
      [prompt('review'), 'unknown'],
      [prompt('review'), 'constructor'],
      [prompt('review'), '__proto__'],
      [template('memo://{id}/{part}'), 'part'],
      [template('memo://single'), 'id'],
    ] as const) {
      assert.deepEqual(await complete(session, ref, name), none, name)
    }
  })
}

test('no more than 100 values are sent, and hasMore tells of the rest [completion.max-100]', async (t) => {
  const { server } = define()
  const values = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`)
  const complete2 = {
    language: (value: string) => values(Number(value)),
    framework: (value: string) => ({ values: values(Number(value)), total: 5000 }),
  }
  server.registerPrompt('p', { argsSchema, complete: complete2 }, () => '')
  const session = await open(t, server)
  const first = values(100)
  const expected: [string, string, object][] = [
    ['language', '100', { values: first, total: 100, hasMore: false }],
    ['language', '101', { values: first, total: 101, hasMore: true }],
    ['framework', '1000', { values: first, total: 5000, hasMore: true }],
    ['framework', '3', { values: values(3), total: 5000, hasMore: true }],
  ]
  for (const [name, value, completion] of expected) {
    assert.deepEqual(await complete(session, prompt('p'), name, value), completion)
  }
})

test('a completer gets the arguments that are known already, and the context of its caller [completion.access-control]', async (t) => {
  const { server } = define()
  const language: Completer = (value, args, ctx) =>
    ctx.client.name === 'guest' ? [] : [value, JSON.stringify(args), String(Object.getPrototypeOf(args))]
  server.registerPrompt('p', { argsSchema, complete: { language } }, () => '')
  const url = await start(t, server)
  const session = await join(t, url)
  const context = { arguments: { framework: 'flask', language: 'py' } }
  const { values } = await complete(session, prompt('p'), 'language', 'x', context)
  assert.deepEqual(values, ['x', JSON.stringify(context.arguments), 'null'])
  assert.equal((await complete(session, prompt('p'), 'language', 'x', {})).values[1], '{}')
  const guest = await join(t, url, { clientInfo: { name: 'guest', version: '1' } })
  assert.deepEqual((await complete(guest, prompt('p'), 'language')).values, [])
})

test('a server without completers declares none and answers -32601 [completion.method-not-found]', async (t) => {
  const { server } = define()
  server.registerPrompt('p', { argsSchema }, () => '')
  const session = await open(t, server)
  assert.equal(session.initializeResult.capabilities.completions, undefined)
  assert.equal((await complete(session, prompt('p'), 'language')).code, -32601)
})

test('an unknown prompt or template is -32602, and a withheld one cannot be told from it [completion.unknown-name] [completion.no-disclosure]', async (t) => {
  const { server } = define()
  let runs = 0
  const count = () => {
    runs += 1
    return ['secret value']
  }
  const hidden = { visible: () => false }
  server.registerPrompt('secret', { ...hidden, argsSchema, complete: { language: count } }, () => '')
  server.registerResourceTemplate(
    'secret',
    'memo://secret/{id}',
    { ...hidden, complete: { id: count } },
    () => '',
  )
  const session = await open(t, server)
  const pairs = [
    [prompt('secret'), prompt('secrex'), 'language'],
    [template('memo://secret/{id}'), template('memo://secrex/{id}'), 'id'],
  ] as const
  for (const [withheld, unknown, name] of pairs) {
    const error = await complete(session, unknown, name)
    assert.equal(error.code, -32602)
    const same = JSON.stringify(await complete(session, withheld, name)).replaceAll('secret', 'secrex')
    assert.deepEqual(JSON.parse(same), error)
  }
  assert.equal(runs, 0)
})

test('a malformed request is -32602 and reaches no completer [completion.inputs-checked] [completion.inputs-validated] [completion.missing-arguments]', async (t) => {
  const { server } = define()
  let runs = 0
  const language = () => {
    runs += 1
    return []
  }
  server.registerPrompt('p', { argsSchema, complete: { language } }, () => '')
  const session = await open(t, server)
  const ref = prompt('p')
  const argument = { name: 'language', value: 'x' }
  const bad: WireJson[] = [
    undefined,
    {},
    { ref },
    { argument },
    { ref, argument: {} },
    { ref, argument: { name: 'language' } },
    { ref, argument: { name: 'language', value: 5 } },
    { ref, argument: { name: 5, value: 'x' } },
    { ref, argument: [argument] },
    { ref: 'p', argument },
    { ref: { type: 'ref/prompt' }, argument },
    { ref: { type: 'ref/prompt', name: 5 }, argument },
    { ref: { type: 'ref/other', name: 'p' }, argument },
    { ref: { type: 'ref/resource', name: 'p' }, argument },
    { ref, argument, context: 'x' },
    { ref, argument, context: { arguments: ['x'] } },
    { ref, argument, context: { arguments: { framework: 5 } } },
  ]
  for (const params of bad) {
    const { error } = await session.request('completion/complete', params, { check: false })
    assert.equal(error?.code, -32602, JSON.stringify(params))
  }
  assert.equal(runs, 0)
  await complete(session, ref, 'language')
  assert.equal(runs, 1)
})

test('a failure of a completer is -32603 with a correlation id, an RpcError is itself [completion.internal-error]', async (t) => {
  const { server, errors } = define()
  const complete3 = {
    language: () => {
      throw new Error('hunter2')
    },
    framework: async () => {
      throw new RpcError(-31_000, 'not now')
    },
  }
  server.registerPrompt('p', { argsSchema, complete: complete3 }, () => '')
  const session = await open(t, server)
  const error = await complete(session, prompt('p'), 'language')
  const message = `Internal error (reference ${errors[0]?.info.correlationId})`
  assert.deepEqual(error, { code: -32603, message })
  assert.deepEqual(await complete(session, prompt('p'), 'framework'), { code: -31_000, message: 'not now' })
})

test('the calls and completions of a session in flight are bounded: more are 429 [completion.rate-limited] [completion.rate-limiting] [tools.rate-limited]', async (t) => {
  const { server } = define()
  let release: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let arrivals = 0
  let arrived: () => void = () => {}
  const wait = async () => {
    arrivals += 1
    arrived()
    await gate
    return ['done']
  }
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      arrived = () => void (arrivals === count && resolve())
      arrived()
    })
  server.registerPrompt('p', { argsSchema, complete: { language: wait } }, () => '')
  server.registerTool('wait', {}, async () => (await wait())[0])
  const url = await start(t, server, { maxInFlightPerSession: 2 })
  const [busy, other] = [await join(t, url), await join(t, url)]
  const held = [busy.call('wait'), complete(busy, prompt('p'), 'language')]
  await until(2)
  const params = { ref: prompt('p'), argument: { name: 'language', value: '' } }
  for (const refused of [await busy.call('wait'), await busy.request('completion/complete', params)]) {
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1'])
  }
  const free = other.call('wait')
  await until(3)
  release()
  assert.equal((await free).result.content[0].text, 'done')
  await Promise.all(held)
  assert.equal((await busy.call('wait')).result.content[0].text, 'done')
})

test('a completer may say that there are more values, without knowing how many', async (t) => {
  const { server } = define()
  const completers = {
    language: () => ({ values: ['ada'], hasMore: true }),
    framework: () => ({ values: ['a', 'b'], hasMore: false }),
  }
  server.registerPrompt('p', { argsSchema, complete: completers }, () => '')
  const session = await open(t, server)
  const more = { values: ['ada'], hasMore: true }
  assert.deepEqual(await complete(session, prompt('p'), 'language'), more)
  const all = { values: ['a', 'b'], total: 2, hasMore: false }
  assert.deepEqual(await complete(session, prompt('p'), 'framework'), all)
})
