/** RemoteTask: the input requests of a task on another node, as its record has them, without those that were answered. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RemoteTask } from '../../src/features/tasks/remote-task.ts'
import type { TaskRecord } from '../../src/store/task-store.ts'

const ask = { method: 'roots/list', params: {} }
const record = (more: Partial<TaskRecord> = {}): TaskRecord => ({
  taskId: 't',
  status: 'input_required',
  createdAt: '2026-01-01T00:00:00.000Z',
  lastUpdatedAt: '2026-01-01T00:00:00.000Z',
  ttlMs: null,
  owner: null,
  node: 'other',
  payload: JSON.stringify({ a: ask, b: ask }),
  ...more,
})

function remote(first = record()) {
  const sent: unknown[] = []
  const task = new RemoteTask(first, {
    respond: (responses) => sent.push(responses),
    refuse: (key, error) => sent.push([key, error.message]),
  })
  const open = () => [...task.inputRequests.open()].map(([key]) => key)
  return { task, sent, open }
}

test('RemoteTask has the input requests of its record open, until they are answered here', () => {
  const { task, sent, open } = remote()
  assert.deepEqual(open(), ['a', 'b'])
  task.inputRequests.respond({ a: 1 })
  task.inputRequests.refuse('b', new Error('no'))
  assert.deepEqual(sent, [{ a: 1 }, ['b', 'no']])
  assert.deepEqual(
    [open(), task.inputRequests.isOpen('a'), task.inputRequests.isOpen('b')],
    [[], false, false],
  )
  // The node of the task has not heard of it yet.
  task.record = record({ statusMessage: 'half' })
  assert.deepEqual(open(), [])
  task.record = record({ payload: JSON.stringify({ b: ask, c: ask }) })
  assert.deepEqual(open(), ['c'])
})

test('RemoteTask asks again for what could not be sent', () => {
  const { task, open } = remote()
  task.inputRequests.respond({ a: 1 })
  task.inputRequests.forget('a')
  assert.deepEqual(open(), ['a', 'b'])
})

test('RemoteTask has no input request where the record has none, or is over', () => {
  const { task, open } = remote(record({ payload: undefined, status: 'working' }))
  assert.deepEqual([open(), task.isEnding], [[], false])
  task.record = record({ status: 'completed', payload: '{"content":[]}' })
  assert.deepEqual([open(), task.isEnding], [[], true])
  task.record = record({ payload: '[1]' })
  assert.deepEqual(open(), [])
})
