/** The SSE parser against literal wire bytes: the rules of the standard, at every place the bytes can be cut. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SseParser, type SseParserOptions } from '../../src/sse/parser.ts'

type Seen = readonly (string | number)[]

/** Reads the chunks and lists all that the parser reported, in order. */
function read(chunks: readonly (Uint8Array | string)[], options?: SseParserOptions) {
  const seen: Seen[] = []
  const parser = new SseParser(
    {
      onEvent: ({ event, data, id }) => seen.push(['event', event, data, id]),
      onRetry: (milliseconds) => seen.push(['retry', milliseconds]),
      onComment: (text) => seen.push(['comment', text]),
    },
    options,
  )
  for (const chunk of chunks) parser.push(chunk)
  return { seen, parser }
}

const message = (data: string, id = ''): Seen => ['event', 'message', data, id]

const cases: readonly {
  name: string
  wire: string | Buffer
  expected: readonly Seen[]
  lastEventId?: string
}[] = [
  { name: 'LF line ends', wire: 'data: a\n\ndata: b\n\n', expected: [message('a'), message('b')] },
  { name: 'CR line ends', wire: 'data: a\r\rdata: b\r\r', expected: [message('a'), message('b')] },
  { name: 'CRLF line ends', wire: 'data: a\r\n\r\ndata: b\r\n\r\n', expected: [message('a'), message('b')] },
  {
    name: 'mixed line ends, where LF CR is two',
    wire: 'data: a\n\rdata: b\r\n\ndata: c\r\r\ndata: d\n\r\n',
    expected: [message('a'), message('b'), message('c'), message('d')],
  },
  {
    name: 'several data lines joined with LF',
    wire: 'data: a\ndata:\ndata: b\ndata\n\n',
    expected: [message('a\n\nb\n')],
  },
  {
    name: 'several data lines with CRLF, where a cut inside CRLF makes no empty line',
    wire: 'data: a\r\ndata: b\r\nid: 1\r\n\r\n',
    expected: [message('a\nb', '1')],
  },
  {
    name: 'one space after the colon dropped, no more',
    wire: 'data:  a \ndata:b\n\n',
    expected: [message(' a \nb')],
  },
  {
    name: 'an empty data field dispatched, an absent one not',
    wire: 'data\n\ndata:\n\ndata: \n\nevent: x\n\nid: 1\n\ndata: z\n\n',
    expected: [message(''), message(''), message(''), message('z', '1')],
    lastEventId: '1',
  },
  {
    name: 'an event name valid for one event only, and also lost when there is no data',
    wire: 'event: a\ndata: 1\n\ndata: 2\n\nevent: b\n\ndata: 3\n\nevent\ndata: 4\n\n',
    expected: [['event', 'a', '1', ''], message('2'), message('3'), message('4')],
  },
  {
    name: 'the last event id kept until it is replaced or emptied',
    wire: 'id: 1\ndata: a\n\ndata: b\n\nid: 2_x\n\ndata: c\n\nid\ndata: d\n\n',
    expected: [message('a', '1'), message('b', '1'), message('c', '2_x'), message('d', '')],
  },
  {
    name: 'an id with U+0000 ignored',
    wire: 'id: 1\ndata: a\n\nid: 2\u0000\ndata: b\n\n',
    expected: [message('a', '1'), message('b', '1')],
    lastEventId: '1',
  },
  {
    name: 'a priming event: dispatched with empty data, id committed',
    wire: 'id: s_0\nretry: 500\ndata: \n\n',
    expected: [['retry', 500], message('', 's_0')],
    lastEventId: 's_0',
  },
  {
    name: 'retry only as ASCII digits, and capped where numbers lose precision',
    wire: 'retry: 10\nretry:0\nretry: -1\nretry: 1.5\nretry: 1e3\nretry:\nretry\nretry: ١\nretry:  5\nretry: 99999999999999999999\n\n',
    expected: [
      ['retry', 10],
      ['retry', 0],
      ['retry', Number.MAX_SAFE_INTEGER],
    ],
  },
  {
    name: 'comments anywhere, also between the lines of an event',
    wire: ': hi\n:\n::x\ndata: a\n:  two\ndata: b\n\n',
    expected: [['comment', 'hi'], ['comment', ''], ['comment', ':x'], ['comment', ' two'], message('a\nb')],
  },
  {
    name: 'unknown and wrongly spelled fields ignored',
    wire: 'Data: a\nDATA: a\n data: a\ndata : a\ndatax: a\ndat: a\n__proto__: a\nidéé: 3\ndata: z\n\n',
    expected: [message('z')],
  },
  { name: 'a byte order mark at the start dropped', wire: '\ufeffdata: a\n\n', expected: [message('a')] },
  {
    name: 'only one byte order mark dropped',
    wire: '\ufeff\ufeffdata: a\n\ndata: b\n\n',
    expected: [message('b')],
  },
  {
    name: 'a byte order mark later on kept',
    wire: 'data: \ufeffa\n\n\ufeffdata: b\n\n',
    expected: [message('\ufeffa')],
  },
  {
    name: 'the first bytes of a byte order mark without the last one kept',
    wire: Buffer.from([0xef, 0xbb, ...Buffer.from('data: x\ndata: a\n\n')]),
    expected: [message('a')],
  },
  {
    name: 'UTF-8 of two, three and four bytes, and separators that end no line',
    wire: 'data: é\u0085\u2028\u2029日😀\u000b\u000c\n\n',
    expected: [message('é\u0085\u2028\u2029日😀\u000b\u000c')],
  },
  {
    name: 'bytes that are not UTF-8 replaced, and line ends after a cut sequence seen',
    wire: Buffer.from([
      ...Buffer.from('data: '),
      0xff,
      0xe6,
      0x97,
      0x0a,
      0x64,
      0x61,
      0x74,
      0x61,
      0x3a,
      0xf0,
      0x9f,
      0x0a,
      0x0a,
    ]),
    expected: [message('\ufffd\ufffd\n\ufffd')],
  },
  {
    name: 'an event without its empty line not dispatched, its id not committed',
    wire: 'id: 1\ndata: a\n\nid: 2\ndata: b\n',
    expected: [message('a', '1')],
    lastEventId: '1',
  },
  { name: 'empty lines alone', wire: '\n\r\n\r\r\n\n', expected: [] },
]

