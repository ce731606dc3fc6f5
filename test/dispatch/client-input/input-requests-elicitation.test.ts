/** Elicitation: forms and URLs as they go out, answers as handlers get them, and what is never sent. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import {
  type ElicitFormParams,
  type ElicitUrlParams,
  type McpError,
  type McpServer,
  MissingCapabilityError,
} from '../../../src/index.ts'
import { define, join, open, start } from '../../features/offering.ts'
import { ErrorAnswer, type OnRequest, type WireJson } from '../../helpers/wire.ts'

const person = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, title: 'Name' },
    age: { type: 'integer', default: 30 },
    mail: { type: 'string', format: 'email' },
    colour: { type: 'string', enum: ['red', 'blue'], default: 'blue' },
    ok: { type: 'boolean' },
  },
  required: ['name'],
} as const

/** A tool that asks, and tells what became of it. */
function askWith(server: McpServer, params: WireJson, name = 'ask'): void {
  server.registerTool(name, {}, async (_args, ctx) => {
    try {
      const answer = await ctx.elicit('key', params as ElicitFormParams<object>)
      return { structuredContent: { answer } }
    } catch (error) {
      return { structuredContent: { failed: String(error), code: (error as McpError).code } }
    }
  })
}

const forms = { elicitation: {} }
const both = { elicitation: { form: {}, url: {} } }

for (const protocolVersion of ['2025-06-18', '2025-11-25']) {
  test(`a form goes out with its message and schema on the stream of its call, and the answer comes back, in ${protocolVersion} [elicitation.message] [elicitation.form-mode] [elicitation.form-schema]`, async (t) => {
    const { server } = define()
    askWith(server, { message: 'Who are you?', requestedSchema: person })
    const content = { name: 'Ann', mail: 'ann@example.com', ok: true }
    const onRequest = () => ({ action: 'accept', content })
    const session = await open(t, server, { protocolVersion, capabilities: forms, onRequest })
    const { messages, result } = await session.call('ask')
    assert.equal(messages[0].method, 'elicitation/create')
    assert.deepEqual(messages[0].params, { message: 'Who are you?', requestedSchema: person })
    const filled = { ...content, age: 30, colour: 'blue' }
    assert.deepEqual(result.structuredContent.answer, { action: 'accept', content: filled })
  })

  test(`decline and cancel reach the handler without content in ${protocolVersion}`, async (t) => {
    const { server } = define()
    askWith(server, { message: 'Sure?', requestedSchema: person })
    for (const action of ['decline', 'cancel']) {
      for (const content of [undefined, { name: 'leaked' }]) {
        const onRequest = () => ({ action, ...(content && { content }) })
        const session = await open(t, server, { protocolVersion, capabilities: forms, onRequest })
        assert.deepEqual((await session.call('ask')).result.structuredContent.answer, { action })
      }
    }
  })

  test(`an answer that does not fit rejects in the handler in ${protocolVersion} [elicitation.content-validated] [v2025-06-18.elicitation-content]`, async (t) => {
    const { server } = define()
    askWith(server, { message: 'Who?', requestedSchema: person })
    let answer: WireJson
    const onRequest = () => answer
    const options = { protocolVersion, capabilities: forms, onRequest, check: false as const }
    const session = await open(t, server, options)
    const wrong: [WireJson, RegExp][] = [
      [{ action: 'accept', content: {} }, /name/],
      [{ action: 'accept' }, /name/],
      [{ action: 'accept', content: null }, /name/],
      [{ action: 'accept', content: 'Ann' }, /object/],
      [{ action: 'accept', content: { name: 'Ann', age: 'old' } }, /\/age: /],
      [{ action: 'accept', content: { name: 'Ann', mail: 'nobody' } }, /\/mail: /],
      [{ action: 'accept', content: { name: 'Ann', colour: 'green' } }, /\/colour: /],
      [{ action: 'accept', content: { name: 'Ann', ok: 'yes' } }, /\/ok: /],
      [{ action: 'agree', content: { name: 'Ann' } }, /"action"/],
      [{}, /"action"/],
    ]
    for (const [value, expected] of wrong) {
      answer = value
      const { failed, code } = (await session.call('ask')).result.structuredContent
      assert.equal(code, 'ERR_INVALID_ANSWER', JSON.stringify(value))
      assert.match(failed, expected)
    }
  })
}

const libraries = {
  zod: z.object({ n: z.string().transform(Number), unit: z.enum(['c', 'f']).default('c') }),
  arktype: type({ n: ['string', '=>', Number], unit: "'c' | 'f' = 'c'" }),
  valibot: toStandardJsonSchema(
    v.object({ n: v.pipe(v.string(), v.transform(Number)), unit: v.optional(v.picklist(['c', 'f']), 'c') }),
  ),
}

