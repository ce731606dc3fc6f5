/** The contract of the bus: who gets which message, how often, and in which order. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinTwo, type MakeStore, RecordingNode } from './subject.ts'

export function testBus(name: string, make: MakeStore): void {
  test(`${name}: bus.publish reaches all nodes once, in one order and with the same sequences, which rise`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const publish = async ({ node }: RecordingNode, from: string) => {
      const stored: Promise<void>[] = []
      for (let n = 0; n < 200; n++) {
        stored.push(node.bus.publish(`${from} ${n} Grüße 👋`))
        if (n % 10 === 0) await stored[n]
      }
      await Promise.all(stored)
    }
    await Promise.all([publish(a, 'a'), publish(b, 'b')])
    await Promise.all([a, b].map((each) => each.until('onBroadcast', [], 400)))
    assert.deepEqual(a.calls('onBroadcast'), b.calls('onBroadcast'))
    for (const [letter, from] of [
      ['a', a],
      ['b', b],
    ] as const) {
      const own = a.calls('onBroadcast').filter(([, , id]) => id === from.node.id)
      assert.deepEqual(
        own.map(([message]) => message),
        Array.from({ length: 200 }, (_, n) => `${letter} ${n} Grüße 👋`),
      )
    }
    const sequences = a.calls('onBroadcast').map(([, sequence]) => sequence as number)
    assert.ok(
      sequences.every(
        (sequence, place) => Number.isSafeInteger(sequence) && sequence > (sequences[place - 1] ?? 0),
      ),
    )
  })

  test(`${name}: a node that joins later gets the retained messages first, then it is available`, async (t) => {
    const subject = await make(t)
    const [a, b] = await joinTwo(t, subject)
    await a.node.bus.publish('one')
    await b.node.bus.publish('two')
    const late = await RecordingNode.join(t, subject.store)
    assert.deepEqual(late.broadcasts, ['one', 'two'])
    assert.deepEqual(
      late.heard.map(([method]) => method),
      ['onMissed', 'onBroadcast', 'onBroadcast', 'onAvailable'],
    )
    await a.until('onBroadcast', [], 2)
    assert.deepEqual(late.calls('onBroadcast'), a.calls('onBroadcast'))
    const [[missed]] = late.calls('onMissed') as [[number]]
    const [[, first]] = late.calls('onBroadcast') as [[string, number]]
    assert.ok(missed < first)
    assert.equal(late.node.available, true)
  })

  test(`${name}: bus.send reaches one node, each message once and in order`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    const messages = Array.from({ length: 300 }, (_, n) => `message ${n} Grüße 👋`)
    const results = await Promise.all(messages.map((message) => a.node.bus.send(b.node.id, message)))
    assert.ok(results.every((isStored) => isStored === true))
    assert.equal(await b.node.bus.send(b.node.id, 'to itself'), true)
    await b.until('onMessage', [], 301)
    const own = b.calls('onMessage').filter(([, from]) => from === a.node.id)
    assert.deepEqual(
      own.map(([message]) => message),
      messages,
    )
    assert.deepEqual(b.calls('onMessage').at(-1), ['to itself', b.node.id])
    assert.deepEqual(a.calls('onMessage'), [])
  })

  test(`${name}: bus.send says when there is no such node`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    assert.equal(await a.node.bus.send('0123456789ab', 'hello'), false)
    await b.node.leave()
    assert.equal(await a.node.bus.send(b.node.id, 'hello'), false)
  })

  test(`${name}: a node that has left hears nothing, stores nothing and refuses at once`, async (t) => {
    const [a, b] = await joinTwo(t, await make(t))
    await b.node.leave()
    await b.node.leave()
    const { length } = b.heard
    await a.node.bus.publish('after it left')
    await a.until('onBroadcast', ['after it left'])
    const refusal = { code: 'ERR_STORE_UNAVAILABLE' }
    await assert.rejects(b.node.bus.publish('x'), refusal)
    await assert.rejects(b.node.bus.send(a.node.id, 'x'), refusal)
    await assert.rejects(b.node.sessions.read('x'), refusal)
    assert.equal(b.node.available, false)
    assert.equal(b.heard.length, length)
  })
}
