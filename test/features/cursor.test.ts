import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCursor, encodeCursor, type Page, paginate } from '../../src/features/cursor.ts'

interface Item {
  key: string
  order: number
}

const item = (order: number): Item => ({ key: `item-${order}`, order })
const list = (count: number) => Array.from({ length: count }, (_, uid) => item(uid))
const page = (items: readonly Item[], cursor: string | undefined, pageSize: number): Page<Item> => {
  const found = paginate('tools', items, cursor, pageSize)
  assert.ok(found !== undefined)
  return found
}

test('decodeCursor gives back what encodeCursor was given', () => {
  for (const key of ['echo', 'file:///a/\u00fc \u{1f600}', 'x'.repeat(512), '']) {
    const position = { kind: 'resources', order: 17, key }
    const text = encodeCursor(position)
    assert.match(text, /^[A-Za-z0-9_-]+$/)
    assert.deepEqual(decodeCursor(text), position)
  }
})

test('encodeCursor leaves a very long key out, so that its cursor can be read again', () => {
  assert.deepEqual(decodeCursor(encodeCursor({ kind: 'k', order: 3, key: '\u20ac'.repeat(60_000) })), {
    kind: 'k',
    order: 3,
    key: '',
  })
})

test('decodeCursor gives nothing for what encodeCursor cannot have made', () => {
  const forge = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const good = encodeCursor({ kind: 'tools', order: 1, key: 'a' })
  const rows = [
    '',
    'not-a-cursor',
    '!!!',
    '10',
    `${good}=`,
    ` ${good}`,
    `${good}A`,
    `${good}\n`,
    'A'.repeat(5000),
    forge([2, 'tools', 1, 'a']),
    forge([1, 'tools', 1]),
    forge([1, 'tools', 1, 'a', 0]),
    forge([1, 'tools', -1, 'a']),
    forge([1, 'tools', 1.5, 'a']),
    forge([1, 'tools', '1', 'a']),
    forge([1, 7, 1, 'a']),
    forge([1, 'tools', 1, null]),
    forge({ 0: 1 }),
    forge(null),
    Buffer.from('[1, "tools", 1, "a"]').toString('base64url'),
    Buffer.from([0xff, 0xfe]).toString('base64url'),
  ]
  for (const text of rows) assert.equal(decodeCursor(text), undefined, text.slice(0, 60))
  assert.ok(decodeCursor(good))
})

test('paginate walks the list in its order, each item once, and the last page has no cursor', () => {
  for (const [count, pageSize] of [
    [0, 3],
    [1, 3],
    [3, 3],
    [7, 3],
    [6, 3],
    [5, 1],
  ] as const) {
    const seen: string[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const found = page(list(count), cursor, pageSize)
      assert.ok(found.items.length <= pageSize)
      seen.push(...found.items.map((one) => one.key))
      assert.equal('nextCursor' in found, found.nextCursor !== undefined)
      cursor = found.nextCursor
      pages++
    } while (cursor !== undefined)
    assert.deepEqual(
      seen,
      list(count).map((one) => one.key),
    )
    assert.equal(pages, Math.max(1, Math.ceil(count / pageSize)))
  }
})

test('paginate gives everything at once with pageSize 0 or Infinity', () => {
  for (const pageSize of [0, Number.POSITIVE_INFINITY]) {
    const found = page(list(5), undefined, pageSize)
    assert.equal(found.items.length, 5)
    assert.equal(found.nextCursor, undefined)
  }
})

test('paginate goes on after the last item given when items before it were removed or added after it', () => {
  const { nextCursor } = page(list(6), undefined, 3)
  const changed = [item(2), item(3), item(4), item(5), item(6)]
  assert.deepEqual(
    page(changed, nextCursor, 10).items.map((one) => one.order),
    [3, 4, 5, 6],
  )
})

test('paginate goes by registration order when the last item given was removed', () => {
  const { nextCursor } = page(list(6), undefined, 3)
  assert.deepEqual(
    page([item(4), item(5)], nextCursor, 10).items.map((one) => one.order),
    [4, 5],
  )
  assert.deepEqual(page([item(0), item(1)], nextCursor, 10).items, [])
  assert.deepEqual(page([], nextCursor, 10), { items: [] })
})

test('paginate finds the item by key where another process numbered it differently', () => {
  const { nextCursor } = page(list(6), undefined, 3)
  const elsewhere = list(6).map(({ key, order }) => ({ key, order: order + 100 }))
  assert.deepEqual(
    page(elsewhere, nextCursor, 1).items.map((one) => one.key),
    ['item-3'],
  )
})

test('paginate sees each lasting item exactly once while others come and go', () => {
  // A small linear congruential generator: the same walk on every run.
  let state = 7
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 16) % below
  }
  for (let round = 0; round < 200; round++) {
    let items = list(30)
    let uid = 30
    const lasting = new Set(items.filter(() => random(2) === 0).map((one) => one.key))
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const found = page(items, cursor, 1 + random(5))
      seen.push(...found.items.map((one) => one.key))
      cursor = found.nextCursor
      items = items.filter((one) => lasting.has(one.key) || random(4) > 0)
      if (uid < 45) items.push(item(uid++))
    } while (cursor !== undefined)
    assert.equal(new Set(seen).size, seen.length)
    assert.deepEqual(
      seen.filter((name) => lasting.has(name)),
      [...lasting],
    )
  }
})

test('paginate goes by the key among items of one order, when the last item given was removed', () => {
  const all = ['a', 'b', 'c', 'd'].map((key) => ({ key, order: 7 }))
  const { nextCursor } = paginate('tasks', all, undefined, 2) ?? {}
  const left = all.filter(({ key }) => key !== 'b')
  const rest = paginate('tasks', [...left, { key: 'A', order: 8 }], nextCursor, 10)
  assert.deepEqual(
    rest?.items.map(({ key }) => key),
    ['c', 'd', 'A'],
  )
})

test('paginate works without an order, on keys and the index', () => {
  const keys = (...names: string[]) => names.map((key) => ({ key }))
  const first = paginate('tools', keys('a', 'b', 'c', 'd'), undefined, 2)
  const second = (...names: string[]) => paginate('tools', keys(...names), first?.nextCursor, 2)?.items
  assert.deepEqual(second('b', 'c', 'd'), keys('c', 'd'))
  assert.deepEqual(second('a', 'c', 'd'), keys('c', 'd'))
  assert.deepEqual(second('a'), [])
  const long = keys('x'.repeat(600), 'y'.repeat(600), 'z')
  const before = paginate('tools', long, undefined, 2)
  assert.deepEqual(paginate('tools', long, before?.nextCursor, 2)?.items, keys('z'))
})

test('paginate gives nothing for a malformed cursor or one of another list', () => {
  const { nextCursor } = page(list(4), undefined, 2)
  assert.ok(paginate('tools', list(4), nextCursor, 2))
  assert.equal(paginate('prompts', list(4), nextCursor, 2), undefined)
  for (const cursor of ['invalid-cursor', ' ', 0, false, 5, {}]) {
    assert.equal(paginate('tools', list(4), cursor, 2), undefined)
  }
})

test('paginate takes null and an empty text for no cursor', () => {
  for (const cursor of [null, '']) {
    assert.deepEqual(paginate('tools', list(4), cursor, 2), paginate('tools', list(4), undefined, 2))
  }
})
