/** A new session in place of one that is gone, where that does not go well. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, statusOf } from '../../src/client/index.ts'
import { within } from '../helpers/within.ts'
import { connected, failure, result, scripted, session, stream } from './scripted-server.ts'

const CAPABILITIES = { logging: {}, tools: { listChanged: true }, resources: { subscribe: true } }

test('a server that does not know the session that it has just begun is an error, and no wait for ourselves', async (t) => {
  const server = await scripted(t, (exchange) => {
    const { what, response } = exchange
    if (what === 'logging/setLevel' || what === 'GET') return response.writeHead(404).end()
    return session(() => {}, { capabilities: CAPABILITIES })(exchange)
  })
  const refused = connect(server.url, { logLevel: 'debug', timeoutMs: 0, first: 'initialize' })
  await within(
    assert.rejects(refused, (error) => statusOf(error) === 404),
    () => 'connect to reject',
  )
})

test('a server that forgets each session at once costs a call one typed error', async (t) => {
  let isForgetful = false
  let sessions = 0
  const server = await scripted(t, (exchange) => {
    const { what, response } = exchange
    if (what === 'GET') return response.writeHead(405).end()
    if (isForgetful && what !== 'initialize') return response.writeHead(404).end()
    if (what === 'initialize') sessions += 1
    const script = session((other) => result(other, { content: [] }), { id: `s${sessions}` })
    return script(exchange)
  })
  const client = await connected(t, server.url, { timeoutMs: 0, onError: () => {} })
  isForgetful = true
  await within(
    assert.rejects(client.callTool('a'), (error) => statusOf(error) === 404),
    () => 'the call to reject',
  )
  isForgetful = false
  await client.callTool('a')
})

test('a subscription that the new session refuses fails no call, and onError hears of it; the gap comes after it', async (t) => {
  let id = 'session-1'
  let release = () => {}
  const server = await scripted(t, (exchange) => {
    const { what, request, response } = exchange
    const theirs = request.headers['mcp-session-id']
    if (theirs !== undefined && theirs !== id) return response.writeHead(404).end()
    if (what === 'GET') return stream(exchange)
    if (what === 'resources/subscribe' && id === 'session-2') {
      release = () => failure(exchange, -32002, 'no such resource')
      return undefined
    }
    return session((other) => result(other, { content: [] }), { id, capabilities: CAPABILITIES })(exchange)
  })
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const client = await connected(t, server.url, { onError, checkOutput: false })
  const changes = client.changes({ resources: ['file:///a'] })
  const next = changes.next()
  while (!server.log().includes('resources/subscribe')) await client.ping()
  id = 'session-2'
  await within(client.callTool('a'), () => 'the call')
  while (server.log().filter((what) => what === 'resources/subscribe').length < 2) await client.ping()
  release()
  assert.deepEqual(await within(next, () => 'the gap'), { done: false, value: { kind: 'gap' } })
  await changes.return()
  assert.match(String(errors), /no such resource/)
})
