import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseParser } from '../../../bench/load/response-parser.ts'

interface Seen {
  status: number
  type: string | undefined
  body: string
  ended: boolean
}

function read(pieces: readonly Buffer[]): { seen: Seen[]; idle: boolean } {
  const seen: Seen[] = []
  const last = () => seen.at(-1) as Seen
  const parser = new ResponseParser({
    onHead: (status, header) => seen.push({ status, type: header('content-type'), body: '', ended: false }),
    onBody: (bytes) => {
      last().body += bytes.toString()
    },
    onEnd: () => {
      last().ended = true
    },
  })
  for (const piece of pieces) parser.push(piece)
  return { seen, idle: parser.idle }
}

const FIXED = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello'
const EMPTY = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n' +
  '5\r\nda\r\nt\r\nB;x=1\r\na: {}\r\n\r\n12\r\n0\r\n\r\n'

const EXPECTED: Seen[] = [
  { status: 200, type: 'application/json', body: 'hello', ended: true },
  { status: 202, type: undefined, body: '', ended: true },
  { status: 200, type: 'text/event-stream', body: 'da\r\nta: {}\r\n\r\n12', ended: true },
  { status: 200, type: 'application/json', body: 'hello', ended: true },
]

test('ResponseParser reads fixed, empty and chunked bodies one after the other, cut at every position', () => {
  const bytes = Buffer.from(FIXED + EMPTY + CHUNKED + FIXED)
  for (let at = 0; at <= bytes.length; at++) {
    const { seen, idle } = read([bytes.subarray(0, at), bytes.subarray(at)])
    assert.deepEqual(seen, EXPECTED, `cut at ${at}`)
    assert.equal(idle, true)
  }
})

test('ResponseParser reads one byte at a time', () => {
  const bytes = Buffer.from(FIXED + EMPTY + CHUNKED + FIXED)
  assert.deepEqual(read([...bytes].map((byte) => Buffer.from([byte]))).seen, EXPECTED)
})

test('ResponseParser does not end a response that is not over', () => {
  const { seen, idle } = read([Buffer.from(CHUNKED.slice(0, -2))])
  assert.equal(seen[0]?.ended, false)
  assert.equal(idle, false)
})

test('ResponseParser refuses what it cannot read', () => {
  for (const bad of [
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'nonsense\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n',
  ]) {
    assert.throws(() => read([Buffer.from(bad)]), Error, bad)
  }
})
