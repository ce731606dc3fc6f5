/**
 * One request may not stop the server: bodies of up to four megabytes that were made to take long, sent over real
 * sockets, while another client is served.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type HttpReply, post } from '../../helpers/wire.ts'

const MiB = 1024 * 1024
/** Milliseconds that the event loop may stand still: about ten times what it does on a quiet machine. */
const SOON = 1000
/** The same where the platform's own JSON.parse takes a good part of it: hundreds of thousands of small values. */
const PARSED = 10_000
/** A server that does not come back is given up. */
const LIMIT_MS = 60_000

let server: ChildProcess
let url: string

before(async () => {
  const program = fileURLToPath(new URL('./event-loop-program.ts', import.meta.url))
  server = fork(program, { execArgv: ['--import', 'tsx'] })
  const [{ url: at }] = (await once(server, 'message')) as [{ url: string }]
  url = at
  // What is compiled at the first call is not what an attack costs.
  for (let i = 0; i < 20; i++) await post(url, call('anything', '[1,"a"]'), {}, { check: 'none' })
  await longestDelay()
})
after(() => server.kill('SIGKILL'))

async function longestDelay(): Promise<number> {
  server.send('report')
  const [{ longestMs }] = (await once(server, 'message', { signal: AbortSignal.timeout(LIMIT_MS) })) as [
    { longestMs: number },
  ]
  return longestMs
}

const call = (tool: string, value: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}","arguments":{"value":${value}}}}`

/** As many parts as fit into a body, in brackets. */
function fill(make: (i: number) => string, [open, close] = '[]', bytes = 4 * MiB - 1000): string {
  const parts: string[] = []
  for (let i = 0, length = 0; ; i++) {
    const part = make(i)
    length += part.length + 1
    if (length > bytes) return `${open}${parts.join()}${close}`
    parts.push(part)
  }
}

/** Integers that the platform's Map and Set put into one bucket: their hash for integers, run backwards. */
function collidingIntegers(count: number): number[] {
  const inverse = (factor: number): number => {
    let x = factor
    for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(factor, x))
    return x
  }
  const unshift = (value: number, by: number): number => {
    let x = value
    for (let i = 0; i < 32 / by + 1; i++) x = value ^ (x >>> by)
    return x
  }
  const [of2057, of5, of32767] = [inverse(2057), inverse(5), inverse(32_767)]
  return Array.from({ length: count }, (_, i) => {
    let hash = Math.imul(unshift(i << 16, 16), of2057)
    hash = unshift(Math.imul(unshift(hash, 4), of5), 12)
    return Math.imul((hash + 1) | 0, of32767)
  })
}

const a = (length: number): string => `"${'a'.repeat(length)}"`
const depth = 2 * MiB - 500
const letters = Array.from({ length: 60_000 }, (_, i) => String.fromCodePoint(0x4e00 + (i % 20_000))).join('')

