/** The list against an array, through random histories; and that its length does not show in what a step costs. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LinkedList, Place } from '../../src/bounds/linked-list.ts'
import { generator } from '../session-era/serving.ts'

function valuesOf<V>(list: LinkedList<Place<V>>): V[] {
  const values: V[] = []
  for (let place = list.oldest; place !== undefined; place = place.next) values.push(place.value)
  return values
}

test('LinkedList behaves as an array does in random histories', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = generator(seed)
    const list = new LinkedList<Place<number>>()
    let model: Place<number>[] = []
    for (let step = 0; step < 200; step++) {
      const entry = model[random(Math.max(1, model.length))]
      if (entry === undefined || random(5) < 3) {
        const added = new Place(step)
        list.append(added)
        model.push(added)
      } else {
        list.remove(entry)
        model = model.filter((each) => each !== entry)
        assert.deepEqual([entry.previous, entry.next], [undefined, undefined])
        // What was taken out can come in again.
        if (random(2) === 0) {
          list.append(entry)
          model.push(entry)
        }
      }
      assert.deepEqual(
        valuesOf(list),
        model.map(({ value }) => value),
      )
      assert.deepEqual([list.oldest, list.newest, list.size], [model[0], model.at(-1), model.length])
    }
  }
})