for (const { name, wire, expected, lastEventId } of cases) {
  test(`SseParser reads the same however the bytes are cut: ${name}`, () => {
    const bytes = Buffer.from(wire as string)
    const check = (chunks: readonly (Uint8Array | string)[], how: string) => {
      const { seen, parser } = read(chunks)
      assert.deepEqual(seen, expected, how)
      if (lastEventId !== undefined) assert.equal(parser.lastEventId, lastEventId, how)
    }
    check([bytes], 'whole')
    check(
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
      'one byte at a time',
    )
    for (let cut = 0; cut <= bytes.length; cut++) {
      check([bytes.subarray(0, cut), bytes.subarray(cut)], `cut at ${cut}`)
      for (let second = cut; second <= bytes.length; second++) {
        check(
          [bytes.subarray(0, cut), bytes.subarray(cut, second), bytes.subarray(second)],
          `cut at ${cut}, ${second}`,
        )
      }
    }
    if (typeof wire === 'string') {
      check([wire], 'text')
      check(wire.split(''), 'one code unit at a time')
      for (let cut = 0; cut <= wire.length; cut++)
        check([wire.slice(0, cut), wire.slice(cut)], `text cut at ${cut}`)
    }
  })
}

test('SseParser dispatches at the CR of an empty line, without waiting for an LF', () => {
  const { seen, parser } = read(['data: a\r\n\r'])
  assert.deepEqual(seen, [message('a')])
  parser.push('\ndata: b\r\n\r\n')
  assert.deepEqual(seen, [message('a'), message('b')])
})

