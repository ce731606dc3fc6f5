/** The contract of the key store: one secret for all nodes, and its successor. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, joinTwo, type MakeStore } from './subject.ts'

const HOUR = 3_600_000

export function testKeys(name: string, make: MakeStore): void {
  test(`${name}: keys.read gives all nodes the same secret, however many ask at once, and another one for each purpose`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const all = await Promise.all([a, b, a, b].map(({ node }) => node.keys.read('sealing', HOUR, HOUR)))
    for (const keys of all) assert.deepEqual(keys, all[0])
    assert.deepEqual(
      all[0]?.map((secret) => secret.length >= 32),
      [true],
    )
    const other = await b.node.keys.read('another purpose', HOUR, HOUR)
    assert.notDeepEqual(other, all[0])
  })

  test(`${name}: keys.read follows an old secret by a new one, and keeps the old one for its time`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const [first] = await a.node.keys.read('sealing', HOUR, HOUR)
    const both = await eventually(
      () => b.node.keys.read('sealing', 20, HOUR),
      (keys) => keys.length > 1,
    )
    assert.equal(both.at(-1), first)
    assert.notEqual(both[0], first)
    const kept = await eventually(
      () => a.node.keys.read('sealing', HOUR, 20),
      (keys) => keys.length === 1,
    )
    assert.equal(kept[0], both[0])
  })
}
