/** The contract of the session store: records, fields, expiry and deletion. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, joinTwo, type MakeStore, newId } from './subject.ts'

const MINUTE = 60_000

export function testSessions(name: string, make: MakeStore): void {
  test(`${name}: sessions.read finds on any node what sessions.create stored, and nothing else`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const id = newId()
    const record = JSON.stringify({ name: 'Grüße 👋 "quoted"', list: [1, 2, 3] })
    await a.node.sessions.create(id, record, MINUTE)
    for (const { node } of [a, b]) {
      assert.deepEqual(await node.sessions.read(id), { record, fields: new Map() })
      assert.equal(await node.sessions.read(newId()), undefined)
    }
  })

  test(`${name}: sessions.setField changes one field and leaves the others, whichever node does it`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const id = newId()
    await a.node.sessions.create(id, 'record', MINUTE)
    await Promise.all([
      a.node.sessions.setField(id, 'level', 'info', MINUTE),
      b.node.sessions.setField(id, 's file:///a b', '7', MINUTE),
      b.node.sessions.setField(id, 'gone', 'x', MINUTE),
    ])
    await a.node.sessions.setField(id, 'level', '', MINUTE)
    await a.node.sessions.setField(id, 'gone', undefined, MINUTE)
    await a.node.sessions.setField(id, 'never there', undefined, MINUTE)
    const fields = new Map([
      ['level', ''],
      ['s file:///a b', '7'],
    ])
    assert.deepEqual(await b.node.sessions.read(id), { record: 'record', fields })
  })

  test(`${name}: sessions.setField makes no session of one that is not there`, async (t) => {
    const [a] = await joinTwo(t, await make(t))
    const id = newId()
    await a.node.sessions.setField(id, 'level', 'info', MINUTE)
    assert.equal(await a.node.sessions.read(id), undefined)
    assert.equal(await a.node.sessions.delete(id, MINUTE), false)
  })

  test(`${name}: sessions.delete is final: neither touch nor setField brings the session back`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const id = newId()
    await a.node.sessions.create(id, 'record', MINUTE)
    await a.node.sessions.setField(id, 'level', 'info', MINUTE)
    assert.equal(await b.node.sessions.delete(id, MINUTE), true)
    assert.equal(await a.node.sessions.delete(id, MINUTE), false)
    assert.equal(await a.node.sessions.touch(id, 'record', MINUTE), false)
    await a.node.sessions.setField(id, 'level', 'info', MINUTE)
    assert.equal(await b.node.sessions.read(id), undefined)
  })

  test(`${name}: a session expires when nobody touches it, with its fields`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const [id, kept] = [newId(), newId()]
    await a.node.sessions.create(id, 'record', MINUTE)
    await a.node.sessions.create(kept, 'record', 200)
    await a.node.sessions.setField(id, 'level', 'info', 200)
    assert.equal(await b.node.sessions.touch(kept, 'record', MINUTE), true)
    await eventually(
      () => b.node.sessions.read(id),
      (session) => session === undefined,
    )
    assert.equal((await b.node.sessions.read(kept))?.record, 'record')
    // A new one with the same id, such as a store that lost the session gets from a node that knows it, begins empty.
    assert.equal(await a.node.sessions.touch(id, 'again', MINUTE), true)
    assert.deepEqual(await b.node.sessions.read(id), { record: 'again', fields: new Map() })
  })

  test(`${name}: a session without a time to live is kept`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const id = newId()
    await a.node.sessions.create(id, 'record', 0)
    await a.node.sessions.setField(id, 'level', 'info', 0)
    assert.equal(await a.node.sessions.touch(id, 'record', 0), true)
    assert.deepEqual(await b.node.sessions.read(id), {
      record: 'record',
      fields: new Map([['level', 'info']]),
    })
  })
}
