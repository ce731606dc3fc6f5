/**
 * Scopes after the first request: in batches, tasks, subscriptions, on resumed streams, in the rounds of a question and in
 * a session that goes on with another token.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer, serve } from '../../src/index.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { openSse, post, TestSession } from '../helpers/wire.ts'
import { TaskClient } from '../stateless-era/task-client.ts'
import { as, define, resourceOf, start } from './scoped-serving.ts'
import { challengeOf, mirrored, statelessRequest } from './serving.ts'

test('a batch with one request that lacks scopes is one 403 with all that it needs, and nothing of it runs', async (t) => {
  const { url, ran } = await start(t)
  const session = await TestSession.open(url, { protocolVersion: '2025-03-26', headers: as('ada') })
  const call = (id: number, name: string, args: object = {}) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: args },
  })
  const send = (messages: object[], headers: object) =>
    post(url, JSON.stringify(messages), { ...session.headers, ...headers }, { check: 'none' })
  const messages = [
    call(1, 'whoami'),
    call(2, 'read'),
    call(3, 'write'),
    call(4, 'by_path', { path: '/etc' }),
  ]
  const refused = await send(messages, as('ada', 'notes:read'))
  assert.equal(refused.status, 403, refused.text)
  assert.equal(challengeOf(refused)['scope'], 'notes:read notes:write admin:all')
  assert.deepEqual(ran, [])
  const allowed = await send(messages, as('ada', 'notes:all', 'admin:all'))
  assert.equal(allowed.status, 200)
  assert.equal(allowed.json.length, 4)
  const failing = await send([call(1, 'by_failure'), call(2, 'read')], as('ada', 'notes:read'))
  assert.equal(failing.status, 200, 'what fails is the answer to its own request')
  assert.equal(failing.json.length, 2)
})

test('subscriptions/listen for a resource or a task without its scope is 403', async (t) => {
  const { url, server } = await start(t)
  server.registerTool('job', { task: true, scopes: ['notes:write'] }, async (_args, ctx) => {
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    return 'never'
  })
  const listen = (headers: object, filter: object) =>
    post(url, statelessRequest('subscriptions/listen', { notifications: filter }), {
      ...mirrored('subscriptions/listen'),
      accept: 'application/json, text/event-stream',
      ...headers,
    })
  const uris = ['note://secret', 'note://all/root']
  const refused = await listen(as('ada', 'notes:read'), { resourceSubscriptions: uris })
  assert.equal(refused.status, 403)
  assert.equal(challengeOf(refused)['scope'], 'notes:read admin:all')
  const client = new StatelessClient(url, { headers: as('ada', 'notes:read', 'admin:all') })
  const stream = await client.stream('subscriptions/listen', {
    notifications: { resourceSubscriptions: uris },
  })
  t.after(() => stream.close())
  const acknowledged = await stream.nextMessage()
  assert.deepEqual(acknowledged.params.notifications.resourceSubscriptions, uris)
  server.notifyResourceUpdated('note://secret')
  assert.equal((await stream.nextMessage()).params.uri, 'note://secret')

  const tasks = new TaskClient(url, { headers: as('ada', 'notes:write') })
  const taskId = await tasks.begin('job')
  const narrow = new TaskClient(url, { headers: as('ada', 'notes:read') })
  const narrowed = await narrow.request('subscriptions/listen', { notifications: { taskIds: [taskId] } })
  assert.equal(narrowed.status, 403)
  await tasks.cancel(taskId)
})

test('tasks/* asks for the scopes of the call again, and for the same principal', async (t) => {
  const { url, server } = await start(t)
  server.registerTool('job', { task: true, scopes: ['notes:write'] }, () => 'done')
  const refused = await new TaskClient(url, { headers: as('ada', 'notes:read') }).call('job')
  assert.equal(refused.status, 403, 'no task is begun')
  const tasks = new TaskClient(url, { headers: as('ada', 'notes:write') })
  const taskId = await tasks.begin('job')
  const narrow = new TaskClient(url, { headers: as('ada', 'notes:read') })
  for (const reply of [
    await narrow.get(taskId),
    await narrow.cancel(taskId),
    await narrow.update(taskId, {}),
  ]) {
    assert.equal(reply.status, 403)
    assert.match(String(reply.headers['www-authenticate']), /scope="notes:write notes:read"/)
  }
  const bob = await new TaskClient(url, { headers: as('bob', 'notes:all') }).get(taskId)
  assert.notEqual(bob.error, undefined)
  assert.notEqual(bob.status, 403, 'it does not exist for others')
  const wider = new TaskClient(url, { headers: as('ada', 'notes:all') })
  assert.equal((await wider.until(taskId, 'completed')).status, 'completed')
})

test('tasks of a session ask for the scopes of the call again, and a list leaves out those that a token may not know', async (t) => {
  const { url, server } = await start(t)
  let finish: (text: string) => void = () => {}
  const job = () => new Promise<string>((resolve) => (finish = resolve))
  server.registerTool('job', { task: true, scopes: ['notes:write'] }, job)
  server.registerTool('open', { task: true }, () => 'open')
  const open = (...scopes: string[]) => TestSession.open(url, { headers: as('ada', ...scopes) })
  const [wide, narrow] = [await open('notes:write'), await open('notes:read')]
  const begin = (name: string) => ({ name, arguments: {}, task: {} })
  const refused = await narrow.request('tools/call', begin('job'))
  assert.equal(refused.status, 403, 'no task is begun')
  const { taskId } = (await wide.request('tools/call', begin('job'))).result.task
  const free = (await narrow.request('tools/call', begin('open'))).result.task.taskId

  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
    const reply = await narrow.request(method, { taskId })
    assert.equal(reply.status, 403, method)
    assert.match(String(reply.headers['www-authenticate']), /scope="notes:write notes:read"/)
  }
  const listed = async (session: TestSession) =>
    (await session.request('tasks/list')).result.tasks.map((task: { taskId: string }) => task.taskId)
  assert.deepEqual(await listed(wide), [taskId, free])
  assert.deepEqual(await listed(narrow), [free])

  // The stream of the session tells the states of its tasks, as long as they are not over.
  const get = (scope: string) => openSse(url, { headers: { ...wide.headers, ...as('ada', scope) } })
  await assert.rejects(get('notes:read'), /403/)
  const waiting = wide.request('tasks/result', { taskId })
  finish('done')
  assert.equal((await waiting).result.content[0].text, 'done')
  const stream = await get('notes:read')
  await stream.close()
})

test('a resumed stream asks for the scopes of its call, and for the same principal', async (t) => {
  const ran: string[] = []
  const server = new McpServer({ name: 'a', version: '1' }, { logging: true })
  define(server, ran)
  const { url, close } = await serve(server, { port: 0, auth: resourceOf() })
  t.after(() => close({ drainMs: 0 }))
  const session = await TestSession.open(url, { headers: as('ada', 'notes:read') })
  const reply = await session.call('talk')
  assert.equal(reply.kind, 'sse')
  const first = reply.events.find(({ id }) => id !== undefined)?.id as string
  const resume = (headers: object) =>
    openSse(url, { headers: { ...session.headers, 'last-event-id': first, ...headers } })
  await assert.rejects(resume(as('ada', 'admin:all')), /403/)
  await assert.rejects(resume(as('bob', 'notes:read')), /404/)
  const stream = await resume(as('ada', 'notes:write'))
  t.after(() => stream.close())
  assert.ok((await stream.next()) !== undefined)
})

test('the stream of a session asks for the scopes of what it subscribes to', async (t) => {
  const { url, server } = await start(t)
  const session = await TestSession.open(url, { headers: as('ada', 'notes:read') })
  await session.request('resources/subscribe', { uri: 'note://secret' })
  const listen = (headers: object) => openSse(url, { headers: { ...session.headers, ...headers } })
  await assert.rejects(listen(as('ada')), /403/)
  const stream = await listen(as('ada', 'notes:read'))
  server.notifyResourceUpdated('note://secret')
  assert.equal((await stream.nextMessage()).params.uri, 'note://secret')
  await stream.close()
  await session.request('resources/unsubscribe', { uri: 'note://secret' })
  const free = await listen(as('ada'))
  await free.close()
})

test('an elicitation keeps the principal: with fewer scopes the next round is 403, for another principal it is refused [elicitation.user-from-credentials]', async (t) => {
  const { url, server, ran } = await start(t)
  server.registerTool('ask', { scopes: ['notes:write'] }, async (_args, ctx) => {
    const { action } = await ctx.elicit('sure', {
      message: 'Sure?',
      requestedSchema: { type: 'object', properties: {} },
    })
    ran.push(`${ctx.auth?.id} ${action}`)
    return action
  })
  const capabilities = { elicitation: { form: {} } }
  const client = (...parts: string[]) => new StatelessClient(url, { capabilities, headers: as(...parts) })
  const asked = await client('ada', 'notes:write').call('ask')
  const { requestState } = asked.result
  const answer = { inputResponses: { sure: { action: 'accept', content: {} } }, requestState }
  const again = (...parts: string[]) =>
    client(...parts).request('tools/call', { name: 'ask', arguments: {}, ...answer }, { check: 'none' })
  assert.equal((await again('ada', 'notes:read')).status, 403)
  const other = await again('bob', 'notes:write')
  assert.notEqual(other.error, undefined)
  assert.deepEqual(ran, [])
  const done = await again('ada', 'notes:all')
  assert.equal(done.result.content[0].text, 'accept')
  assert.deepEqual(ran, ['ada accept'])
})

test('a session goes on with another token of the same subject, and is 404 for another one [elicitation.identity-best-practices]', async (t) => {
  const { url } = await start(t)
  const session = await TestSession.open(url, { headers: as('ada', 'notes:read') })
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  assert.equal((await post(url, ping, { ...session.headers, ...as('ada', 'admin:all') })).status, 200)
  assert.equal((await post(url, ping, { ...session.headers, ...as('bob', 'notes:read') })).status, 404)
  assert.equal((await post(url, ping, { ...session.headers, ...as('bad') })).status, 401)
})
