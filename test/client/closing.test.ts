/** close() while something waits: it rejects at once, and no timer and no connection of it remains. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Client, ConnectOptions } from '../../src/client/index.ts'
import { endOfTurn, within } from '../helpers/within.ts'
import {
  connected,
  type Exchange,
  event,
  response,
  result,
  type Script,
  scripted,
  session,
  stateless,
  stream,
} from './scripted-server.ts'
import { elicit } from './stateless-script.ts'

/** Timers that keep the process running. */
const timers = () => process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length

const task = {
  taskId: 't',
  status: 'working',
  pollIntervalMs: 60_000,
  ttlMs: null,
  createdAt: '',
  lastUpdatedAt: '',
}
const never = () => new Promise<never>(() => {})
const call = (client: Client) => client.callTool('a')
const isCalled = (log: readonly string[]) => log.includes('tools/call')

interface Row {
  readonly script: Script
  readonly options?: ConnectOptions
  readonly wait?: (client: Client) => Promise<unknown>
  /** Whether it waits by now, as far as the server sees. */
  readonly waits?: (log: readonly string[]) => boolean
}

const asking: Partial<ConnectOptions> = { onElicit: never }
const question = { resultType: 'input_required', inputRequests: { a: elicit } }
const rows: Readonly<Record<string, Row>> = {
  'a call that is not answered (stateless)': { script: stateless(() => {}) },
  'a call that is not answered (session)': { script: session(() => {}) },
  'a stream without the answer': { script: session((e) => stream(e)) },
  'a stream that waits to be taken up again': {
    script: session((e) => stream(e).end(`retry: 60000\n${event('', 'e1')}`)),
  },
  'a call that is to be repeated': {
    script: stateless((e) => e.response.writeHead(429, { 'retry-after': '50' }).end()),
  },
  'an error whose body does not come': {
    script: stateless((e) => e.response.writeHead(400).write('n')),
  },
  'a question that the application has (stateless)': {
    script: stateless((e) => result(e, question)),
    options: asking,
  },
  'a question that the application has (session)': {
    script: session((e) => stream(e).write(event({ jsonrpc: '2.0', id: 1, ...elicit }))),
    options: asking,
  },
  'a task between two polls': {
    script: stateless((e) => result(e, { resultType: 'task', ...task })),
  },
  'a question of a task': {
    script: stateless((e) => {
      const asks = { ...task, status: 'input_required', inputRequests: { a: elicit }, pollIntervalMs: 10 }
      return result(e, e.what === 'tools/call' ? { resultType: 'task', ...task, pollIntervalMs: 10 } : asks)
    }),
    options: asking,
    waits: (log) => log.includes('tasks/get'),
  },
  'a new session that does not begin': {
    script: (e) => {
      if (e.what !== 'initialize' || e.request.headers['mcp-session-id'] === undefined) {
        if (e.what === 'tools/call') isGone = true
        if (e.what === 'initialize' && isGone) return undefined
      }
      return session(({ response: reply }) => reply.writeHead(404).end())(e)
    },
    waits: (log) => log.filter((what) => what === 'initialize').length === 2,
  },
}
let isGone = false

for (const [what, { script, options = {}, wait = call, waits = isCalled }] of Object.entries(rows)) {
  test(`close ends ${what}`, async (t) => {
    isGone = false
    const server = await scripted(t, script)
    const before = timers()
    const client = await connected(t, server.url, { onError: () => {}, ...options })
    const waiting = wait(client)
    waiting.catch(() => {})
    while (!waits(server.log())) await endOfTurn()
    // What the client does with the answer.
    for (let turn = 0; turn < 200; turn++) await endOfTurn()
    await client.close()
    await within(assert.rejects(waiting, { code: 'ERR_CLIENT_CLOSED' }), () => 'the end of it', 1500)
    for (let turn = 0; turn < 50 && timers() > before; turn++) await endOfTurn()
    assert.equal(timers(), before)
  })
}

test('a call that is answered on the stream of the session does not leave its own stream open', async (t) => {
  for (const closes of [false, true]) {
    let standalone: Exchange['response'] | undefined
    let own: Exchange['response'] | undefined
    const server = await scripted(
      t,
      session(
        (exchange) => {
          if (exchange.what === 'GET') standalone = stream(exchange)
          else if (exchange.what === 'tools/list') result(exchange, { tools: [] })
          else {
            own = stream(exchange)
            standalone?.write(event(response(exchange.message.id)))
          }
        },
        { capabilities: { tools: {} } },
      ),
    )
    const client = await connected(t, server.url)
    while (standalone === undefined) await endOfTurn()
    await client.callTool('a')
    const closed = once(own as Exchange['response'], 'close')
    if (closes) await client.close()
    await within(closed, () => 'the end of the stream of the call', 10_000)
  }
})