const attacks: readonly (readonly [name: string, body: () => string, bound: number])[] = [
  ['arrays inside each other', () => call('anything', '['.repeat(depth) + ']'.repeat(depth)), SOON],
  [
    'objects inside each other',
    () => call('anything', `${'{"a":'.repeat(600_000)}1${'}'.repeat(600_000)}`),
    SOON,
  ],
  ['arrays that never end', () => '['.repeat(4 * MiB), SOON],
  [
    '500 levels, to a recursive schema',
    () =>
      call(
        'tree',
        fill(() => '['.repeat(200) + ']'.repeat(200), '[]', MiB),
      ),
    PARSED,
  ],
  ['integers of one bucket', () => call('unique', JSON.stringify(collidingIntegers(65_536))), SOON],
  [
    'items that differ far inside',
    () =>
      call(
        'unique',
        fill((i) => `[[[[["${'x'.repeat(70)}${i}"]]]]]`),
      ),
    PARSED,
  ],
  ['a*a*b', () => call('cubic', a(3_000)), SOON],
  ['a*a*b on four megabytes', () => call('cubic', a(4_000_000)), PARSED],
  ['a*b', () => call('quadratic', a(65_536)), SOON],
  ['^(a+)+$', () => call('exponential', `${a(40).slice(0, -1)}!"`), SOON],
  ['^(a+)+$ on four megabytes', () => call('exponential', `${a(4_000_000).slice(0, -1)}!"`), PARSED],
  ['an address of nothing but dots', () => call('email', `"a@${'.'.repeat(60_000)}@"`), SOON],
  ['a look at each place', () => call('look', `${a(60_000).slice(0, -1)}xx"`), PARSED],
  ['a name for a slow pattern', () => call('names', `{"${'a'.repeat(50)}!":1}`), SOON],
  [
    '1,000 patterns, long names',
    () =>
      call(
        'manyPatterns',
        fill((i) => `"k${'x'.repeat(1_000)}${i}":1`, '{}'),
      ),
    PARSED,
  ],
  [
    '1,000 slow patterns, long names',
    () =>
      call(
        'manySlowPatterns',
        fill((i) => `"k${'x'.repeat(1_000)}${i}":1`, '{}'),
      ),
    PARSED,
  ],
  [
    '300,000 members, which are too many names',
    () =>
      call(
        'anything',
        fill((i) => `"k${i}":1`, '{}'),
      ),
    SOON,
  ],
  [
    '60,000 members, about as many as may be, 40 shapes',
    () =>
      call(
        'shapes',
        fill((i) => `"k${i}":1`, '{}', 600_000),
      ),
    PARSED,
  ],
  ['a length that is counted 1,000 times', () => call('lengths', a(4_000_000)), PARSED],
  [
    '1,000 choices for 60,000 members',
    () =>
      call(
        'choices',
        fill((i) => `"k${i}":1`, '{}', 600_000),
      ),
    PARSED,
  ],
  [
    'multiples that doubles cannot tell',
    () =>
      call(
        'multiples',
        fill(() => '1e300'),
      ),
    PARSED,
  ],
  [
    'a host name of 60,000 letters',
    () => `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"http://${letters}"}}`,
    SOON,
  ],
]

/** Bodies as large or as dense as they may be, and some beyond: what costs most is the platform's own JSON.parse. */
const dense: readonly (readonly [name: string, body: () => string])[] = [
  ['zeros', () => fill(() => '0')],
  ['empty arrays', () => fill(() => '[]')],
  ['empty objects', () => fill(() => '{}')],
  ['numbers of 20 characters', () => fill(() => '1.234567890123456e-7')],
  ['long numbers', () => fill(() => `0.${'1234567890'.repeat(40)}`)],
  ['strings of 18 characters', () => fill(() => '"abcdefghijklmnop"')],
  ['199,000 members of one shape', () => fill(() => '{"a":1}', '[]', 99_500 * 8)],
  ['60,000 new names', () => fill((i) => `"k${i}":1`, '{}', 600_000)],
  ['new names, too many', () => fill((i) => `"k${i}":1`, '{}')],
  ['one long string', () => a(4 * MiB - 1000)],
  ['escapes', () => `"${'\\n'.repeat(2 * MiB - 500)}"`],
  ['letters of three bytes', () => `"${'\u4e00'.repeat(1_398_000)}"`],
]

type Attack = readonly [name: string, body: () => string, bound: number, bodies: number]
const all: readonly Attack[] = [
  ...attacks.map(([name, body, bound]): Attack => [name, body, bound, 1]),
  ...dense.map(
    ([name, value]): Attack => [`two bodies at once of ${name}`, () => call('anything', value()), SOON, 2],
  ),
]

for (const [name, body, bound, bodies] of all) {
  test(`the event loop is not held up by ${name}, and others are served`, async (t) => {
    const text = body()
    assert.ok(Buffer.byteLength(text) <= 4 * MiB, `${Buffer.byteLength(text)} bytes`)
    let answer: HttpReply | undefined
    const send = () => post(url, text, {}, { check: 'none', limitMs: LIMIT_MS })
    const attack = Promise.all(Array.from({ length: bodies }, send)).then((replies) => {
      answer = replies[0]
    })
    let others = 0
    do {
      const ping = '{"jsonrpc":"2.0","id":2,"method":"ping"}'
      const reply = await post(url, ping, {}, { check: 'none', limitMs: LIMIT_MS })
      assert.equal(reply.status, 200)
      others += 1
    } while (answer === undefined)
    await attack
    assert.ok(others > 0)
    assert.ok(answer.status === 200 || answer.status === 400, `${answer.status} ${answer.text.slice(0, 200)}`)
    assert.ok(answer.text.length < 10_000)
    const longest = await longestDelay()
    t.diagnostic(`${Math.round(longest)} ms`)
    assert.ok(longest < bound, `the event loop stood still for ${longest} ms, above ${bound}`)
  })
}
