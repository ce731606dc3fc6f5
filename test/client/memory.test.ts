/** Servers that send more than anybody needs: it costs bounded memory, and nothing remains of what is over. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { collectGarbage } from '../helpers/heap.ts'
import { flood } from './flood.ts'
import {
  connected,
  type Exchange,
  event,
  response,
  result,
  scripted,
  session,
  stateless,
  stream,
  write,
} from './scripted-server.ts'

/** What a process has on its heap and outside of it, after a collection. */
const used = () => {
  collectGarbage()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

/** What was in use in a turn of the event loop may be collected in a later one only. */
async function growsByLessThan(before: number, most: number): Promise<void> {
  let grown = used() - before
  for (let turn = 0; turn < 100 && grown >= most; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    grown = used() - before
  }
  assert.ok(grown < most, `${grown / MIB} MiB more`)
}

const LARGE = 200 * 1024 * 1024
const MIB = 1024 * 1024
const BOMB = gzipSync(Buffer.alloc(100 * MIB, 0x20))
for (const [what, answer] of [
  [
    'one JSON body without end',
    (e: Exchange) => {
      e.response.writeHead(200, { 'content-type': 'application/json' })
      e.response.write('"')
      flood(e, Buffer.alloc(MIB, 'x'), LARGE)
    },
  ],
  [
    'one event without end',
    (e: Exchange) => {
      stream(e).write('data: ')
      flood(e, Buffer.alloc(MIB, 'x'), LARGE)
    },
  ],
  [
    'one event of many lines',
    (e: Exchange) => {
      stream(e)
      flood(e, Buffer.from('data: x\n'.repeat(MIB / 8)), LARGE)
    },
  ],
  [
    'a body that grows when it is decompressed',
    (e: Exchange) => {
      write(e, BOMB, { 'content-encoding': 'gzip', 'content-length': String(BOMB.length) })
    },
  ],
] as const) {
  test(`${what} is read up to maxMessageBytes and no further`, async (t) => {
    const server = await scripted(t, stateless(answer))
    const client = await connected(t, server.url, { maxMessageBytes: MIB })
    const before = used()
    await assert.rejects(client.callTool('a'), {
      code: 'ERR_MESSAGE_TOO_LARGE',
      message: /1048576 bytes, the limit \(option maxMessageBytes\)/,
    })
    await growsByLessThan(before, 60 * MIB)
  })
}

test('a stream of comments and notifications without end costs no memory, and ends with the time of the call', async (t) => {
  const note = event({ jsonrpc: '2.0', method: 'notifications/x', params: { pad: 'x'.repeat(1000) } })
  const server = await scripted(
    t,
    stateless((e) => {
      stream(e)
      flood(e, Buffer.from(`: comment\n\n${note}`.repeat(50)), LARGE * 10)
    }),
  )
  const client = await connected(t, server.url)
  const before = used()
  await assert.rejects(client.callTool('a', {}, { timeoutMs: 300 }), { code: 'ERR_REQUEST_TIMEOUT' })
  await growsByLessThan(before, 80 * MIB)
})

test('ids of events without end cost bounded memory', async (t) => {
  const id = 'i'.repeat(MIB)
  const server = await scripted(
    t,
    session((e) => {
      const reply = stream(e)
      let sent = 0
      const more = (): unknown => {
        while (sent < 200) {
          sent += 1
          if (!reply.write(event({ jsonrpc: '2.0', method: 'notifications/x' }, `${sent}${id}`)))
            return reply.once('drain', more)
        }
        return reply.end(event(response(e.message.id)))
      }
      more()
    }),
  )
  const client = await connected(t, server.url)
  const before = used()
  await client.callTool('a')
  await growsByLessThan(before, 80 * MIB)
})

test('an iteration over tools without end does not keep what it learns of them', async (t) => {
  let n = 0
  const server = await scripted(
    t,
    stateless(
      (e) => {
        n += 1
        const outputSchema = { type: 'object', description: `${n}`.padEnd(MIB, 'x') }
        const tools = [{ name: `t${n}`, inputSchema: {}, outputSchema }]
        return result(e, { tools, ...(n < 150 && { nextCursor: `${n}` }) })
      },
      { tools: {} },
    ),
  )
  const client = await connected(t, server.url, { maxMessageBytes: 2 * MIB })
  const before = used()
  for await (const _ of client.tools());
  assert.equal(n, 150)
  await growsByLessThan(before, 80 * MIB)
})

test('many tools with short names take as much as they do, not as their names', async (t) => {
  let pages = 0
  const tools = Array.from({ length: 10_000 }, (_, n) => ({ name: `${n}` }))
  const server = await scripted(
    t,
    stateless((e) => result(e, { tools, nextCursor: `${++pages}` }), { tools: {} }),
  )
  const client = await connected(t, server.url, { maxMessageBytes: MIB })
  await assert.rejects(client.callTool('a'), { code: 'ERR_MESSAGE_TOO_LARGE' })
  assert.equal(pages, 1)
})

test('tools without end do not fill the memory: the call that has to know its tool rejects', async (t) => {
  let n = 0
  const tool = () => ({ name: `${n}`.padEnd(20_000, 'x'), inputSchema: {} })
  const server = await scripted(
    t,
    stateless(
      (e) => {
        n += 1
        return result(e, { tools: Array.from({ length: 10 }, tool), nextCursor: `${n}` })
      },
      { tools: {} },
    ),
  )
  const client = await connected(t, server.url, { maxMessageBytes: MIB })
  await assert.rejects(client.callTool('a'), {
    code: 'ERR_MESSAGE_TOO_LARGE',
    message: /tools of the server/,
  })
})

test('questions without end are refused above a number, and one id is answered once', async (t) => {
  const answers: unknown[] = []
  const server = await scripted(
    t,
    session((e) => {
      if (e.what === 'response') {
        answers.push(e.message.error?.code)
        return e.response.writeHead(202).end()
      }
      const reply = stream(e)
      const params = { message: 'm', requestedSchema: { type: 'object', properties: {} } }
      for (let id = 0; id < 120; id++)
        reply.write(event({ jsonrpc: '2.0', id, method: 'elicitation/create', params }))
      return reply.write(event({ jsonrpc: '2.0', id: 0, method: 'elicitation/create', params }))
    }),
  )
  let open = 0
  const client = await connected(t, server.url, {
    onElicit: () => {
      open += 1
      return new Promise(() => {})
    },
    onError: () => {},
  })
  client.callTool('a').catch(() => {})
  while (answers.length < 21 || open < 100) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(open, 100)
  assert.deepEqual(new Set(answers), new Set([-32600]))
})

test('nothing remains of finished calls', async (t) => {
  const server = await scripted(
    t,
    stateless((e) => result(e, { content: [] })),
  )
  const client = await connected(t, server.url)
  const signal = new AbortController().signal
  let listeners = 0
  const { addEventListener, removeEventListener } = EventTarget.prototype
  t.mock.method(
    signal,
    'addEventListener',
    function (this: AbortSignal, ...args: Parameters<typeof addEventListener>) {
      listeners += 1
      return addEventListener.apply(this, args)
    },
  )
  t.mock.method(
    signal,
    'removeEventListener',
    function (this: AbortSignal, ...args: Parameters<typeof removeEventListener>) {
      listeners -= 1
      return removeEventListener.apply(this, args)
    },
  )
  for (let i = 0; i < 20; i++) await client.callTool('a', {}, { signal })
  await Promise.all(Array.from({ length: 20 }, () => client.callTool('a', {}, { signal, timeoutMs: 1000 })))
  assert.equal(listeners, 0)
})
