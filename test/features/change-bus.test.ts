/** The change bus on its own: what is told together, to whom, and what an idle bus keeps. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ChangeBus, type Changes } from '../../src/features/change-bus.ts'

const plain = ({ lists, resources }: Changes) => [[...lists], [...resources]]

test('ChangeBus tells the changes of one turn together and each once, and later ones apart', async () => {
  const bus = new ChangeBus()
  const told: unknown[] = []
  bus.subscribe((changes) => told.push(plain(changes)))
  bus.listChanged('tools')
  bus.resourceUpdated('a:1')
  bus.listChanged('tools')
  bus.listChanged('prompts')
  bus.resourceUpdated('a:2')
  bus.resourceUpdated('a:1')
  assert.deepEqual(told, [])
  await turn()
  await turn()
  assert.deepEqual(told, [
    [
      ['tools', 'prompts'],
      ['a:1', 'a:2'],
    ],
  ])
  bus.resourceUpdated('a:1')
  await turn()
  assert.deepEqual(told.slice(1), [[[], ['a:1']]])
})

test('ChangeBus tells every subscriber until it unsubscribes', async () => {
  const bus = new ChangeBus()
  const told: string[] = []
  const stop = bus.subscribe(() => told.push('first'))
  bus.subscribe(() => told.push('second'))
  bus.listChanged('tools')
  await turn()
  stop()
  stop()
  bus.listChanged('tools')
  await turn()
  assert.deepEqual(told, ['first', 'second', 'second'])
})

test('ChangeBus keeps nothing for those who subscribe after a change', async () => {
  const bus = new ChangeBus()
  bus.listChanged('tools')
  bus.resourceUpdated('a:1')
  const told: unknown[] = []
  bus.subscribe((changes) => told.push(plain(changes)))
  await turn()
  bus.listChanged('prompts')
  await turn()
  assert.deepEqual(told, [[['prompts'], []]])
})
