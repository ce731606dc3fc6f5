/** Resources and templates: reading in every form, how they are listed, and what is not found. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode, type ResourceReturn, resourceNotFound } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { define, names, open, revisions } from './offering.ts'

const read = (uri: unknown) => ['resources/read', { uri }] as const

for (const revision of revisions) {
  test(`a resource may give each form of contents in ${revision} [resources.capability] [resources.binary-encoded]`, async (t) => {
    const { server } = define()
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    const part = { uri: 'memo://part', mimeType: 'text/plain', text: 'part', _meta: { 'com.example/a': 1 } }
    const forms: [string, WireJson, WireJson[]][] = [
      ['text', 'hé', [{ uri: 'memo://text', text: 'hé' }]],
      ['empty', '', [{ uri: 'memo://empty', text: '' }]],
      ['bytes', bytes, [{ uri: 'memo://bytes', blob: Buffer.from(bytes).toString('base64') }]],
      // A view of a larger buffer: only its own bytes are sent.
      ['view', bytes.subarray(65, 68), [{ uri: 'memo://view', blob: 'QUJD' }]],
      ['contents', part, [part]],
      ['list', [part, part], [part, part]],
      ['none', [], []],
      ['result', { contents: [part] }, [part]],
    ]
    for (const [name, value] of forms) {
      server.registerResource(name, `memo://${name}`, {}, () => value)
      server.registerResource(`${name}2`, `memo2://${name}`, {}, async () => value)
    }
    const session = await open(t, server, { protocolVersion: revision })
    assert.deepEqual(session.initializeResult.capabilities, { resources: { listChanged: true } })
    for (const [name, , expected] of forms) {
      assert.deepEqual(
        (await session.request(...read(`memo://${name}`))).result,
        { contents: expected },
        name,
      )
      const later = (await session.request(...read(`memo2://${name}`))).result.contents
      assert.equal(later.length, expected.length)
    }
  })

  test(`an unknown resource is -32002 with its URI in ${revision} [resources.not-found]`, async (t) => {
    const { server } = define()
    server.registerResource('r', 'memo://known', {}, () => 'x')
    server.registerResourceTemplate('t', 'file:///{id}', {}, (uri) => {
      throw resourceNotFound(uri)
    })
    const session = await open(t, server, { protocolVersion: revision })
    for (const uri of ['memo://unknown', 'memo://known/', 'file:///9', 'constructor', '', 'not a uri']) {
      const { status, error } = await session.request(...read(uri), { check: false })
      assert.deepEqual([status, error.code, error.data], [200, ErrorCode.RESOURCE_NOT_FOUND, { uri }])
    }
  })
}

test('the MIME type of a registration is that of its text and bytes', async (t) => {
  const { server } = define()
  server.registerResource('r', 'memo://r', { mimeType: 'text/markdown' }, () => '# x')
  server.registerResourceTemplate('t', 'memo://t/{id}', { mimeType: 'image/png' }, () => Buffer.from('x'))
  const session = await open(t, server)
  const single = await session.request(...read('memo://r'))
  assert.deepEqual(single.result.contents, [{ uri: 'memo://r', mimeType: 'text/markdown', text: '# x' }])
  const family = await session.request(...read('memo://t/1'))
  assert.deepEqual(family.result.contents, [{ uri: 'memo://t/1', mimeType: 'image/png', blob: 'eA==' }])
})

test('contents of the URI that was asked for get what they leave out: the URI, and the MIME type of the registration', async (t) => {
  const { server } = define()
  const [uri, text, mimeType] = ['memo://r', 'x', 'text/markdown'] as const
  const own = { uri, mimeType, text }
  const other = { uri: 'memo://other', text }
  const rows: readonly (readonly [ResourceReturn, unknown])[] = [
    [{ text }, [own]],
    [{ uri, text }, [own]],
    [{ uri, text, mimeType: undefined }, [own]],
    [{ uri, text, mimeType: 'text/plain' }, [{ ...own, mimeType: 'text/plain' }]],
    [{ blob: 'eA==' }, [{ uri, mimeType, blob: 'eA==' }]],
    [
      [{ uri, text }, other],
      [own, other],
    ],
    [{ contents: [{ uri, text }, other], _meta: {} }, [own, other]],
  ]
  let returned: ResourceReturn = ''
  server.registerResource('r', uri, { mimeType }, () => returned)
  server.registerResourceTemplate('t', 'bare://{id}', {}, () => ({ text }))
  const session = await open(t, server)
  for (const [given, contents] of rows) {
    returned = given
    assert.deepEqual((await session.request(...read(uri))).result.contents, contents)
  }
  assert.deepEqual((await session.request(...read('bare://1'))).result.contents, [{ uri: 'bare://1', text }])
})

test('notifyResourceUpdated says why a URI has no subscribers and can have none', async (t) => {
  const { server } = define()
  server.registerResource('quiet', 'app://quiet', {}, () => '')
  server.registerResource('told', 'app://told', { subscribe: true }, () => '')
  server.registerResourceTemplate('family', 'app://family/{id}', { subscribe: true }, () => '')
  const reason = (uri: string) => server.notifyResourceUpdated(uri).reason
  assert.equal(reason('app://typo'), 'this server has no resource or template with the URI "app://typo"')
  assert.equal(
    reason('app://quiet'),
    'Resource "quiet" has no subscribe: true, so that clients cannot subscribe to it',
  )
  assert.deepEqual([reason('app://told'), reason('app://family/7')], [undefined, undefined])
  const session = await open(t, server)
  await session.request('resources/subscribe', { uri: 'app://told' })
  assert.equal(reason('app://told'), undefined)
})

test('a template without a variable is refused, with the function for a single resource', () => {
  const { server } = define()
  assert.throws(() => server.registerResourceTemplate('x', 'app://one', {}, () => ''), {
    name: 'TypeError',
    message:
      'Resource template "x": "app://one" has no variable, such as {id}; a single resource is for registerResource',
  })
})

test('lists show everything that was registered, and nothing else', async (t) => {
  const { server } = define()
  const common = {
    title: 'Title',
    description: 'Description',
    mimeType: 'text/plain',
    annotations: { audience: ['user'], priority: 0.5, lastModified: '2026-01-01T00:00:00Z' },
    icons: [{ src: 'data:image/png;base64,AA==', theme: 'dark' }],
    _meta: { 'com.example/k': [1] },
  } as const
  const extra = { subscribe: true, visible: () => true }
  server.registerResource('r', 'memo://r', { ...common, ...extra, size: 5 }, () => '')
  server.registerResourceTemplate('t', 'memo://t/{id}', { ...common, ...extra, complete: {} }, () => '')
  const session = await open(t, server)
  const { resources } = (await session.request('resources/list')).result
  assert.deepEqual(resources, [{ uri: 'memo://r', name: 'r', ...common, size: 5 }])
  const { resourceTemplates } = (await session.request('resources/templates/list')).result
  assert.deepEqual(resourceTemplates, [{ uriTemplate: 'memo://t/{id}', name: 't', ...common }])
})

test('a template gets its variables percent-decoded, and the URI as the client wrote it', async (t) => {
  const { server } = define()
  server.registerResourceTemplate('file', 'file:///{+path}', {}, (uri, variables) =>
    JSON.stringify([uri.href, { ...variables }]),
  )
  server.registerResourceTemplate('query', 'db://{table}/rows{?limit,order}', {}, (_uri, variables) =>
    JSON.stringify({ ...variables }),
  )
  const session = await open(t, server)
  const expected: [string, unknown][] = [
    ['file:///a%20b/%C3%A9.txt', ['file:///a%20b/%C3%A9.txt', { path: 'a b/é.txt' }]],
    ['file:///a%2Fb', ['file:///a%2Fb', { path: 'a/b' }]],
    ['db://users/rows?order=up&limit=5', { table: 'users', limit: '5', order: 'up' }],
    ['db://users/rows', { table: 'users' }],
  ]
  for (const [uri, value] of expected) {
    const { contents } = (await session.request(...read(uri))).result
    assert.deepEqual([contents[0].uri, JSON.parse(contents[0].text)], [uri, value])
  }
})

test('variables called like members of Object.prototype are plain values', async (t) => {
  const { server } = define()
  server.registerResourceTemplate('odd', 'memo://{__proto__}/{constructor}', {}, (_uri, variables) =>
    JSON.stringify([Object.keys(variables), variables['constructor'], Object.getPrototypeOf(variables)]),
  )
  const session = await open(t, server)
  const { result } = await session.request(...read('memo://a/b'))
  assert.deepEqual(JSON.parse(result.contents[0].text), [['__proto__', 'constructor'], 'b', null])
})

test('a single resource goes before a template, and an earlier template before a later one', async (t) => {
  const { server } = define()
  server.registerResourceTemplate('first', 'memo://{id}', {}, () => 'first')
  server.registerResourceTemplate('second', 'memo://{+rest}', {}, () => 'second')
  server.registerResource('single', 'memo://one', {}, () => 'single')
  const session = await open(t, server)
  const texts = []
  for (const uri of ['memo://one', 'memo://two', 'memo://three/four']) {
    texts.push((await session.request(...read(uri))).result.contents[0].text)
  }
  assert.deepEqual(texts, ['single', 'first', 'second'])
})

test('templates list what they have, asked anew each time, a URI once', async (t) => {
  const { server } = define()
  let files = ['a', 'one']
  server.registerResource('single', 'memo://one', {}, () => '')
  server.registerResourceTemplate(
    'files',
    'memo://{id}',
    {
      list: (ctx) => files.map((name) => ({ uri: `memo://${name}`, name, description: ctx.client.name })),
    },
    () => '',
  )
  const session = await open(t, server)
  assert.deepEqual(await names(session, 'resources'), ['memo://one', 'memo://a'])
  files = ['b', 'one']
  const { resources } = (await session.request('resources/list')).result
  assert.equal(resources[0].name, 'single')
  assert.deepEqual(resources[1], { uri: 'memo://b', name: 'b', description: 'barewire-test' })
})

test('a failure while reading or listing is -32603 with a correlation id, sync and async [resources.internal-error]', async (t) => {
  const { server, errors } = define()
  const boom = () => {
    throw new Error('hunter2')
  }
  server.registerResource('sync', 'memo://sync', {}, boom)
  server.registerResource('async', 'memo://async', {}, async () => boom())
  server.registerResource('wrong', 'memo://wrong', {}, () => 5 as unknown as string)
  server.registerResourceTemplate('t', 'memo://t/{id}', { list: boom }, boom)
  const session = await open(t, server)
  const requests: [string, object][] = [
    ...['memo://sync', 'memo://async', 'memo://wrong', 'memo://t/1'].map(read),
    ['resources/list', {}],
  ].map(([method, params]) => [method as string, params as object])
  for (const [method, params] of requests) {
    const { status, error } = await session.request(method, params)
    const text = `Internal error (reference ${errors.at(-1)?.info.correlationId})`
    assert.deepEqual([status, error], [200, { code: -32603, message: text }], JSON.stringify(params))
  }
  assert.equal(errors.length, requests.length)
})

test('a URI that is none never reaches a handler [resources.uri-validated]', async (t) => {
  const { server } = define()
  let runs = 0
  server.registerResourceTemplate('all', '{+anything}', {}, () => {
    runs += 1
    return ''
  })
  const session = await open(t, server)
  for (const uri of [5, null, undefined, {}, ['memo://x']]) {
    const { error } = await session.request(...read(uri), { check: false })
    assert.equal(error.code, -32602)
  }
  for (const uri of ['', 'relative/path', '//host', 'http://', 'memo://%zz']) {
    const { error } = await session.request(...read(uri), { check: false })
    assert.equal(error?.code, -32002, uri)
  }
  assert.equal(runs, 0)
  assert.equal((await session.request(...read('memo://x'))).error, undefined)
  assert.equal(runs, 1)
})

test('a URI or template that is malformed, or a name that is empty, throws at registration [resources.custom-scheme]', () => {
  const { server } = define()
  const good = ['memo://a', 'urn:isbn:0451450523', 'my-app+x.1:a/b?c=%20#d', 'file:///a']
  for (const uri of good) server.registerResource('r', uri, {}, () => '')
  const bad = [
    '',
    'relative',
    '1a:b',
    'a_b:c',
    'memo://a b',
    'memo://é',
    'memo://<a>',
    'memo://%zz',
    'http://',
  ]
  for (const uri of [...bad, 5 as unknown as string]) {
    assert.throws(() => server.registerResource('r', uri, {}, () => ''), /Resource "r": .* is not a URI/)
  }
  for (const template of ['memo://{', 'memo://{a', 'memo://a}', 'memo://{}']) {
    assert.throws(() => server.registerResourceTemplate('t', template, {}, () => ''), /memo:\/\//)
  }
  assert.throws(
    () => server.registerResource('', 'memo://b', {}, () => ''),
    /name must be a non-empty string/,
  )
  const handler = undefined as unknown as () => string
  assert.throws(() => server.registerResource('r', 'memo://b', {}, handler), /"r" needs a handler function/)
  const complete = { other: () => [] }
  assert.throws(
    () => server.registerResourceTemplate('t', 'memo://{id}', { complete }, () => ''),
    /template "t" has no variable "other"/,
  )
})

test('a URI with a host name that cannot exist belongs to no template; others may be as long as they like', async (t) => {
  const { server } = define()
  server.registerResourceTemplate('any', 'http://{+rest}', {}, (uri) => uri.href)
  const session = await open(t, server)
  const long = '\u4e00'.repeat(400)
  const hosts = [
    `http://${long}/`,
    ` http:\t//${long}`,
    `http:${long}`,
    `http://${encodeURIComponent(long)}/a`,
  ]
  for (const uri of hosts) {
    const { error } = await session.request(...read(uri), { check: false })
    assert.equal(error.code, ErrorCode.RESOURCE_NOT_FOUND)
  }
  for (const uri of ['http://b%C3%BCcher.example/a', `http://host/${'p'.repeat(50_000)}`]) {
    const { result } = await session.request(...read(uri), { check: false })
    assert.equal(result.contents[0].text, new URL(uri).href)
  }
})
