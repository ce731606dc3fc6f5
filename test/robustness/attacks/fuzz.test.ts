/**
 * Random bytes, bounded in number and the same on every run: whatever arrives, the process stays calm, every reply
 * is one of ours, and everybody else is served.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpText, initializeText, start } from '../../conversations/running-server.ts'
import { RawSocket, TestSession, type WireJson, within } from '../../helpers/wire.ts'
import { watchProcess } from '../watch-process.ts'

/** mulberry32: small, seeded, good enough to mutate bytes. Gives integers below `limit`. */
function randomOf(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

type Random = ReturnType<typeof randomOf>

const bytesOf = (random: Random, length: number) => Buffer.from(Array.from({ length }, () => random(256)))

/** Cuts, doubles, overwrites or inserts a few bytes. */
function mutate(random: Random, source: Buffer): Buffer {
  let bytes = source
  for (let change = random(4); change >= 0; change -= 1) {
    const at = random(bytes.length + 1)
    const end = Math.min(bytes.length, at + random(8))
    const middle = [
      Buffer.alloc(0),
      bytesOf(random, 1 + random(4)),
      Buffer.concat([bytes.subarray(at, end), bytes.subarray(at, end)]),
      Buffer.from(
        ['\r\n', '{}', '[]', '"', ':', ',', '\0', '-1', 'null', '1e999', '\\ud800'][random(11)] ?? '',
      ),
    ][random(4)] as Buffer
    bytes = Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(end)])
  }
  return bytes
}

/** Sends bytes and FIN, and takes what comes until the server has closed its side. */
async function exchange(port: number, bytes: Buffer): Promise<string> {
  const socket = await RawSocket.open(port)
  try {
    await socket.write(bytes)
    socket.halfClose()
    await within(socket.ended, () => `the end after ${JSON.stringify(bytes.toString('latin1'))}`)
    return socket.received
  } finally {
    socket.destroy()
  }
}

const statusOf = (received: string) => Number(/^HTTP\/1\.[01] (\d{3})/.exec(received)?.[1] ?? 0)

test('2000 connections of random and mutated bytes change nothing for anybody else', async (t) => {
  const { port, url, serving, errors } = await start(t, { disconnectGraceMs: 20, sessions: { max: 50 } })
  watchProcess(t)
  const session = await TestSession.open(url)
  const listening = await session.listen()
  const random = randomOf(20_251_125)
  const headers = { 'mcp-session-id': session.sessionId, connection: 'close' }
  const call =
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}'
  const seeds = [
    httpText({ headers, body: call }),
    httpText({ headers: { connection: 'close' }, body: initializeText }),
    httpText({ method: 'DELETE', headers: { ...headers, 'mcp-session-id': 'unknown' } }),
    httpText({ method: 'OPTIONS', headers: { ...headers, origin: 'http://localhost' } }),
    httpText({
      headers: { ...headers, 'content-length': undefined, 'transfer-encoding': 'chunked' },
      body: `5\r\n{"js"\r\n0\r\n\r\n`,
    }),
  ].map((text) => Buffer.from(text))
  const statuses = new Set<number>()
  for (let round = 0; round < 100; round += 1) {
    const batch = Array.from({ length: 20 }, () => {
      const seed = seeds[random(seeds.length)] as Buffer
      return random(8) === 0 ? bytesOf(random, random(200)) : mutate(random, seed)
    })
    for (const received of await Promise.all(batch.map((bytes) => exchange(port, bytes)))) {
      statuses.add(statusOf(received))
      assert.doesNotMatch(received, /HTTP\/1\.1 500|\.ts:\d|<html/i)
    }
  }
  // A fuzzer that never gets past the first check proves little.
  for (const status of [200, 400, 404]) assert.ok(statuses.has(status), `${status} of ${[...statuses]}`)
  assert.deepEqual(errors, [])
  assert.equal((await session.call('echo', { text: 'calm' })).result.content[0].text, 'calm')
  await listening.close()
  assert.ok(serving.stats().sessions <= 50)
  assert.equal(serving.stats().callsInProgress, 0)
})

/** Any JSON value, of any of the keys that mean something. */
function anyValue(random: Random, depth: number): WireJson {
  const leaves = [
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 53,
    '',
    '2.0',
    'ping',
    'tools/call',
    'initialize',
    'x'.repeat(random(50)),
  ]
  if (depth === 0 || random(3) === 0) return leaves[random(leaves.length)]
  if (random(4) === 0) return Array.from({ length: random(4) }, () => anyValue(random, depth - 1))
  return anyObject(random, depth)
}

function anyObject(random: Random, depth: number): WireJson {
  const keys = [
    'jsonrpc',
    'id',
    'method',
    'params',
    'result',
    'error',
    'name',
    'arguments',
    '_meta',
    'cursor',
    'uri',
  ]
  const more = [
    'requestId',
    'progressToken',
    'level',
    '__proto__',
    'constructor',
    'protocolVersion',
    'capabilities',
  ]
  const all = [...keys, ...more]
  const entries = Array.from({ length: random(6) }, () => [
    all[random(all.length)],
    anyValue(random, depth - 1),
  ])
  return Object.fromEntries(entries)
}

test('3000 random messages are each answered with a status and a body of the protocol', async (t) => {
  const { url, errors } = await start(t, { disconnectGraceMs: 20, sessions: { max: 50 } })
  watchProcess(t)
  const methods = ['ping', 'tools/call', 'tools/list', 'resources/read', 'prompts/get', 'completion/complete']
  const others = [
    'initialize',
    'logging/setLevel',
    'notifications/cancelled',
    'resources/subscribe',
    'no/such',
  ]
  const random = randomOf(7)
  for (const protocolVersion of ['2025-03-26', '2025-11-25']) {
    const session = await TestSession.open(url, { protocolVersion })
    for (let round = 0; round < 1500; round += 1) {
      const method = [...methods, ...others][random(methods.length + others.length)]
      const wellFormed = { jsonrpc: '2.0', id: round, method, params: anyObject(random, 3) }
      const message = [wellFormed, { ...wellFormed, ...anyObject(random, 2) }, anyValue(random, 3)][random(3)]
      const text = JSON.stringify(message)
      const reply = await session.send(text, { check: 'none' })
      assert.ok([200, 202, 400].includes(reply.status), `${reply.status} to ${text}`)
      if (reply.status === 202) assert.equal(reply.text, '')
      else assert.ok(reply.messages.length > 0, `${reply.status} ${reply.text} to ${text}`)
      for (const answer of reply.messages) {
        const isAnswer = Number(answer.result !== undefined) + Number(answer.error !== undefined) === 1
        assert.ok(isAnswer && answer.error?.code !== -32603, `${reply.text} to ${text}`)
      }
    }
    assert.equal((await session.request('ping')).status, 200)
  }
  assert.deepEqual(errors, [])
})
