/**
 * The specification's own example messages: every one is read, requests are answered as a server should that offers
 * what they ask for, and what a server sends is held against the schema of the revision.
 *
 * They are the whole messages among schema/2026-07-28/examples of the specification, unchanged, in one file.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { McpServer } from '../../src/index.ts'
import { decodeMessage } from '../../src/jsonrpc/decode.ts'
import { decodeBody } from '../../src/jsonrpc/decode-body.ts'
import { problemsOf } from '../helpers/schema-check.ts'
import { statelessRevision } from '../helpers/stateless-client.ts'
import { openSse, post, type WireJson } from '../helpers/wire.ts'
import { serving } from '../stateless-era/serving.ts'

const examples = Object.entries<WireJson>(
  JSON.parse(readFileSync(new URL('../schemas/examples-2026-07-28.json', import.meta.url), 'utf8')),
).map(([file, json]) => ({ file, json }))
/** Requests that a server makes inside of its results; whole messages in no era but the other one. */
const ofServer = ['elicitation/create', 'sampling/createMessage', 'roots/list']

/** What the examples ask for. */
const offer = (server: McpServer) => {
  const location = { type: 'object', properties: { location: { type: 'string' } } } as const
  server.registerTool('get_weather', { inputSchema: location }, ({ location: place }) => `21 °C in ${place}`)
  const argsSchema = {
    type: 'object',
    properties: { code: { type: 'string' }, language: { type: 'string' } },
  } as const
  const complete = {
    language: (value: string) => ['python', 'pytorch'].filter((name) => name.startsWith(value)),
  }
  server.registerPrompt('code_review', { argsSchema, complete }, ({ code }) => `Review:\n${code}`)
  server.registerResourceTemplate(
    'files',
    'file:///project/{+path}',
    { subscribe: true },
    () => 'fn main() {}',
  )
}

test('every example that is a message is decoded as one of its kind', () => {
  assert.ok(examples.length > 20)
  for (const { file, json } of examples) {
    const message = decodeMessage(decodeBody(Buffer.from(JSON.stringify(json))))
    const expected =
      json.method === undefined ? 'response' : json.id === undefined ? 'notification' : 'request'
    assert.equal(message.kind, expected, file)
  }
})

test('every request of a client is answered with a result that its schema allows', async (t) => {
  const { url, opened } = await serving(t, { setup: offer })
  const requests = examples.filter(({ json }) => json.id !== undefined && !ofServer.includes(json.method))
  const seen = new Set<string>()
  for (const { json: message, file } of requests) {
    const { method, params } = message
    if (method === undefined) continue
    seen.add(method)
    const name = params.name ?? params.uri
    const headers = {
      'mcp-protocol-version': statelessRevision,
      'mcp-method': method,
      ...(['tools/call', 'prompts/get', 'resources/read'].includes(method) && { 'mcp-name': name }),
    }
    if (method === 'subscriptions/listen') {
      const stream = await opened(openSse(url, { message, headers }))
      const { params: sent } = await stream.nextMessage()
      assert.deepEqual(sent.notifications, params.notifications)
      continue
    }
    // A cursor of another server is none of ours.
    const { cursor, ...rest } = params
    const refused = cursor === undefined ? undefined : await post(url, message, headers)
    if (refused !== undefined) assert.equal(refused.json.error.code, -32602, file)
    const reply = await post(url, { ...message, params: rest }, headers)
    assert.equal(reply.status, 200, `${file}: ${reply.text}`)
    assert.deepEqual([reply.json.id, reply.json.result.resultType], [message.id, 'complete'], file)
  }
  assert.ok(seen.size >= 9, [...seen].join())
})

test('notifications of a client are taken', async (t) => {
  const { url } = await serving(t)
  for (const { json } of examples) {
    if (json.method !== 'notifications/cancelled') continue
    const headers = { 'mcp-protocol-version': statelessRevision }
    assert.equal((await post(url, json, headers, { check: false })).status, 202)
  }
})

test('the examples of what a server sends are valid, so that the schema check means what it says', () => {
  for (const { json, file } of examples) {
    const isSent =
      json.id === undefined ? json.method !== 'notifications/cancelled' : json.method === undefined
    if (!isSent) continue
    assert.deepEqual(problemsOf(statelessRevision, 'server-to-client', json), [], file)
  }
})
