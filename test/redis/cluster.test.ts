/** The store on a Redis Cluster: the contract over the clients that know clusters, and keys of all servers. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { redisStore } from '../../src/redis/index.ts'
import { testStore } from '../../src/store-contract/index.ts'
import { RecordingNode } from '../../src/store-contract/subject.ts'
import { CLIENTS } from './clients.ts'
import { CLUSTER_CLIENTS, type Cluster, startCluster } from './cluster.ts'
import { MINUTE } from './recorder.ts'
import { noRedis } from './server.ts'

describe('redisStore on a cluster', { skip: noRedis }, () => {
  let cluster: Cluster
  let count = 0
  before(async () => {
    cluster = await startCluster()
  })
  after(() => cluster.remove())

  for (const [name, makeClient] of Object.entries(CLUSTER_CLIENTS)) {
    const make = () => makeClient(cluster.servers.map(({ port }) => port))
    testStore(`cluster over ${name}`, (t) => {
      count += 1
      const [one, other] = [make(), make()]
      t.after(() => {
        one.close()
        other.close()
      })
      const options = { prefix: `test-${count}:`, leaseMs: 2000, timeoutMs: 1500 }
      return {
        store: redisStore({ client: one.client, ...options }),
        other: redisStore({ client: other.client, ...options }),
        kill: () => other.close(),
        interrupt: async () => {
          for (const server of cluster.servers) server.pause()
          return () => {
            for (const server of cluster.servers) server.resume()
          }
        },
      }
    })

    test(`redisStore over ${name} spreads sessions over the servers of a cluster`, async (t) => {
      const client = make()
      t.after(() => client.close())
      const { node } = await RecordingNode.join(t, redisStore({ client: client.client, prefix: `${name}:` }))
      for (let n = 0; n < 60; n++) await node.sessions.create(`session-${n}`, 'record', MINUTE)
      for (let n = 0; n < 60; n++) assert.equal((await node.sessions.read(`session-${n}`))?.record, 'record')
      for (const { port } of cluster.servers) {
        const direct = CLIENTS['ioredis 6']({ port })
        t.after(() => direct.close())
        const keys = (await direct.send('KEYS', `${name}:{session-*`)) as string[]
        assert.ok(keys.length > 5, `${keys.length} of 60 sessions are on one server`)
      }
    })
  }
})