for (const [name, requestedSchema] of Object.entries(libraries)) {
  test(`a ${name} schema makes the form, and the handler gets typed content`, async (t) => {
    const { server } = define()
    server.registerTool('ask', {}, async (_args, ctx) => {
      const { action, content } = await ctx.elicit('n', { message: 'How many?', requestedSchema })
      return action === 'accept' ? `${content.n + 1} ${content.unit.toUpperCase()}` : action
    })
    let n: unknown = '4'
    const onRequest = () => ({ action: 'accept', content: { n } })
    const session = await open(t, server, { capabilities: forms, onRequest })
    const { messages, result } = await session.call('ask')
    assert.equal(result.content[0].text, '5 C')
    const { requestedSchema: sent } = messages[0].params
    assert.deepEqual([sent.type, sent.properties.n, sent.required], ['object', { type: 'string' }, ['n']])
    const { default: _, ...unit } = sent.properties.unit
    assert.deepEqual(unit, { type: 'string', enum: ['c', 'f'] })
    n = 4
    const bad = (await session.call('ask')).result
    assert.deepEqual([bad.isError, /\/n: /.test(bad.content[0].text)], [true, true])
  })
}

test('the content of a literal is typed, and narrowed by the action', async (t) => {
  const { server } = define()
  server.registerTool('ask', {}, async (_args, ctx) => {
    const answer = await ctx.elicit('person', { message: 'Who?', requestedSchema: person })
    if (answer.action !== 'accept') return answer.action
    const { name, age = 0, ok = false } = answer.content
    return `${name.length + age} ${!ok}`
  })
  const content = { name: 'Ann', age: 1, ok: true }
  const onRequest = () => ({ action: 'accept', content })
  const session = await open(t, server, { capabilities: forms, onRequest })
  assert.equal((await session.call('ask')).result.content[0].text, '4 false')
})

test('a form that is not flat, or has no message, is refused before it is sent [elicitation.form-schema] [elicitation.message]', async (t) => {
  const { server } = define()
  const object = (properties: object) => ({ message: 'm', requestedSchema: { type: 'object', properties } })
  const wrong: WireJson[] = [
    object({ a: { type: 'object', properties: {} } }),
    object({ a: { type: 'array', items: { type: 'string' } } }),
    object({ a: { type: 'array', items: { type: 'object' } } }),
    object({ a: { type: 'null' } }),
    object({ a: { type: ['string', 'null'] } }),
    object({ a: { enum: ['x'] } }),
    object({ a: true }),
    object({ a: { $ref: '#/$defs/b' }, $defs: { b: {} } }),
    { message: 'm', requestedSchema: { type: 'object' } },
    { message: 'm', requestedSchema: { type: 'string' } },
    { message: 'm', requestedSchema: { type: 'object', properties: { a: { type: 'strnig' } } } },
    { message: 'm', requestedSchema: null },
    { message: 'm' },
    { requestedSchema: person },
    { message: 5, requestedSchema: person },
    { message: 'm', requestedSchema: z.object({ a: z.object({}) }) },
  ]
  for (const [index, params] of wrong.entries()) askWith(server, params, `ask${index}`)
  const session = await open(t, server, { capabilities: both, onRequest: () => ({ action: 'cancel' }) })
  for (const [index, params] of wrong.entries()) {
    const { kind, result } = await session.call(`ask${index}`)
    assert.equal(kind, 'json', JSON.stringify(params))
    assert.match(result.structuredContent.failed, /^TypeError: /)
  }
  assert.deepEqual(session.serverRequests, [])
})

test('titled choices, single and multiple, are forms', async (t) => {
  const { server } = define()
  const options = [
    { const: 'a', title: 'A' },
    { const: 'b', title: 'B' },
  ]
  const requestedSchema = {
    type: 'object',
    properties: {
      one: { type: 'string', oneOf: options },
      some: { type: 'array', items: { anyOf: options }, maxItems: 2 },
      more: { type: 'array', items: { type: 'string', enum: ['tea', 'coffee'] } },
      legacy: { type: 'string', enum: ['a'], enumNames: ['A'] },
    },
  }
  askWith(server, { message: 'm', requestedSchema })
  const content = { one: 'a', some: ['b'], more: [], legacy: 'a' }
  const onRequest = () => ({ action: 'accept', content })
  const session = await open(t, server, { capabilities: forms, onRequest })
  assert.deepEqual((await session.call('ask')).result.structuredContent.answer.content, content)
})

test('a URL goes out with an id, and its completion is told to the client that was asked [elicitation.url-mode] [elicitation.complete-id] [elicitation.complete-to-initiator]', async (t) => {
  const { server } = define()
  const ids = [undefined, 'own-id']
  for (const [index, elicitationId] of ids.entries()) {
    server.registerTool(`ask${index}`, {}, async (_args, ctx) => {
      const params: ElicitUrlParams = { message: 'Sign in', url: 'https://example.com/a?b=c' }
      const answer = await ctx.elicit('u', { ...params, ...(elicitationId && { elicitationId }) })
      ctx.elicitationComplete(elicitationId ?? 'unknown')
      return { structuredContent: { answer } }
    })
  }
  const handle = server.registerTool('last', {}, () => '')
  const url = await start(t, server)
  const onRequest = () => ({ action: 'accept' })
  const asked = await join(t, url, { capabilities: both, onRequest })
  const other = await join(t, url, { capabilities: both })
  const listening = await other.listen()
  await listening.until(() => true)
  const made = (await asked.call('ask0')).messages[0].params
  assert.match(made.elicitationId, /^[\w-]{36}$/)
  const { messages, result } = await asked.call('ask1')
  const sent = { mode: 'url', message: 'Sign in', url: 'https://example.com/a?b=c', elicitationId: 'own-id' }
  assert.deepEqual(messages[0].params, sent)
  assert.deepEqual(messages[1], {
    jsonrpc: '2.0',
    method: 'notifications/elicitation/complete',
    params: { elicitationId: 'own-id' },
  })
  assert.deepEqual(result.structuredContent.answer, { action: 'accept' })
  handle.remove()
  assert.equal((await listening.nextMessage()).method, 'notifications/tools/list_changed')
})

