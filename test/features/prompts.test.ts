/** Prompts: lists, arguments, every form in which a handler may give messages, and what is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { type PromptReturn, RpcError } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { define, open, revisions } from './offering.ts'

const get = (name: string, args?: object) =>
  ['prompts/get', { name, ...(args && { arguments: args }) }] as const
const said = (text: string) => ({ role: 'user', content: { type: 'text', text } }) as const
const image = { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' } as const
const audio = { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' } as const
const note = { uri: 'memo://1', mimeType: 'text/plain' } as const

for (const revision of revisions) {
  test(`a prompt may give each form of messages in ${revision} [prompts.capability] [prompts.image-base64] [prompts.image-mime-type] [prompts.audio-base64] [prompts.audio-mime-type] [prompts.embedded-uri] [prompts.embedded-mime-type] [prompts.embedded-contents]`, async (t) => {
    const { server } = define()
    const blocks = [
      image,
      audio,
      { type: 'resource', resource: { ...note, text: 'memo' } },
      { type: 'resource', resource: { ...note, blob: 'AAE=' } },
    ] as const
    const dialogue = [said('a'), { role: 'assistant', content: image }] as const
    const forms: [string, PromptReturn, WireJson][] = [
      ['string', 'hi', { messages: [said('hi')] }],
      ['messages', dialogue, { messages: dialogue }],
      ['none', [], { messages: [] }],
      ['result', { description: 'own', messages: dialogue }, { description: 'own', messages: dialogue }],
      ...blocks.map((content, index): [string, PromptReturn, WireJson] => [
        `block${index}`,
        content,
        { messages: [{ role: 'user', content }] },
      ]),
    ]
    for (const [name, value] of forms) {
      server.registerPrompt(name, {}, () => value)
      server.registerPrompt(`${name}_later`, { description: 'of the prompt' }, async () => value)
    }
    const session = await open(t, server, { protocolVersion: revision })
    assert.deepEqual(session.initializeResult.capabilities, { prompts: { listChanged: true } })
    for (const [name, , expected] of forms) {
      assert.deepEqual((await session.request(...get(name))).result, expected, name)
      const described = { description: 'of the prompt', ...expected }
      assert.deepEqual((await session.request(...get(`${name}_later`))).result, described, name)
    }
  })
}

test('a listed prompt has its configuration, and its arguments by their schema', async (t) => {
  const { server } = define()
  const config = {
    title: 'Review',
    description: 'Reviews a file',
    icons: [{ src: 'https://example.com/i.svg' }],
    _meta: { 'com.example/k': 1 },
  }
  const argsSchema = {
    type: 'object',
    properties: {
      path: { type: 'string', title: 'Path', description: 'Which file' },
      tone: { type: 'string' },
    },
    required: ['path'],
  } as const
  server.registerPrompt('review', { ...config, argsSchema }, () => '')
  server.registerPrompt('bare', {}, () => '')
  const session = await open(t, server)
  const args = [{ name: 'path', title: 'Path', description: 'Which file', required: true }, { name: 'tone' }]
  assert.deepEqual((await session.request('prompts/list')).result.prompts, [
    { name: 'review', ...config, arguments: args },
    { name: 'bare' },
  ])
})

for (const revision of revisions) {
  test(`arguments are checked before the handler runs in ${revision} [prompts.arguments-validated] [prompts.missing-arguments] [prompts.unknown-name] [prompts.inputs-outputs-validated]`, async (t) => {
    const { server, errors } = define()
    const argsSchema = {
      type: 'object',
      properties: { path: { type: 'string', minLength: 1 }, tone: { type: 'string', default: 'kind' } },
      required: ['path'],
    } as const
    let runs = 0
    server.registerPrompt('review', { argsSchema }, ({ path, tone }) => {
      runs += 1
      return `${path} ${tone}`
    })
    server.registerPrompt('bare', {}, () => `${++runs}`)
    const session = await open(t, server, { protocolVersion: revision })
    const filled = await session.request(...get('review', { path: 'a' }))
    assert.equal(filled.result.messages[0].content.text, 'a kind')
    const missing = (await session.request(...get('review'))).error
    assert.deepEqual([missing.code, missing.message.includes('path')], [-32602, true])
    assert.match((await session.request(...get('review', { path: '' }))).error.message, /\/path: /)
    for (const path of [5, true, { a: 1 }, ['a']]) {
      const { error } = await session.request(...get('review', { path }), { check: false })
      assert.deepEqual([error.code, /path/.test(error.message)], [-32602, true])
    }
    for (const args of [[], 'x', 5]) {
      const params = { name: 'bare', arguments: args }
      assert.equal((await session.request('prompts/get', params, { check: false })).error.code, -32602)
    }
    for (const name of ['none', '__proto__', 'Review']) {
      const { error } = await session.request(...get(name))
      assert.deepEqual(error, { code: -32602, message: `Unknown prompt: ${JSON.stringify(name)}` })
    }
    assert.equal((await session.request('prompts/get', { name: 5 }, { check: false })).error.code, -32602)
    assert.deepEqual([runs, errors], [1, []])
  })
}

const libraries = {
  zod: z.object({ n: z.string().transform(Number), tone: z.string().default('kind') }),
  arktype: type({ n: ['string', '=>', Number], tone: "string = 'kind'" }),
  valibot: toStandardJsonSchema(
    v.object({ n: v.pipe(v.string(), v.transform(Number)), tone: v.optional(v.string(), 'kind') }),
  ),
}

for (const [name, argsSchema] of Object.entries(libraries)) {
  test(`a ${name} schema describes and transforms the arguments of a prompt`, async (t) => {
    const { server } = define()
    server.registerPrompt('p', { argsSchema }, ({ n, tone }) => `${n + 1} ${tone}`)
    const session = await open(t, server)
    const [prompt] = (await session.request('prompts/list')).result.prompts
    assert.deepEqual(prompt.arguments, [{ name: 'n', required: true }, { name: 'tone' }])
    const { result } = await session.request(...get('p', { n: '4' }))
    assert.equal(result.messages[0].content.text, '5 kind')
    assert.equal((await session.request(...get('p', {}))).error.code, -32602)
  })
}

test('messages of a wrong shape are not sent, and reported [prompts.inputs-outputs-validated] [prompts.image-base64] [prompts.audio-mime-type] [prompts.embedded-uri] [prompts.embedded-contents]', async (t) => {
  const { server, errors } = define()
  const contents: WireJson[] = [
    { type: 'text' },
    { type: 'image', data: 'not base64!', mimeType: 'image/png' },
    { type: 'image', data: 'AAAA' },
    { type: 'audio', data: new Uint8Array(3), mimeType: 'audio/wav' },
    { type: 'audio', data: 'AAAA' },
    { type: 'resource', resource: { text: 'no uri' } },
    { type: 'resource', resource: { uri: 'memo://1' } },
    { type: 'resource', resource: { uri: 'memo://1', blob: '%' } },
    { type: 'resource' },
    { type: 'resource_link', uri: 'memo://1' },
    { type: 'video', data: 'AAAA' },
    'text',
    [{ type: 'text', text: 'x' }],
  ]
  const values: WireJson[] = [
    ...contents.map((content) => [said('fine'), { role: 'user', content }]),
    [{ role: 'system', content: { type: 'text', text: 'x' } }],
    { messages: 'x' },
    5,
    undefined,
  ]
  for (const [index, value] of values.entries()) server.registerPrompt(`p${index}`, {}, () => value)
  const session = await open(t, server)
  for (const [index, value] of values.entries()) {
    const { error } = await session.request(...get(`p${index}`))
    assert.equal(error?.code, -32603, JSON.stringify(value))
    assert.ok(error.message.includes(String(errors.at(-1)?.info.correlationId)))
  }
  assert.match(errors[1]?.error.message, /prompt "p1": messages\[1\]\.content\.data must be base64 text/)
})

test('a failure of a handler is -32603, an RpcError is itself [prompts.internal-error]', async (t) => {
  const { server, errors } = define()
  const boom = () => {
    throw new Error('hunter2')
  }
  server.registerPrompt('sync', {}, boom)
  server.registerPrompt('async', {}, async () => boom())
  server.registerPrompt('own', {}, () => {
    throw new RpcError(-31_000, 'mine', [1])
  })
  const session = await open(t, server)
  for (const name of ['sync', 'async']) {
    const { error } = await session.request(...get(name))
    const message = `Internal error (reference ${errors.at(-1)?.info.correlationId})`
    assert.deepEqual(error, { code: -32603, message })
  }
  const { error } = await session.request(...get('own'))
  assert.deepEqual(error, { code: -31_000, message: 'mine', data: [1] })
  assert.equal(errors.length, 2)
})

test('wrong registrations throw and name the prompt', () => {
  const { server } = define()
  assert.throws(() => server.registerPrompt('', {}, () => ''), /prompt name must be a non-empty string/)
  const nothing = undefined as unknown as () => string
  assert.throws(() => server.registerPrompt('p', {}, nothing), /prompt "p" needs a handler function/)
  const argsSchema = { type: 'string' } as const
  assert.throws(() => server.registerPrompt('p', { argsSchema }, () => ''), /prompt "p" argsSchema.*"object"/)
  const complete = { other: () => [] }
  assert.throws(
    () => server.registerPrompt('p', { complete }, () => ''),
    /prompt "p" has no argument "other"/,
  )
})
