/**
 * Patterns: the verdict is the platform's for every pattern and text, the number of steps is linear, and what a
 * backtracking engine can be made to take long for is known.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ambiguityOf } from '../../../src/json-schema/check/pattern/ambiguity.ts'
import { Matcher } from '../../../src/json-schema/check/pattern/matcher.ts'
import { isSimple, Pattern } from '../../../src/json-schema/check/pattern/pattern.ts'
import { makePlan } from '../../../src/json-schema/check/pattern/plan.ts'
import { toProgram } from '../../../src/json-schema/check/pattern/program.ts'
import { parsePattern } from '../../../src/json-schema/check/pattern/tree.ts'
import { cpuMs } from '../../helpers/cpu-time.ts'

type Random = (n: number) => number

function randomOf(seed: number): Random {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % n
  }
}

/** Counts steps, and takes any number. */
class Counter {
  steps = 0
  readonly limits = { maxPatternLength: 100 }

  charge(steps: number): void {
    this.steps += steps
  }

  tooLong(): never {
    throw new Error('too long')
  }
}

function matcherOf(native: RegExp): Matcher | undefined {
  const tree = parsePattern(native)
  const program = tree && toProgram(tree, native.flags === 'u', false)
  return program && new Matcher(program)
}

// prettier-ignore
const ATOMS = [
  'a',
  'b',
  'c',
  '-',
  '.',
  '\\d',
  '\\w',
  '\\s',
  '\\W',
  '\\S',
  '[ab]',
  '[^a]',
  '[a-c1]',
  '[^\\w]',
  'é',
  '😀',
  '1',
  ' ',
  '\\u{1F600}',
  '\\ud83d\\ude00',
  '[😀é]',
  '\\n',
  '\\.',
  '[^]',
  '[]',
  '\\p{L}',
  '\\P{Lu}',
  '_',
  '\\/',
  '\\x61',
  '\\u0062',
  // Of the older mode, or lone halves of a pair.
  '\\ud83d',
  '[\\ud800-\\udbff]',
  '\\-',
  '[\\w-.]',
  '{',
  '}',
  ']',
  '\\0',
  '\\ca',
  '\\_',
  '\\u{2}',
  '\\p',
  '[\\-\\]]',
]
const QUANTIFIERS = ['*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}', '*?', '+?', '??', '{0}', '{1,2}?']
const CHARACTERS = [
  'a',
  'b',
  'c',
  'a',
  'b',
  '-',
  '1',
  ' ',
  'é',
  '😀',
  '\ud83d',
  '\ude00',
  '\n',
  '_',
  '.',
  '\u2028',
  '{',
]

function randomSource(random: Random, atoms: readonly string[]): string {
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T
  let names = 0
  const term = (depth: number): string => {
    const kind = random(14)
    if (kind === 0) return pick(['^', '$', '\\b', '\\B'])
    if (kind < 4 && depth > 0) return `(?${pick(['=', '!', '<=', '<!'])}${choice(depth - 1)})`
    const group = kind < 7 && depth > 0
    const part = group ? `(${pick(['', '?:', `?<n${names++}>`])}${choice(depth - 1)})` : pick(atoms)
    return random(2) === 0 ? part : part + pick(QUANTIFIERS)
  }
  const sequence = (depth: number): string => Array.from({ length: random(4) }, () => term(depth)).join('')
  const choice = (depth: number): string =>
    Array.from({ length: random(3) + 1 }, () => sequence(depth)).join('|')
  return `${random(2) === 0 ? '^' : ''}${choice(3)}${random(2) === 0 ? '$' : ''}`
}

function compile(source: string): RegExp | undefined {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(source, flags)
    } catch {
      // Of the other mode, or of none.
    }
  }
  return undefined
}

test('Matcher gives the verdict of the platform for random patterns and texts, in both modes', () => {
  const random = randomOf(11)
  let [texts, matches, legacy] = [0, 0, 0]
  const started = performance.now()
  for (let patterns = 0; patterns < 2000 && performance.now() - started < 20_000; ) {
    const native = compile(randomSource(random, ATOMS))
    if (native === undefined) continue
    patterns++
    if (native.flags === '') legacy++
    // The same question in a form that V8 does not shorten: Node 26.10 says that /[^a]$/u does not match "😀".
    const reference = new RegExp(`(?:${native.source}|(?!))`, native.flags)
    const matcher = matcherOf(native)
    assert.ok(matcher !== undefined, `cannot follow ${native}`)
    for (let i = 0; i < 10; i++) {
      const text = Array.from({ length: random(9) }, () => CHARACTERS[random(CHARACTERS.length)]).join('')
      const expected: boolean = reference.test(text)
      assert.equal(matcher.test(text, new Counter()), expected, `${native} on ${JSON.stringify(text)}`)
      texts++
      if (expected) matches++
    }
  }
  // A fuzzer that meets one verdict, or one mode, alone proves little.
  assert.ok(texts >= 5000 && matches > texts / 5 && matches < (texts * 4) / 5, `${matches} of ${texts}`)
  assert.ok(legacy > 100, `${legacy}`)
})

