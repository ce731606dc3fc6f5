/** Frames of HTTP/2 as bytes, for a client that decides what is in one write. Spec: RFC 9113 section 4, RFC 7541. */

import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { certificate } from './certificate.ts'

export const Frame = {
  DATA: 0x0,
  HEADERS: 0x1,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PING: 0x6,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
  /** Not in the specification: a server ignores it. */
  UNKNOWN: 0xfa,
} as const

export const Flag = { END_STREAM: 0x1, END_HEADERS: 0x4 } as const

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(9 + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes.writeUInt8(type, 3)
  bytes.writeUInt8(flags, 4)
  bytes.writeUInt32BE(stream, 5)
  bytes.set(payload, 9)
  return bytes
}

/** A header block of literals, none of which is to be remembered; names and values below 127 bytes. */
export function headerBlock(fields: { readonly [name: string]: string }): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  )
}

/** The head of a POST to the endpoint. */
export function postHead(more: { readonly [name: string]: string } = {}): Buffer {
  return headerBlock({
    ':method': 'POST',
    ':scheme': 'https',
    ':authority': 'localhost',
    ':path': '/mcp',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...more,
  })
}

/** A connection that has sent its preface; what the server sends is read and not looked at. */
export async function openFrames(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: 'localhost', ca: certificate().cert, ALPNProtocols: ['h2'] })
  socket.on('error', () => {}).resume()
  await once(socket, 'secureConnect')
  socket.write(Buffer.concat([PREFACE, frame(Frame.SETTINGS, 0, 0, Buffer.alloc(0))]))
  return socket
}
