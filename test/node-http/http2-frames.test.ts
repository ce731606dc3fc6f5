/** Clients of HTTP/2 that decide about each frame: what they make the server keep, and for how long. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { type TestContext, test } from 'node:test'
import { McpServer, type ServeOptions, serve } from '../../src/index.ts'
import { certificate } from '../helpers/certificate.ts'
import { collectGarbage } from '../helpers/heap.ts'
import { Flag, Frame, frame, openFrames, postHead } from '../helpers/http2-frames.ts'
import { eventually } from '../session-era/serving.ts'

async function start(t: TestContext, options: ServeOptions = {}) {
  const server = new McpServer({ name: 'frames', version: '1' })
  const serving = await serve(server, { port: 0, tls: certificate(), ...options })
  t.after(() => serving.close({ drainMs: 0 }))
  const streams: ServerHttp2Stream[] = []
  ;(serving.server as unknown as Http2Server).on('session', (session: ServerHttp2Session) => {
    session.on('stream', (stream) => streams.push(stream))
  })
  return { serving, streams }
}

test('a body of one byte keeps none of the bytes that came with it in one read', async (t) => {
  const { serving, streams } = await start(t)
  const socket = await openFrames(serving.port)
  t.after(() => socket.destroy())
  const used = () => {
    collectGarbage()
    collectGarbage()
    return process.memoryUsage().arrayBuffers
  }
  const before = used()
  const padding = frame(Frame.UNKNOWN, 0, 0, Buffer.alloc(15_000))
  const COUNT = 1000
  for (let n = 0; n < COUNT; n++) {
    const stream = 2 * n + 1
    const head = frame(Frame.HEADERS, Flag.END_HEADERS, stream, postHead())
    const data = frame(Frame.DATA, 0, stream, Buffer.from(' '))
    if (!socket.write(Buffer.concat([head, data, padding]))) await once(socket, 'drain')
  }
  await eventually(() => streams.length === COUNT, `${COUNT} streams`)
  const last = streams.at(-1) as ServerHttp2Stream
  await eventually(() => last.readableFlowing === true && last.readableLength === 0, 'the last body')
  await new Promise<void>((resolve) => setImmediate(resolve))
  const grown = used() - before
  assert.ok(grown < 4_000_000, `${COUNT} bodies of one byte keep ${grown} bytes`)
})