test('Pattern gives the verdict of the platform on each of its ways, for short and long texts', () => {
  const sources = [
    '^[a-z]+$',
    '^[^@]+@[^@]+\\.[^@]+$',
    '(a+)+$',
    '(?<!b)a+$',
    '^(?=.*\\d)\\w+$',
    'foo.*bar',
    '^(a|b)\\1$',
  ]
  const random = randomOf(3)
  for (const source of sources) {
    const pattern = new Pattern(source)
    for (let i = 0; i < 300; i++) {
      const length = random(source.includes('\\1') ? 90 : 130)
      const text = Array.from({ length }, () => 'aaab@.1'[random(7)]).join('')
      // The platform itself may take very long for what is slow.
      if (source === '(a+)+$' && /a{20}/.test(text)) continue
      assert.equal(pattern.matches(text, new Counter()), pattern.native.test(text), `${source} on ${text}`)
    }
    assert.equal(pattern.matches('', new Counter()), pattern.native.test(''))
  }
  assert.equal(new Pattern('(a+)+$').matches(`${'a'.repeat(100_000)}!`, new Counter()), false)
  assert.equal(new Pattern('(a+)+$').matches('a'.repeat(100_000), new Counter()), true)
})

// prettier-ignore
const LINEAR = [
  '',
  '^$',
  'a|b',
  '.*',
  '\\S+',
  '^\\S+$',
  '^[a-z0-9-]+$',
  '^\\d{4}-\\d{2}-\\d{2}$',
  '^(https?|ftp)://.+',
  '^foo.*bar$',
  '^#[0-9a-fA-F]{6}$',
  '^[A-Z]{2,}(-[A-Z0-9]+)*$',
  '^\\w+(-\\w+)*$',
  '^.{1,64}$',
  '^\\s*\\S+\\s*$',
  '\\.json$',
  '^/',
  '^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d).{8,}$',
  '^[\\w.-]+@[\\w.-]+\\.\\w+$',
  '^[^/]+/[^/]+$',
  '^\\d{1,3}(\\.\\d{1,3}){3}$',
  '^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$',
  '^[a-z](?!.*--)[a-z-]*$',
  '^[\\w-.]+$',
  '^(\\+\\d{1,2}\\s?)?\\(?\\d{3}\\)?[\\s.-]?\\d{3}[\\s.-]?\\d{4}$',
  '^(?:\\p{L}|\\p{N})+$',
  '^0x[0-9a-f]*$',
  '^(\\*|[a-z]+)(,(\\*|[a-z]+))*$',
  '^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$',
  '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$',
  '^v?\\d+\\.\\d+\\.\\d+(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$',
  '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
  '^(\\d+|latest)$',
  '^[^\\s,]+(, ?[^\\s,]+)*$',
]
// prettier-ignore
const SLOW = [
  '(a+)+$',
  '^(a+)+$',
  'a*a*b',
  'a*b',
  '^(a|a)*$',
  '^(a|ab)*(b|bb)*$',
  '^[^@]+@[^@]+\\.[^@]+$',
  '^(\\w+\\s?)+$',
  '(.*)(.*)x',
  '^(a?){30}a{30}$',
  '^.{1,64}@.{1,255}$',
  '[a-z]+$',
  'foo.*bar',
  '^\\s+|\\s+$',
  '^(.*,)*x$',
  'y(?:(?!.*x)y)*$',
  '(?=.*\\d)a',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '^(a*)*$',
  '(x+x+)+y',
  '^(a+)\\1$',
  '(?<=a+)b',
  '^(é|[^a])*$',
]

test('ambiguity is found where a backtracking engine is slow, and not in patterns of everyday use', () => {
  for (const source of LINEAR) assert.equal(new Pattern(source).slow, false, source)
  for (const source of SLOW) assert.equal(new Pattern(source).slow, true, source)
})

