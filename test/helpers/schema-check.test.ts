/** The schema check itself: it must accept what the revisions define and refuse each kind of fault. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import {
  checkedRevisions,
  checkMessage,
  definitionFor,
  problemsOf,
  resultDefinitionFor,
  SchemaViolation,
} from './schema-check.ts'

const call = (params: object) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
const answer = (result: object) => ({ jsonrpc: '2.0', id: 1, result })
const text = { type: 'text', text: 'hello' }

for (const revision of ['2025-03-26', '2025-06-18', '2025-11-25'] as const) {
  test(`checkMessage accepts a right conversation of ${revision}`, () => {
    const clientInfo = { name: 'test', version: '1' }
    const params = { protocolVersion: revision, capabilities: {}, clientInfo }
    checkMessage(revision, 'client-to-server', { jsonrpc: '2.0', id: 0, method: 'initialize', params })
    const initialized = { protocolVersion: revision, capabilities: {}, serverInfo: clientInfo }
    checkMessage(revision, 'server-to-client', answer(initialized), { method: 'initialize' })
    const ready = { jsonrpc: '2.0', method: 'notifications/initialized' }
    checkMessage(revision, 'client-to-server', ready)
    checkMessage(revision, 'client-to-server', call({ name: 'add', arguments: { a: 1 } }))
    checkMessage(revision, 'server-to-client', answer({ content: [text] }), { method: 'tools/call' })
    checkMessage(revision, 'server-to-client', answer({}), { method: 'ping' })
    const error = { code: -32601, message: 'no such method' }
    checkMessage(revision, 'server-to-client', { jsonrpc: '2.0', id: 'a', error })
  })

  test(`problemsOf finds each wrong result shape in ${revision}`, () => {
    const wrong: [method: string, result: object, at: RegExp][] = [
      ['tools/call', {}, /content/],
      ['tools/call', { content: 'hello' }, /\/content: must be array/],
      ['tools/call', { content: [{ type: 'txt', text: 'x' }] }, /\/content\/0/],
      ['tools/call', { content: [text], iserror: true }, /iserror.*no such member/],
      ['tools/list', { tools: [{ name: 'x' }] }, /inputSchema/],
      ['tools/list', { tools: [], nextcursor: 'a' }, /nextcursor.*no such member/],
      ['resources/read', { content: [] }, /contents/],
      ['prompts/get', { messages: [{ role: 'system', content: text }] }, /\/messages\/0\/role/],
      ['completion/complete', { completion: { values: [1] } }, /\/values\/0/],
      ['initialize', { protocolVersion: revision, capabilities: {} }, /serverInfo/],
      ['ping', { pong: true }, /pong.*no such member/],
    ]
    for (const [method, result, at] of wrong) {
      const problems = problemsOf(revision, 'server-to-client', answer(result), { method })
      assert.match(problems.join('\n'), at, `${method} ${JSON.stringify(result)}`)
    }
  })
}

test('every published schema is valid by its own dialect', () => {
  for (const name of [...checkedRevisions, 'tasks-extension']) {
    const schema = JSON.parse(readFileSync(new URL(`../schemas/${name}.json`, import.meta.url), 'utf8'))
    const ajv = String(schema.$schema).includes('2020-12') ? new Ajv2020() : new Ajv()
    assert.equal(ajv.validateSchema(schema), true, `${name}: ${ajv.errorsText()}`)
  }
})

test('checkMessage throws a SchemaViolation that lists the problems', () => {
  assert.throws(
    () => checkMessage('2025-11-25', 'client-to-server', call({})),
    (error: unknown) =>
      error instanceof SchemaViolation &&
      /name/.test(error.problems.join()) &&
      /tools\/call/.test(error.message),
  )
})

test('problemsOf refuses wrong envelopes', () => {
  const wrong: [message: unknown, problem: RegExp][] = [
    [null, /expected a JSON object, got null/],
    [[], /got an array/],
    [{ id: 1, method: 'ping' }, /\/jsonrpc/],
    [{ jsonrpc: '2.0', id: 1 }, /exactly one of/],
    [{ jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: '' } }, /result and error/],
    [{ jsonrpc: '2.0', id: null, method: 'ping' }, /\/id/],
    [{ jsonrpc: '2.0', id: 1.5, method: 'ping' }, /\/id/],
    [{ jsonrpc: '2.0', result: {} }, /id/],
    [{ jsonrpc: '2.0', id: 1, result: [] }, /\/result/],
    [{ jsonrpc: '2.0', id: 1, error: { code: 1.5, message: '' } }, /\/error\/code/],
    [{ jsonrpc: '2.0', id: 1, error: { code: 1 } }, /message/],
    [{ jsonrpc: '2.0', id: null, error: { code: 1, message: '' } }, /\/id/],
  ]
  for (const [message, problem] of wrong) {
    const problems = problemsOf('2025-11-25', 'client-to-server', message)
    assert.match(problems.join('\n'), problem, JSON.stringify(message))
  }
})

test('problemsOf lets an error answer to an unreadable message go without an id', () => {
  const error = { code: -32700, message: 'invalid JSON' }
  for (const revision of checkedRevisions) {
    assert.deepEqual(problemsOf(revision, 'server-to-client', { jsonrpc: '2.0', error }), [])
  }
  assert.deepEqual(problemsOf('2025-03-26', 'server-to-client', { jsonrpc: '2.0', id: null, error }), [])
})

test('problemsOf knows which party may send a method, and since when', () => {
  const listRoots = { jsonrpc: '2.0', id: 1, method: 'roots/list' }
  assert.deepEqual(problemsOf('2025-06-18', 'server-to-client', listRoots), [])
  assert.match(problemsOf('2025-06-18', 'client-to-server', listRoots).join(), /no client-to-server request/)
  const params = { message: 'sure?', requestedSchema: { type: 'object', properties: {} } }
  const elicit = { jsonrpc: '2.0', id: 1, method: 'elicitation/create', params }
  assert.deepEqual(problemsOf('2025-06-18', 'server-to-client', elicit), [])
  assert.match(problemsOf('2025-03-26', 'server-to-client', elicit).join(), /no server-to-client request/)
  const asNotification = { jsonrpc: '2.0', method: 'tools/list' }
  assert.match(
    problemsOf('2025-11-25', 'client-to-server', asNotification).join(),
    /notification "tools\/list"/,
  )
})

test('problemsOf checks the answers that a client sends', () => {
  const method = 'elicitation/create'
  const accepted = answer({ action: 'accept', content: { ratio: 1.5, name: 'x' } })
  assert.deepEqual(problemsOf('2025-11-25', 'client-to-server', accepted, { method }), [])
  const wrong = answer({ action: 'ok' })
  assert.match(problemsOf('2025-11-25', 'client-to-server', wrong, { method }).join(), /\/result\/action/)
  const roots = answer({ roots: [{ name: 'no uri' }] })
  assert.match(problemsOf('2025-11-25', 'client-to-server', roots, { method: 'roots/list' }).join(), /uri/)
})

test('problemsOf with allowExtraMembers still checks the members it knows', () => {
  const options = { method: 'tools/call', allowExtraMembers: true }
  const extra = answer({ content: [text], vendor: 1 })
  assert.deepEqual(problemsOf('2025-11-25', 'server-to-client', extra, options), [])
  const wrong = answer({ content: 1, vendor: 1 })
  assert.match(problemsOf('2025-11-25', 'server-to-client', wrong, options).join(), /\/content/)
})

test('problemsOf checks formats: a resource needs a URI and base64 data', () => {
  const method = 'resources/read'
  const good = answer({ contents: [{ uri: 'file:///a', blob: 'AAAA' }] })
  assert.deepEqual(problemsOf('2025-11-25', 'server-to-client', good, { method }), [])
  for (const content of [
    { uri: 'not a uri', text: '' },
    { uri: 'file:///a', blob: 'not base64!' },
  ]) {
    const problems = problemsOf('2025-11-25', 'server-to-client', answer({ contents: [content] }), { method })
    assert.notDeepEqual(problems, [], JSON.stringify(content))
  }
})

test('problemsOf of 2026-07-28 wants resultType, and knows an input_required result', () => {
  const options = { method: 'tools/call' }
  const check = (result: object) => problemsOf('2026-07-28', 'server-to-client', answer(result), options)
  assert.deepEqual(check({ resultType: 'complete', content: [text] }), [])
  assert.match(check({ content: [text] }).join(), /resultType/)
  assert.deepEqual(check({ resultType: 'input_required', requestState: 'abc' }), [])
  assert.match(check({ resultType: 'input_required', requestState: 5 }).join(), /requestState/)
})

test('problemsOf takes a task in place of the result of a task-augmented call', () => {
  const at = '2026-01-01T00:00:00Z'
  const task = { taskId: 't', status: 'working', createdAt: at, lastUpdatedAt: at, ttl: null }
  const check = (result: object, method: string) =>
    problemsOf('2025-11-25', 'server-to-client', answer(result), { method })
  assert.deepEqual(check({ task }, 'tools/call'), [])
  assert.match(check({ task: { taskId: 't' } }, 'tools/call').join(), /status/)
  assert.notDeepEqual(check({ task }, 'tools/list'), [])
})

test('problemsOf refuses a revision without a schema', () => {
  assert.throws(() => problemsOf('2020-01-01', 'client-to-server', {}), /no schema for revision 2020-01-01/)
})

test('definitionFor and resultDefinitionFor read the tables of the schemas', () => {
  assert.equal(definitionFor('2025-11-25', 'client-to-server', 'tools/call'), 'CallToolRequest')
  assert.equal(
    definitionFor('2025-11-25', 'server-to-client', 'notifications/message'),
    'LoggingMessageNotification',
  )
  assert.equal(definitionFor('2026-07-28', 'client-to-server', 'server/discover'), 'DiscoverRequest')
  assert.equal(definitionFor('2026-07-28', 'client-to-server', 'initialize'), undefined)
  assert.equal(resultDefinitionFor('2025-11-25', 'server-to-client', 'tools/call'), 'CallToolResult')
  assert.equal(resultDefinitionFor('2025-11-25', 'server-to-client', 'logging/setLevel'), 'EmptyResult')
  assert.equal(resultDefinitionFor('2025-11-25', 'client-to-server', 'roots/list'), 'ListRootsResult')
})
