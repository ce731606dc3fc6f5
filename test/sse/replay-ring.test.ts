/** The replay ring: hand-made cases, then random histories against a model that is too simple to be wrong. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteBudget } from '../../src/bounds/byte-budget.ts'
import { ReplayRing, type RingLimits } from '../../src/sse/replay-ring.ts'

const UNLIMITED: RingLimits = { maxEvents: Infinity, maxBytes: Infinity }

function ringOf(limits: Partial<RingLimits> = {}, budget = new ByteBudget(Infinity)): ReplayRing {
  return new ReplayRing({ ...UNLIMITED, ...limits }, budget)
}

function fill(ring: ReplayRing, count: number, time = 0): void {
  for (let i = 0; i < count; i++) ring.push(`f${ring.next}`, time)
}

test('ReplayRing numbers frames from 1 and replays exactly those after a position', () => {
  const ring = ringOf()
  assert.equal(ring.next, 1)
  assert.deepEqual(ring.after(0), [])
  assert.equal(ring.push('a', 0), 1)
  assert.equal(ring.push('b', 0), 2)
  assert.equal(ring.push('c', 0), 3)
  assert.deepEqual(ring.after(0), ['a', 'b', 'c'])
  assert.deepEqual(ring.after(2), ['c'])
  assert.deepEqual(ring.after(3), [])
  assert.deepEqual([ring.next, ring.size, ring.bytes], [4, 3, 3])
})

test('ReplayRing.after answers a position that was never given out with a gap', () => {
  const ring = ringOf()
  fill(ring, 3)
  for (const position of [4, 5, -1, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 53, 2 ** 32 + 1]) {
    assert.equal(ring.after(position), 'gap', String(position))
  }
})

test('ReplayRing maxEvents drops the oldest frames, also where it is no power of two', () => {
  for (const maxEvents of [1, 2, 3, 4, 5, 7, 8, 9, 100]) {
    const ring = ringOf({ maxEvents })
    for (let n = 1; n <= maxEvents * 3 + 1; n++) {
      fill(ring, 1)
      const first = Math.max(1, n - maxEvents + 1)
      const kept = Array.from({ length: n - first + 1 }, (_, i) => `f${first + i}`)
      assert.deepEqual(ring.after(first - 1), kept)
      if (first > 1) assert.equal(ring.after(first - 2), 'gap')
    }
  }
})

test('ReplayRing grows while its frames lie across the end of the storage', () => {
  for (let offset = 0; offset < 20; offset++) {
    const ring = ringOf()
    fill(ring, 4)
    for (let i = 0; i < offset; i++) {
      ring.dropOlderThan(0)
      ring.push(`f${ring.next}`, i + 1)
      ring.dropOlderThan(i - 1)
    }
    const oldest = ring.next - ring.size
    fill(ring, 40, 100)
    const expected = Array.from({ length: ring.next - oldest }, (_, i) => `f${oldest + i}`)
    assert.deepEqual(ring.after(oldest - 1), expected)
  }
})

test('ReplayRing maxBytes counts UTF-8 bytes and makes room for a larger frame', () => {
  const ring = ringOf({ maxBytes: 10 })
  ring.push('aaaa', 0)
  ring.push('日日', 0)
  assert.equal(ring.bytes, 10)
  ring.push('b', 0)
  assert.deepEqual([ring.bytes, ring.size], [7, 2])
  assert.deepEqual(ring.after(1), ['日日', 'b'])
  assert.equal(ring.after(0), 'gap')
  ring.push('x'.repeat(10), 0)
  assert.deepEqual([ring.bytes, ring.size], [10, 1])
})

test('ReplayRing does not keep a frame larger than maxBytes: a gap before it, service after it', () => {
  const ring = ringOf({ maxBytes: 5 })
  ring.push('a', 0)
  assert.equal(ring.push('123456', 0), 2)
  assert.equal(ring.after(0), 'gap')
  assert.equal(ring.after(1), 'gap')
  assert.deepEqual(ring.after(2), [])
  assert.equal(ring.push('b', 0), 3)
  assert.deepEqual(ring.after(2), ['b'])
  assert.equal(ring.after(1), 'gap')
})

test('ReplayRing.skip uses up a number and leaves a gap', () => {
  const budget = new ByteBudget(100)
  const ring = ringOf({}, budget)
  ring.push('a', 0)
  assert.equal(ring.skip(), 2)
  assert.equal(budget.used, 0)
  assert.equal(ring.push('c', 0), 3)
  assert.equal(ring.after(1), 'gap')
  assert.deepEqual(ring.after(2), ['c'])
})

test('ReplayRing with a limit of 0 keeps nothing and says so', () => {
  for (const ring of [ringOf({ maxEvents: 0 }), ringOf({ maxBytes: 0 }), ringOf({}, new ByteBudget(0))]) {
    assert.equal(ring.push('a', 0), 1)
    assert.deepEqual([ring.size, ring.bytes, ring.after(0), ring.after(1)], [0, 0, 'gap', []])
  }
})

test('ReplayRing.dropOlderThan drops frames pushed before the time and keeps those at it', () => {
  const ring = ringOf()
  for (const time of [10, 20, 20, 30]) ring.push(`t${time}`, time)
  ring.dropOlderThan(20)
  assert.deepEqual(ring.after(1), ['t20', 't20', 't30'])
  assert.equal(ring.after(0), 'gap')
  ring.dropOlderThan(Infinity)
  assert.deepEqual([ring.size, ring.bytes, ring.next], [0, 0, 5])
  assert.deepEqual(ring.after(4), [])
  assert.equal(ring.after(3), 'gap')
})

test('ReplayRing.clear gives everything back to the budget and numbers go on', () => {
  const budget = new ByteBudget(100)
  const ring = ringOf({}, budget)
  fill(ring, 5)
  assert.equal(budget.used, 10)
  ring.clear()
  ring.clear()
  assert.deepEqual([budget.used, ring.size, ring.next], [0, 0, 6])
  fill(ring, 1)
  assert.deepEqual(ring.after(5), ['f6'])
})

test('ReplayRing.pack keeps the same events in the same bytes of the budget, whatever their characters', () => {
  const kinds = ['{"a":"%"}', '{"é":"%"}', '{"日":"%"}', '{"😀":"%"}', '{"a":"%",\ndata: "b":1}']
  for (let seed = 1; seed <= 200; seed++) {
    const random = generator(seed)
    const budget = new ByteBudget(Infinity)
    const ring = ringOf({ maxEvents: [1, 2, 7, 60][random(4)] as number }, budget)
    const few = 1 + random(kinds.length)
    for (let n = 1 + random(80); n > 0; n--) {
      ring.push((kinds[random(few)] as string).replace('%', 'x'.repeat(random(200))), 0)
    }
    const { next, bytes } = ring
    const positions = [-1, 0.5, Number.NaN, Infinity, ...Array.from({ length: next + 3 }, (_, i) => i)]
    const before = positions.map((position) => ring.after(position))
    const packed = ring.pack()
    assert.equal(packed === undefined, bytes < 1024, `${bytes} bytes`)
    assert.equal(budget.used, bytes)
    if (packed === undefined) continue
    assert.deepEqual(
      positions.map((position) => packed.after(position)),
      before,
      `seed ${seed}`,
    )
    assert.equal(packed.next, next)
    packed.clear()
    packed.clear()
    assert.deepEqual(
      [budget.used, packed.next, packed.after(next - 1), packed.after(0)],
      [0, next, [], 'gap'],
    )
  }
})

test('ByteBudget: a flood on one ring costs that ring alone', () => {
  const budget = new ByteBudget(20)
  const quiet = ringOf({}, budget)
  const loud = ringOf({}, budget)
  quiet.push('0123456789', 0)
  for (let i = 0; i < 100; i++) loud.push('abc', 0)
  assert.deepEqual([quiet.size, loud.size, budget.used], [1, 3, 19])
  assert.deepEqual(quiet.after(0), ['0123456789'])
  assert.deepEqual(loud.after(97), ['abc', 'abc', 'abc'])
  assert.equal(loud.after(96), 'gap')
  // Even all of its own frames would not make room for this one.
  loud.push('01234567890', 0)
  assert.deepEqual([quiet.size, loud.size, budget.used], [1, 0, 10])
})

test('ByteBudget refuses a limit that is no size', () => {
  assert.throws(() => new ByteBudget(-1), TypeError)
  assert.throws(() => new ByteBudget(Number.NaN), TypeError)
})

/** What a ring should do, kept as the whole history. */
class Model {
  readonly history: { frame: string; size: number; time: number; kept: boolean }[] = []
  readonly #limits: RingLimits
  readonly #free: () => number