test('a random pattern that is not called slow takes the platform no more than linear time', () => {
  const random = randomOf(29)
  const atoms = ['a', 'b', '[ab]', '[^a]', '.', '\\w', '-', '[a-]']
  const words = ['a', 'b', '-', 'ab', 'aa-', 'a-', 'aab', '-a-b']
  const started = performance.now()
  let [linear, slow] = [0, 0]
  while (linear < 300 && performance.now() - started < 15_000) {
    const native = compile(randomSource(random, atoms))
    if (native === undefined || new Pattern(native.source).slow) {
      slow++
      continue
    }
    linear++
    for (const word of words) {
      for (const end of ['', '!', '\n']) {
        const text = word.repeat(10_000 / word.length) + end
        // 10,000 characters: a microsecond for each would be slow for linear time, and far from quadratic.
        const took = cpuMs(() => native.test(text))
        assert.ok(took < 500, `${native} took ${took} ms for ${JSON.stringify(word + end)}`)
      }
    }
  }
  assert.ok(linear >= 50 && slow > linear / 10, `${linear} linear, ${slow} slow`)
})

test('the steps of a match grow with the text, not faster', () => {
  const texts = [
    (n: number) => 'a'.repeat(n),
    (n: number) => `${'ab'.repeat(n / 2)}!`,
    (n: number) => 'a@.'.repeat(n / 3),
  ]
  for (const source of [...SLOW, ...LINEAR]) {
    const native = compile(source) as RegExp
    const matcher = matcherOf(native)
    // A look that reads on from each place is charged for each.
    if (matcher === undefined || /\(\?<?[=!]/.test(source)) continue
    for (const text of texts) {
      const [small, large] = [600, 6000].map((n) => {
        const counter = new Counter()
        matcher.test(text(n), counter)
        return counter.steps
      }) as [number, number]
      assert.ok(large <= small * 10.5 + 100, `${source}: ${small} steps became ${large}`)
    }
  }
})

test('a pattern that no automaton can follow sees short texts alone', () => {
  const pattern = new Pattern('^(a+)\\1$')
  assert.equal(pattern.slow, true)
  assert.equal(pattern.matches('a'.repeat(100), new Counter()), true)
  assert.throws(() => pattern.matches('a'.repeat(101), new Counter()), /too long/)
})

test('what is too large to be written out, or to be searched, is called slow and bounded', () => {
  for (const source of ['^(?:a{100}){100}$', `^${'(?:'.repeat(150)}a${')'.repeat(150)}$`, '^a{5000}$']) {
    const pattern = new Pattern(source)
    assert.equal(pattern.slow, true, source)
    assert.throws(() => pattern.matches('a'.repeat(10_000), new Counter()), /too long/)
  }
  const program = toProgram(parsePattern(/^(?:[ab]*a[ab]{12}|x)*$/u) as never, true, true)
  assert.equal(ambiguityOf(program as never).ways, Number.POSITIVE_INFINITY)
  for (const source of ['(?:){1000000000}', '((((a{0}){1000}){1000}){1000}){1000}']) new Pattern(source).slow
})

test('isSimple takes patterns alone whose analysis finds one way to read each text', () => {
  const random = randomOf(7)
  const atoms = [...ATOMS, 'x', '_', ':', '\\.', '\\/', '[a-z]', '[\\w.-]', '[^a-z]', '[^\\d]', '[a-a]']
  const ends = ['', '', '*', '+', '?', '{0}', '{3}', '{0,}', '{2,99}', '{99}', '+?', '|a', '()', '{100}']
  let simple = 0
  for (let i = 0; i < 3000; i++) {
    const body = Array.from({ length: random(5) }, () => atoms[random(atoms.length)]).join('')
    const source = `${random(20) === 0 ? '' : '^'}${body}${ends[random(ends.length)]}${random(20) === 0 ? '' : '$'}`
    let native: RegExp
    try {
      native = new RegExp(source, 'u')
    } catch {
      continue
    }
    if (!isSimple(native)) continue
    simple++
    assert.deepEqual(makePlan(native), { steps: 1, short: [], matcher: undefined }, source)
  }
  assert.ok(simple > 300, `${simple} of them were simple`)
  const longest = `^${'[a-z]'.repeat(17)}[a-z]{99}$`
  assert.ok(isSimple(new RegExp(longest, 'u')) && makePlan(new RegExp(longest, 'u')).steps === 1)
  const others = [
    '[a-z]+',
    '^a+',
    'a$',
    '^a+b$',
    '^(a)$',
    '^a|b$',
    '^a{100}$',
    '^\\bx$',
    '^\\p{L}$',
    '^(?:)$',
  ]
  for (const source of others) assert.equal(isSimple(new RegExp(source, 'u')), false, source)
  assert.equal(isSimple(/^a{1$/), false)
})
