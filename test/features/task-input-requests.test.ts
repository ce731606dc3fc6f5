/** The keys of a task's inputRequests: never the same one twice, and no dearer for having been asked before. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TaskInputRequests } from '../../src/features/tasks/task-input-requests.ts'
import { sinceMs } from '../helpers/cpu-time.ts'
import { generator } from '../session-era/serving.ts'

const request = { method: 'roots/list' } as const

/** Asks, answers, and gives the key that the client saw. */
async function askOnce(inputRequests: TaskInputRequests, key: string): Promise<string> {
  const asked = inputRequests.ask(key, request, (answer) => answer)
  const [wireKey = ''] = Object.keys(JSON.parse(inputRequests.text ?? '{}'))
  inputRequests.respond({ [wireKey]: 'answer' })
  assert.equal(await asked, 'answer')
  return wireKey
}

test('TaskInputRequests gives a key that is asked again a number', async () => {
  const inputRequests = new TaskInputRequests(() => {})
  const seen: string[] = []
  for (const key of ['a', 'a', 'a', 'b', 'a#2', 'a#5', 'a', 'a', 'a', 'a#1'])
    seen.push(await askOnce(inputRequests, key))
  assert.deepEqual(seen, ['a', 'a#2', 'a#3', 'b', 'a#2#2', 'a#5', 'a#4', 'a#6', 'a#7', 'a#1'])
})

test('TaskInputRequests never gives a key twice, whatever the handler calls its questions', async () => {
  const keys = ['a', 'a#1', 'a#2', 'a#3', 'a#2#2', 'a#2#3', '', '#2', '#', 'a#02', '__proto__']
  for (let seed = 1; seed <= 30; seed++) {
    const random = generator(seed)
    const inputRequests = new TaskInputRequests(() => {})
    const seen = new Set<string>()
    for (let step = 0; step < 100; step++) {
      const key = await askOnce(inputRequests, keys[random(keys.length)] as string)
      assert.ok(!seen.has(key), `seed ${seed}: ${key} a second time`)
      seen.add(key)
    }
  }
})

test('TaskInputRequests asks again in the same time however often a client has answered', async () => {
  const inputRequests = new TaskInputRequests(() => {})
  const best = async (rounds: number): Promise<number> => {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < rounds; round++) {
      const before = process.cpuUsage()
      for (let times = 0; times < 100; times++) await askOnce(inputRequests, 'again')
      best = Math.min(best, sinceMs(before))
    }
    return best
  }
  await best(5)
  const early = await best(5)
  await best(190)
  const late = await best(5)
  assert.ok(late < 5 * early, `${early} ms for 100 questions at first, ${late} ms after 20 000`)
})
