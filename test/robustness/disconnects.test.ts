/** Connections that are reset, half-closed or stalled in every state: only their own exchange ends, and nothing stays. */

import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { httpText, initializeText, type Running, start } from '../conversations/running-server.ts'
import { RawSocket, TestSession, within } from '../helpers/wire.ts'
import { watchProcess } from './watch-process.ts'

interface Scene extends Running {
  readonly session: TestSession
  readonly headers: { readonly [name: string]: string | undefined }
}

/** Brings a fresh connection into a state. */
type State = (socket: RawSocket, scene: Scene) => Promise<void>

const call = (name: string, args = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } })

const states: { readonly [name: string]: State } = {
  'before any byte': async () => {},
  'in the request line': (socket) => socket.write('POST /m'),
  'in the headers': (socket, { headers }) =>
    socket.write(httpText({ headers, body: call('echo') }).slice(0, 80)),
  'between headers and body': async (socket, { headers }) => {
    const body = call('echo')
    await socket.write(httpText({ headers, body }).slice(0, -body.length))
  },
  'in the body': (socket, { headers }) =>
    socket.write(httpText({ headers, body: call('echo') }).slice(0, -10)),
  'in a chunk of the body': (socket, { headers }) => {
    const chunked = { ...headers, 'content-length': undefined, 'transfer-encoding': 'chunked' }
    return socket.write(httpText({ headers: chunked, body: 'ff\r\n{"jsonrpc"' }))
  },
  'after 100 Continue': async (socket) => {
    const text = httpText({ headers: { expect: '100-continue' }, body: initializeText })
    await socket.write(text.slice(0, -initializeText.length))
    assert.equal((await socket.response()).status, 100)
  },
  'in the body of a refused request': async (socket) => {
    await socket.write(httpText({ headers: { origin: 'https://evil.example', 'content-length': '1000' } }))
    assert.equal((await socket.response()).status, 403)
  },
  'while a call runs that has said nothing': async (socket, { headers, waiting }) => {
    await socket.write(httpText({ headers, body: call('wait') }))
    await waiting()
  },
  'while a call streams': async (socket, { headers, waiting }) => {
    await socket.write(httpText({ headers, body: call('talk-and-wait') }))
    await waiting()
    await socket.readUntil((text) => text.includes('working'))
  },
  'while GET listens': async (socket, { headers }) => {
    await socket.write(httpText({ method: 'GET', headers }))
    await socket.readUntil((text) => /\r\n\r\n[0-9a-f]+\r\n/.test(text))
  },
  'while a large reply is written': async (socket, { headers }) => {
    socket.pause()
    await socket.write(httpText({ headers, body: call('repeat', { length: 8_000_000 }) }))
  },
  'while a large event is written': async (socket, { headers }) => {
    socket.pause()
    const sseOnly = { ...headers, accept: 'text/event-stream' }
    await socket.write(httpText({ headers: sseOnly, body: call('repeat', { length: 8_000_000 }) }))
  },
  'with a request waiting behind a call that runs': async (socket, { headers, waiting }) => {
    const wait = httpText({ headers, body: call('wait') })
    await socket.write(wait + httpText({ headers, body: call('talk') }) + wait)
    await waiting()
  },
}

const ends: { readonly [name: string]: (socket: RawSocket) => void } = {
  reset: (socket) => socket.reset(),
  'half-closed': (socket) => socket.halfClose(),
  closed: (socket) => socket.destroy(),
}

async function stage(t: TestContext): Promise<Scene> {
  const running = await start(t, { disconnectGraceMs: 20, maxBodyBytes: 20_000_000 })
  watchProcess(t)
  const session = await TestSession.open(running.url)
  return { ...running, session, headers: { 'mcp-session-id': session.sessionId } }
}

/** Gives the next connection's server side, and when that is closed. */
function nextConnection({ serving }: Running): Promise<{ closed: Promise<void> }> {
  return new Promise((resolve) => {
    serving.server.once('connection', (socket: Socket) => {
      const closed = new Promise<void>((done) => socket.once('close', () => done()))
      resolve({ closed })
    })
  })
}

/** Everybody else is served as before, and nothing of what broke is left. */
async function assertUnharmed({ session, serving, errors }: Scene): Promise<void> {
  assert.equal((await session.call('echo', { text: 'unharmed' })).result.content[0].text, 'unharmed')
  assert.equal((await session.call('talk')).result.content[0].text, 'said')
  const other = await TestSession.open(session.url)
  assert.equal((await other.request('ping')).status, 200)
  assert.deepEqual(errors, [])
  await serving.close({ drainMs: 0 })
  const { sessions, streams, callsInProgress, replayBytes } = serving.stats()
  assert.deepEqual([sessions, streams, callsInProgress, replayBytes], [0, 0, 0, 0])
}

for (const [stateName, bring] of Object.entries(states)) {
  for (const [endName, end] of Object.entries(ends)) {
    test(`a connection that is ${endName} ${stateName} harms nobody`, async (t) => {
      const scene = await stage(t)
      const connection = nextConnection(scene)
      const socket = await RawSocket.open(scene.port)
      t.after(() => socket.destroy())
      const { closed } = await connection
      await bring(socket, scene)
      end(socket)
      // A half-closed client may still be waiting for its answer, so the server need not close.
      if (endName !== 'half-closed') await within(closed, () => 'the server to notice')
      await assertUnharmed(scene)
    })
  }

  test(`a connection that stalls ${stateName} harms nobody, and close does not wait for it`, async (t) => {
    const scene = await stage(t)
    const socket = await RawSocket.open(scene.port)
    t.after(() => socket.destroy())
    await bring(socket, scene)
    socket.pause()
    await assertUnharmed(scene)
    socket.resume()
    await within(socket.ended, () => 'the end of the connection')
  })
}

test('a call whose client is gone for disconnectGraceMs is aborted, whether it had a stream or not', async (t) => {
  const scene = await stage(t)
  for (const name of ['wait', 'talk-and-wait']) {
    const socket = await RawSocket.open(scene.port)
    await socket.write(httpText({ headers: scene.headers, body: call(name) }))
    const { signal } = await scene.waiting()
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
    socket.reset()
    await within(aborted, () => 'the signal to abort')
    assert.match(String(signal.reason), /client was away/)
  }
})

test('500 calls and listeners that are reset one after the other leave no listener behind', async (t) => {
  const scene = await stage(t)
  for (let round = 0; round < 250; round += 1) {
    const listener = await RawSocket.open(scene.port)
    await listener.write(httpText({ method: 'GET', headers: scene.headers }))
    listener.reset()
    const caller = await RawSocket.open(scene.port)
    await caller.write(httpText({ headers: scene.headers, body: call('talk') }))
    caller.reset()
  }
  await assertUnharmed(scene)
})

test('one connection serves 500 requests in a row without a warning about listeners', async (t) => {
  const scene = await stage(t)
  const socket = await RawSocket.open(scene.port)
  t.after(() => socket.destroy())
  for (let round = 0; round < 250; round += 1) {
    await socket.write(httpText({ headers: scene.headers, body: call('echo') }))
    assert.equal((await socket.response()).status, 200)
    await socket.write(httpText({ headers: scene.headers, body: call('talk') }))
    assert.equal((await socket.response()).status, 200)
  }
})