test('a request whose url is none is not sent [elicitation.url-valid]', async (t) => {
  const { server } = define()
  const wrong = ['', 'example.com', '/path', 'https://', 5]
  for (const [index, url] of wrong.entries()) askWith(server, { message: 'm', url }, `ask${index}`)
  askWith(server, { url: 'https://example.com' }, 'silent')
  const session = await open(t, server, { capabilities: both })
  for (const index of wrong.keys()) {
    assert.match((await session.call(`ask${index}`)).result.structuredContent.failed, /TypeError: .*"url"/)
  }
  assert.match((await session.call('silent')).result.structuredContent.failed, /TypeError: .*"message"/)
  assert.deepEqual(session.serverRequests, [])
})

test('a mode that the client did not declare is never sent; an empty declaration means forms [elicitation.modes-declared]', async (t) => {
  const { server } = define()
  askWith(server, { message: 'm', requestedSchema: person }, 'form')
  askWith(server, { message: 'm', url: 'https://example.com' }, 'url')
  let thrown: unknown
  server.registerTool('uncaught', {}, async (_args, ctx) => {
    try {
      return await ctx.elicit('k', { message: 'm', requestedSchema: person }).then(() => '')
    } catch (error) {
      thrown = error
      throw error
    }
  })
  const url = await start(t, server)
  const cases: [object, boolean, boolean][] = [
    [{}, false, false],
    [{ sampling: {} }, false, false],
    [forms, true, false],
    [{ elicitation: { form: {} } }, true, false],
    [{ elicitation: { url: {} } }, false, true],
    [both, true, true],
  ]
  for (const [capabilities, form, byUrl] of cases) {
    const session = await join(t, url, { capabilities, onRequest: () => ({ action: 'cancel' }) })
    for (const [name, allowed] of [
      ['form', form],
      ['url', byUrl],
    ] as const) {
      const { answer, code } = (await session.call(name)).result.structuredContent
      const expected = allowed ? { action: 'cancel' } : undefined
      assert.deepEqual([answer, code], [expected, allowed ? undefined : 'ERR_CLIENT_CAPABILITY'])
    }
    assert.equal(session.serverRequests.length, Number(form) + Number(byUrl))
  }
  const without = await join(t, url)
  const { result } = await without.call('uncaught')
  assert.ok(thrown instanceof MissingCapabilityError)
  assert.deepEqual(thrown.requiredCapabilities, { elicitation: { form: {} } })
  assert.deepEqual(result, { content: [{ type: 'text', text: thrown.message }], isError: true })
})

test('an error of the client rejects in the handler, and uncaught it is isError, not our own error', async (t) => {
  const { server, errors } = define()
  askWith(server, { message: 'm', requestedSchema: person })
  server.registerTool('uncaught', {}, async (_args, ctx) => {
    await ctx.elicit('k', { message: 'm', requestedSchema: person })
    return ''
  })
  const onRequest: OnRequest = () => {
    throw new ErrorAnswer(-32042, 'no window')
  }
  const session = await open(t, server, { capabilities: forms, onRequest })
  const { code, failed } = (await session.call('ask')).result.structuredContent
  assert.deepEqual([code, /no window \(-32042\)/.test(failed)], ['ERR_CLIENT_ANSWER', true])
  const reply = await session.call('uncaught')
  assert.deepEqual([reply.error, reply.result.isError, errors], [undefined, true, []])
  assert.match(reply.result.content[0].text, /no window/)
})

test('only the session that was asked can answer [elicitation.bound-to-client]', async (t) => {
  const { server } = define()
  askWith(server, { message: 'm', requestedSchema: person })
  const url = await start(t, server)
  const asked = await join(t, url, { capabilities: forms })
  const stranger = await join(t, url, { capabilities: forms })
  const stream = await asked.stream('tools/call', { name: 'ask' })
  const { id } = await stream.nextMessage()
  const content = { name: 'Mallory' }
  const forged = { jsonrpc: '2.0', id, result: { action: 'accept', content } }
  assert.equal((await stranger.send(forged, { check: false })).status, 202)
  assert.equal((await asked.respond(id, { action: 'accept', content: { name: 'Ann' } })).status, 202)
  const { result } = await stream.nextMessage()
  assert.equal(result.structuredContent.answer.content.name, 'Ann')
})
