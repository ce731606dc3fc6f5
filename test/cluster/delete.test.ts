/** What a session's DELETE, answered by one node, means for the next request to another one. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { post, TestSession } from '../helpers/wire.ts'
import { clusterFor } from './cluster.ts'

const SESSIONS = 100

test('a request to any node after the answer to DELETE is 404', needs('redis-server'), async (t) => {
  const { nodes } = await clusterFor(t, { nodes: 2 })
  const [first = '', second = ''] = nodes.map(({ url }) => url)
  const statuses = await Promise.all(
    Array.from({ length: SESSIONS }, async () => {
      const session = await TestSession.open(first)
      const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }
      const askSecond = () => post(second, call, session.headers, { check: 'none' })
      assert.equal((await askSecond()).status, 200)
      await session.delete()
      return (await askSecond()).status
    }),
  )
  assert.deepEqual([...new Set(statuses)], [404])
})