  constructor(limits: RingLimits, free: () => number) {
    this.#limits = limits
    this.#free = free
  }

  get kept() {
    return this.history.filter(({ kept }) => kept)
  }

  get bytes(): number {
    return this.kept.reduce((sum, { size }) => sum + size, 0)
  }

  push(frame: string, time: number): void {
    const size = Buffer.byteLength(frame)
    const fits = () =>
      this.kept.length + 1 <= this.#limits.maxEvents &&
      this.bytes + size <= this.#limits.maxBytes &&
      size <= this.#free()
    for (const event of this.history) if (!fits()) event.kept = false
    this.history.push({ frame, size, time, kept: fits() })
  }

  drop(time: number): void {
    for (const event of this.history) if (event.time < time) event.kept = false
  }

  after(sequence: number): readonly string[] | 'gap' {
    if (sequence > this.history.length) return 'gap'
    const missed = this.history.slice(sequence)
    return missed.every(({ kept }) => kept) ? missed.map(({ frame }) => frame) : 'gap'
  }
}

/** Small seeded generator, so that a failure can be run again. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('ReplayRing behaves as the model in random histories of three rings on one budget', () => {
  let replays = 0
  let gaps = 0
  for (let seed = 1; seed <= 150; seed++) {
    const random = generator(seed)
    const budget = new ByteBudget([40, 100, Infinity][random(3)] as number)
    const pick = (): RingLimits => ({
      maxEvents: [1, 3, 8, 20, Infinity][random(5)] as number,
      maxBytes: [15, 60, Infinity][random(3)] as number,
    })
    const models: Model[] = []
    const used = () => models.reduce((sum, model) => sum + model.bytes, 0)
    const rings = Array.from({ length: 3 }, () => {
      const limits = pick()
      models.push(new Model(limits, () => budget.maxBytes - used()))
      return new ReplayRing(limits, budget)
    })
    let now = 0
    for (let step = 0; step < 120; step++) {
      const which = random(3)
      const ring = rings[which] as ReplayRing
      const model = models[which] as Model
      now += random(3)
      const action = random(20)
      if (action < 15) {
        const frame = (random(4) === 0 ? '日' : 'x').repeat(random(9)) + step
        assert.equal(ring.push(frame, now), model.history.length + 1)
        model.push(frame, now)
      } else if (action < 18) {
        const time = now - random(20)
        ring.dropOlderThan(time)
        model.drop(time)
      } else if (action === 18) {
        ring.skip()
        model.drop(Infinity)
        model.history.push({ frame: '', size: 0, time: now, kept: false })
      } else {
        ring.clear()
        model.drop(Infinity)
      }
      rings.forEach((each, i) => {
        const { kept, bytes, history } = models[i] as Model
        assert.deepEqual(
          [each.next, each.size, each.bytes],
          [history.length + 1, kept.length, bytes],
          `seed ${seed}`,
        )
      })
      assert.equal(budget.used, used())
      assert.ok(budget.used <= budget.maxBytes)
      for (let position = Math.max(0, model.history.length - 25); position <= ring.next; position++) {
        const answer = ring.after(position)
        assert.deepEqual(answer, model.after(position), `seed ${seed}, step ${step}, after ${position}`)
        if (answer === 'gap') gaps++
        else replays++
      }
    }
  }
  assert.ok(replays > 10_000 && gaps > 10_000, `too few of one kind: ${replays} replays, ${gaps} gaps`)
})
