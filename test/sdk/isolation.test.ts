/** One server for several clients: what is about one of them does not reach another, and sessions do not mix. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Gate } from '../../src/bounds/gate.ts'
import { Client } from '../../src/sdk/client/index.ts'
import { StreamableHTTPClientTransport } from '../../src/sdk/client/streamableHttp.ts'
import { McpServer } from '../../src/sdk/server/mcp.ts'
import {
  StreamableHTTPServerTransport,
  type StreamableHTTPServerTransportOptions,
} from '../../src/sdk/server/streamableHttp.ts'
import { LoggingMessageNotificationSchema, ToolListChangedNotificationSchema } from '../../src/sdk/types.ts'
import { listen } from './listen.ts'

const DONE = { content: [] }
const log = (data: string) => ({ method: 'notifications/message', params: { level: 'info', data } }) as const

interface SharedOptions extends StreamableHTTPServerTransportOptions {
  onresponseclosed?: () => void
}

async function shared(t: TestContext, server: McpServer, options: SharedOptions = {}) {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => randomUUID(), ...options })
  await server.connect(transport)
  return await listen(t, (req, res) => {
    res.once('close', () => options.onresponseclosed?.())
    return transport.handleRequest(req, res)
  })
}

async function connectAs(t: TestContext, url: URL, name: string) {
  const client = new Client({ name, version: '1.0.0' })
  const heard: unknown[] = []
  const lists = new Gate()
  client.setNotificationHandler(
    LoggingMessageNotificationSchema,
    ({ params }) => void heard.push(params.data),
  )
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => lists.open())
  await client.connect(new StreamableHTTPClientTransport(url))
  t.after(() => client.close())
  return { client, heard, lists }
}

const makeServer = () =>
  new McpServer({ name: 'shared', version: '1.0.0' }, { capabilities: { logging: {}, tools: {} } })

/** Messages outside of calls come on another stream, in order: after a last one that is for all, all are there. */
async function lastMessage(server: McpServer, ...clients: { readonly heard: unknown[]; client: Client }[]) {
  await server.server.notification(log('last'))
  for (const { client, heard } of clients) while (!heard.includes('last')) await client.ping()
}

test('a call that began when its client was alone: what it sends later is not for those who came since', async (t) => {
  const server = makeServer()
  const [begun, goOn] = [new Gate(), new Gate()]
  server.registerTool('slow', {}, async () => {
    begun.open()
    await goOn.passed
    await server.sendLoggingMessage({ level: 'info', data: 'secret' })
    await server.server.notification(log('secret, too'))
    return DONE
  })
  const url = await shared(t, server)
  const ann = await connectAs(t, url, 'ann')
  const call = ann.client.callTool({ name: 'slow' })
  await begun.passed
  const bob = await connectAs(t, url, 'bob')
  goOn.open()
  await call
  await lastMessage(server, ann, bob)
  assert.deepEqual(ann.heard, ['secret', 'secret, too', 'last'])
  assert.deepEqual(bob.heard, ['last'])
})

test('a relatedRequestId outside of calls never means the call of another client with the same id', async (t) => {
  const server = makeServer()
  const goOn = new Gate()
  const begun = [new Gate(), new Gate()]
  let count = 0
  let id: string | number = ''
  server.registerTool('slow', {}, async (extra) => {
    id = extra.requestId
    begun[count++]?.open()
    await goOn.passed
    return DONE
  })
  const url = await shared(t, server)
  const ann = await connectAs(t, url, 'ann')
  const bob = await connectAs(t, url, 'bob')
  const calls = [ann, bob].map(({ client }) => client.callTool({ name: 'slow' }))
  await Promise.all(begun.map((gate) => gate.passed))
  await assert.rejects(
    server.server.notification(log('of whom?'), { relatedRequestId: id }),
    /Several clients are connected.*extra\.sendNotification/,
  )
  goOn.open()
  await Promise.all(calls)
  await lastMessage(server, ann, bob)
  assert.deepEqual([ann.heard, bob.heard], [['last'], ['last']])
})

test('a list that changes within a call of one client has changed for all', async (t) => {
  const server = makeServer()
  server.registerTool('change', {}, async () => {
    server.registerTool('new', {}, () => DONE)
    return DONE
  })
  const url = await shared(t, server)
  const [ann, bob] = [await connectAs(t, url, 'ann'), await connectAs(t, url, 'bob')]
  await ann.client.callTool({ name: 'change' })
  await Promise.all([ann.lists.passed, bob.lists.passed])
})

test('without sessions each call may be of another client: messages of one do not go to another', async (t) => {
  const server = makeServer()
  const goOn = new Gate()
  const begun = [new Gate(), new Gate()]
  let count = 0
  server.registerTool('slow', {}, async (extra) => {
    const number = count++
    begun[number]?.open()
    await goOn.passed
    const { name } = server.server.getClientVersion() ?? {}
    await server.server.notification(log(`of call ${number}`), { relatedRequestId: extra.requestId })
    return { content: [{ type: 'text' as const, text: `${number} ${name}` }] }
  })
  const url = await shared(t, server, { sessionIdGenerator: undefined })
  const clients = [await connectAs(t, url, 'ann'), await connectAs(t, url, 'bob')]
  const calls: Promise<unknown>[] = []
  for (const [index, { client }] of clients.entries()) {
    calls.push(client.callTool({ name: 'slow' }))
    await begun[index]?.passed
  }
  goOn.open()
  await Promise.all(calls)
  assert.deepEqual(
    clients.map(({ heard }) => heard),
    [['of call 0'], ['of call 1']],
  )
})

test('sessions that open at the same time all have their server', async (t) => {
  const server = makeServer()
  server.registerTool('done', {}, () => DONE)
  const waiting: Gate[] = []
  const both = new Gate()
  const onsessioninitialized = async () => {
    const gate = new Gate()
    if (waiting.push(gate) === 2) both.open()
    await gate.passed
  }
  const url = await shared(t, server, { onsessioninitialized })
  const ann = connectAs(t, url, 'ann')
  const bob = connectAs(t, url, 'bob')
  await both.passed
  waiting[0]?.open()
  await Promise.race([ann, bob])
  waiting[1]?.open()
  const clients = await Promise.all([ann, bob])
  for (const { client } of clients) assert.deepEqual(await client.callTool({ name: 'done' }), DONE)
  await lastMessage(server, ...clients)
})

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'gone', version: '1' } },
})
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

test('a session that was never opened leaves nothing: its id can be given again', async (t) => {
  const server = makeServer()
  const [came, goOn, closed, over] = [new Gate(), new Gate(), new Gate(), new Gate()]
  let count = 0
  const onsessioninitialized = async () => {
    count += 1
    if (count === 1) throw new Error('refused')
    if (count > 2) return
    came.open()
    await goOn.passed
    setImmediate(() => over.open())
  }
  const onresponseclosed = () => {
    if (count === 2) closed.open()
  }
  const url = await shared(t, server, {
    sessionIdGenerator: () => 'the-same',
    onsessioninitialized,
    onresponseclosed,
  })
  const refused = await fetch(url, { method: 'POST', headers: HEADERS, body: INITIALIZE })
  assert.match(await refused.text(), /"error"/)
  const gone = request(url, { method: 'POST', headers: HEADERS })
  gone.on('error', () => {})
  gone.end(INITIALIZE)
  await came.passed
  gone.destroy()
  await closed.passed
  goOn.open()
  await over.passed
  const { client } = await connectAs(t, url, 'ann')
  await client.ping()
})
