/** Results in the session era: what it, or an earlier revision, has no place for does not cost a client the rest. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContentBlock, ToolReturn } from '../../src/index.ts'
import { define, join, open, revisions, start } from '../features/offering.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import type { WireJson } from '../helpers/wire.ts'

const text = (value: string) => ({ type: 'text', text: value }) as const
const returns = (value: WireJson) => () => value as ToolReturn<undefined>

const values: readonly (readonly [name: string, structured: WireJson, json: WireJson])[] = [
  ['array', [1, { a: 2 }], [1, { a: 2 }]],
  ['string', 'sunny', 'sunny'],
  ['number', 5, 5],
  ['boolean', false, false],
  ['null', null, null],
  ['date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['boxed', Object('x'), 'x'],
]

for (const protocolVersion of revisions) {
  test(`structured content that is no object is left out in ${protocolVersion}, and its text stays`, async (t) => {
    const { server } = define()
    for (const [name, structuredContent] of values) {
      server.registerTool(name, {}, returns({ structuredContent, _meta: { 'com.example/k': 1 } }))
      server.registerTool(`${name}_own`, {}, returns({ structuredContent, content: [text('own')] }))
      server.registerTool(`${name}_empty`, {}, returns({ structuredContent, content: [] }))
    }
    const session = await open(t, server, { protocolVersion })
    for (const [name, , json] of values) {
      const mirror = [text(JSON.stringify(json))]
      assert.deepEqual((await session.call(name)).result, { content: mirror, _meta: { 'com.example/k': 1 } })
      assert.deepEqual((await session.call(`${name}_own`)).result, { content: [text('own')] })
      assert.deepEqual((await session.call(`${name}_empty`)).result, { content: mirror })
    }
  })
}

test('structured content that is no object is reported once a tool; the stateless era sends it', async (t) => {
  const { server, errors } = define()
  for (const [name, structuredContent] of values)
    server.registerTool(name, {}, returns({ structuredContent }))
  server.registerTool('object', {}, returns({ structuredContent: { a: 1 } }))
  const url = await start(t, server)
  const stateless = new StatelessClient(url)
  for (const [name, , json] of values) {
    assert.deepEqual((await stateless.call(name)).result.structuredContent, json)
  }
  assert.equal(errors.length, 0)
  for (const session of [await join(t, url), await join(t, url, { protocolVersion: '2025-06-18' })]) {
    for (const [name] of [...values, ...values]) await session.call(name)
    assert.deepEqual((await session.call('object')).result.structuredContent, { a: 1 })
  }
  const reports = errors.map(({ error, info }) => [info.name, info.phase, info.method, error.message])
  const problem = 'structuredContent must be an object for clients before 2026-07-28; they get its text only'
  const expected = values.map(([name]) => [name, 'output', 'tools/call', `tool "${name}": ${problem}`])
  assert.deepEqual(reports, expected)
})

test('structured content that JSON cannot hold is an error, also where only its text would be sent', async (t) => {
  const { server, errors } = define()
  server.registerTool('sync', {}, returns({ structuredContent: [1n], content: [] }))
  server.registerTool('later', {}, async () => returns({ structuredContent: [1n], content: [] })())
  const session = await open(t, server)
  for (const name of ['sync', 'later']) {
    const { error } = await session.call(name)
    const { correlationId } = errors.at(-1)?.info ?? {}
    assert.deepEqual(error, { code: -32603, message: `Internal error (reference ${correlationId})` })
    assert.match(errors.at(-1)?.error.message, /BigInt/)
  }
})

const link = { type: 'resource_link', uri: 'memo://1', name: 'one', title: 'The first' } as const
const audio = { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' } as const

const sent: readonly (readonly [revision: string, link: ContentBlock, audio: ContentBlock])[] = [
  [
    '2024-11-05',
    text('The first: memo://1'),
    text('(audio, which this version of the protocol cannot carry)'),
  ],
  ['2025-03-26', text('The first: memo://1'), audio],
  ['2025-06-18', link, audio],
  ['2025-11-25', link, audio],
]

for (const [protocolVersion, ...content] of sent) {
  test(`blocks that ${protocolVersion} does not have are said in words, those that it has stay`, async (t) => {
    const { server, errors } = define()
    server.registerTool('t', {}, () => [link, audio, text('x')])
    server.registerPrompt('p', {}, () => ({
      description: 'D',
      messages: [
        { role: 'user', content: link },
        { role: 'assistant', content: audio },
      ],
    }))
    const session = await open(t, server, { protocolVersion })
    assert.deepEqual((await session.call('t')).result, { content: [...content, text('x')] })
    const { result } = await session.request('prompts/get', { name: 'p' })
    assert.deepEqual(result, {
      description: 'D',
      messages: [
        { role: 'user', content: content[0] },
        { role: 'assistant', content: content[1] },
      ],
    })
    assert.deepEqual(errors, [])
  })
}
