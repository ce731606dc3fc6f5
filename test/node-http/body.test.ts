import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { BodyError } from '../../src/http/body-error.ts'
import { type BodyOptions, readBody } from '../../src/node-http/body.ts'
import { RawSocket } from '../helpers/raw-socket.ts'
import { within } from '../helpers/within.ts'

interface Outcome {
  readonly error: BodyError | undefined
  readonly body: Buffer
  readonly request: IncomingMessage
}

interface Fixture {
  readonly port: number
  /** The first call of `done`. */
  readonly outcome: Promise<Outcome>
  /** The request has arrived, and readBody was called. */
  readonly started: Promise<void>
  /** How often `done` was called. */
  calls(): number
}

type Before = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** A server that reads the body of its first request, and answers 200 when it could. */
async function start(
  t: TestContext,
  maxBytes: number,
  options?: BodyOptions,
  before?: Before,
): Promise<Fixture> {
  let calls = 0
  let settle: (outcome: Outcome) => void
  let begin: () => void
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve
  })
  const started = new Promise<void>((resolve) => {
    begin = resolve
  })
  const server = createServer(async (request, response) => {
    await before?.(request, response)
    readBody(
      request,
      maxBytes,
      (error, body) => {
        calls += 1
        settle({ error, body, request })
        if (error === undefined) response.end()
      },
      options,
    )
    begin()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    outcome: within(outcome, () => 'readBody to call done'),
    started: within(started, () => 'the request'),
    calls: () => calls,
  }
}

async function open(t: TestContext, port: number): Promise<RawSocket> {
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  return socket
}

const post = (headers: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n`

function assertClean(request: IncomingMessage): void {
  for (const event of ['data', 'error']) assert.equal(request.listenerCount(event), 0, event)
}

test('readBody gives a body that came in one piece without copying it', async (t) => {
  let chunk: Buffer | undefined
  const { port, outcome } = await start(t, 100, undefined, (request) => {
    const emit = request.emit
    request.emit = function (this: IncomingMessage, event: string | symbol, ...rest: unknown[]) {
      if (event === 'data') chunk = rest[0] as Buffer
      return Reflect.apply(emit, this, [event, ...rest])
    } as typeof request.emit
  })
  const socket = await open(t, port)
  await socket.write(`${post('Content-Length: 5')}hello`)
  const { error, body } = await outcome
  assert.equal(error, undefined)
  assert.equal(body.toString(), 'hello')
  assert.equal(body, chunk)
})

test('after the end of a body nothing that the request emits has an effect', async (t) => {
  const { port, outcome, calls } = await start(t, 100)
  await (await open(t, port)).write(`${post('Content-Length: 5')}hello`)
  const { body, request } = await outcome
  request.emit('data', Buffer.alloc(1000))
  request.emit('end')
  request.emit('error', new Error('late'))
  request.emit('close')
  assert.equal(calls(), 1)
  assert.equal(body.toString(), 'hello')
  assert.equal(request.isPaused(), false)
})

test('readBody joins pieces that split characters', async (t) => {
  const { port, outcome } = await start(t, 100)
  const socket = await open(t, port)
  const bytes = Buffer.from('{"a":"é€😀"}')
  await socket.write(post(`Content-Length: ${bytes.length}`))
  for (const byte of bytes) await socket.write(Buffer.from([byte]))
  assert.deepEqual((await outcome).body, bytes)
})

test('readBody gives an empty buffer where there is no body', async (t) => {
  for (const request of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', post('Content-Length: 0')]) {
    const { port, outcome } = await start(t, 0)
    await (await open(t, port)).write(request)
    const { error, body } = await outcome
    assert.equal(error, undefined)
    assert.equal(body.length, 0)
  }
})

test('readBody accepts exactly maxBytes, and refuses one more, declared or chunked', async (t) => {
  const chunked = (text: string): string =>
    `${post('Transfer-Encoding: chunked')}${[...text].map((char) => `1\r\n${char}\r\n`).join('')}0\r\n\r\n`
  const declared = (text: string): string => `${post(`Content-Length: ${text.length}`)}${text}`
  for (const write of [chunked, declared]) {
    const exact = await start(t, 10)
    await (await open(t, exact.port)).write(write('0123456789'))
    assert.equal((await exact.outcome).body.toString(), '0123456789')

    const over = await start(t, 10)
    await (await open(t, over.port)).write(write('0123456789x'))
    const { error, body, request } = await over.outcome
    assert.equal(error?.kind, 'too-large')
    assert.match(error?.message ?? '', /11 bytes.*limit is 10/)
    assert.equal(body.length, 0)
    assertClean(request)
    assert.equal(over.calls(), 1)
  }
})

test('readBody refuses by Content-Length before a byte of the body has come', async (t) => {
  const { port, outcome } = await start(t, 10)
  await (await open(t, port)).write(post('Content-Length: 99999999999'))
  const { error, request } = await outcome
  assert.equal(error?.kind, 'too-large')
  assert.match(error?.message ?? '', /declares 99999999999 bytes/)
  assert.equal(request.isPaused(), true)
  assertClean(request)
})

test('readBody stops reading at the limit of an endless chunked body', async (t) => {
  const { port, outcome } = await start(t, 10)
  const socket = await open(t, port)
  await socket.write(`${post('Transfer-Encoding: chunked')}5\r\n01234\r\n`)
  await socket.write('6\r\n567890\r\n')
  const { error, request } = await outcome
  assert.equal(error?.kind, 'too-large')
  assert.equal(request.isPaused(), true)
  assert.equal(request.destroyed, false)
})

test('readBody without a limit accepts any size', async (t) => {
  const { port, outcome } = await start(t, Number.POSITIVE_INFINITY)
  const bytes = Buffer.alloc(3_000_000, 'x')
  await (await open(t, port)).write(
    Buffer.concat([Buffer.from(post(`Content-Length: ${bytes.length}`)), bytes]),
  )
  assert.equal((await outcome).body.length, 3_000_000)
})

test('readBody says aborted, once, when the client resets or half-closes before the end', async (t) => {
  for (const leave of ['reset', 'halfClose'] as const) {
    const { port, outcome, started, calls } = await start(t, 100)
    const socket = await open(t, port)
    await socket.write(`${post('Content-Length: 50')}12345`)
    await started
    socket[leave]()
    const { error, request } = await outcome
    assert.equal(error?.kind, 'aborted')
    if (!request.closed) await once(request, 'close')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(calls(), 1, leave)
    assertClean(request)
  }
})

test('readBody says aborted for a request that is destroyed already', async (t) => {
  const { port, outcome } = await start(t, 100, undefined, async (request) => {
    request.destroy()
    if (!request.closed) await once(request, 'close')
  })
  await (await open(t, port)).write(`${post('Content-Length: 50')}12345`)
  assert.equal((await outcome).error?.kind, 'aborted')
})

test('readBody says consumed for a request that something else has read', async (t) => {
  const { port, outcome } = await start(t, 100, undefined, async (request) => {
    request.resume()
    await once(request, 'end')
  })
  await (await open(t, port)).write(`${post('Content-Length: 5')}12345`)
  const { error } = await outcome
  assert.equal(error?.kind, 'consumed')
})