test('SseParser replaces half a surrogate pair that nothing completes', () => {
  assert.deepEqual(read(['data: \ud83d', 'x\n\n']).seen, [message('\ufffdx')])
  assert.deepEqual(read(['data: \ud83d', Buffer.from('x\n\n')]).seen, [message('\ufffdx')])
})

test('SseParser does not keep the memory of a chunk that its owner uses again', () => {
  const chunk = Buffer.from('data: abc')
  const { seen, parser } = read([chunk])
  chunk.fill('x')
  parser.push('\n\n')
  assert.deepEqual(seen, [message('abc')])
})

test('SseParser reads a view into a larger buffer', () => {
  const bytes = new TextEncoder().encode('data: no\n\ndata: a\n\ndata: no\n\n')
  assert.deepEqual(read([new Uint8Array(bytes.buffer, 10, 9)]).seen, [message('a')])
})

test('SseParser reads one long line that comes in many chunks', () => {
  const text = '0123456789é'.repeat(20_000)
  const bytes = Buffer.from(`data: ${text}\n\n`)
  const chunks: Uint8Array[] = []
  for (let from = 0; from < bytes.length; from += 777) chunks.push(bytes.subarray(from, from + 777))
  const { seen } = read(chunks)
  assert.equal(seen.length, 1)
  assert.ok(seen[0]?.[2] === text)
})

test('SseParser.end discards the unfinished event, keeps the last event id and starts a new stream', () => {
  const { seen, parser } = read(['id: 1\ndata: a\n\nid: 2\nevent: e\ndata: b\ndata: half'])
  parser.end()
  assert.equal(parser.lastEventId, '1')
  parser.push('\ufeff\ndata: c\n\n')
  assert.deepEqual(seen, [message('a', '1'), message('c', '1')])
})

test('SseParser maxEventBytes admits an event of that size and refuses one byte more, however it comes', () => {
  // The lines `data: é` (8 bytes) and `data: 0123` (10 bytes): 18 bytes.
  const wire = Buffer.from('data: é\ndata: 0123\n\n')
  for (const size of [1, 3, wire.length]) {
    const chunks: Uint8Array[] = []
    for (let from = 0; from < wire.length; from += size) chunks.push(wire.subarray(from, from + size))
    assert.deepEqual(read([...chunks, ...chunks], { maxEventBytes: 18 }).seen.length, 2)
    assert.throws(() => read(chunks, { maxEventBytes: 17 }), RangeError)
  }
})

test('SseParser maxEventBytes holds for a line that never ends, and for comments one by one', () => {
  const { parser } = read([], { maxEventBytes: 100 })
  for (let i = 0; i < 100; i++) parser.push(': 0123456789\n')
  parser.push('x'.repeat(100))
  assert.throws(() => parser.push('x'), {
    name: 'RangeError',
    message: 'SSE event: received 101 bytes or more, expected at most 100',
  })
  assert.throws(() => read([`: ${'x'.repeat(100)}\n`], { maxEventBytes: 100 }), RangeError)
})

test('SseParser maxEventBytes refuses a long event before its last line ends', () => {
  const { parser } = read([`data: ${'x'.repeat(54)}\n`, 'x'.repeat(40)], { maxEventBytes: 100 })
  assert.throws(() => parser.push('x'), RangeError)
})

test('SseParser refuses everything after an overflow until end', () => {
  const { seen, parser } = read(['id: 1\n\n'], { maxEventBytes: 10 })
  assert.throws(() => parser.push('data: 0123456789\n\n'), RangeError)
  assert.throws(() => parser.push('data: a\n\n'), RangeError)
  parser.end()
  parser.push('data: b\n\n')
  assert.deepEqual(seen, [message('b', '1')])
})
