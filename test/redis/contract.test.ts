/** The store on Redis, held against the contract, over each of the clients. */
import { after, before, describe } from 'node:test'
import { redisStore } from '../../src/redis/index.ts'
import { testStore } from '../../src/store-contract/index.ts'
import { CLIENTS } from './clients.ts'
import { noRedis, RedisServer } from './server.ts'

/** What the store is away by: the server is paused, or restarted with the data that it has on disk. */
const OUTAGES = {
  'redis 6': async (server: RedisServer) => {
    server.pause()
    return () => server.resume()
  },
  'redis 5': async (server: RedisServer) => {
    await server.stop('SIGKILL')
    return () => server.start()
  },
  'ioredis 6': async (server: RedisServer) => {
    await server.stop('SIGTERM')
    return () => server.start()
  },
  'ioredis 5': async (server: RedisServer) => {
    server.pause()
    return () => server.resume()
  },
}

for (const [name, makeClient] of Object.entries(CLIENTS)) {
  describe(`redisStore over ${name}`, { skip: noRedis }, () => {
    let server: RedisServer
    let count = 0
    before(async () => {
      // What was acknowledged is on disk: otherwise, while the disk is busy, up to two seconds of it may not be.
      server = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'always'])
    })
    after(() => server.remove())
    testStore(name, (t) => {
      count += 1
      const [one, other] = [makeClient({ port: server.port }), makeClient({ port: server.port })]
      t.after(() => {
        one.close()
        other.close()
      })
      const options = { prefix: `test-${count}:`, leaseMs: 2000, timeoutMs: 1500 }
      return {
        store: redisStore({ client: one.client, ...options }),
        other: redisStore({ client: other.client, ...options }),
        kill: () => other.close(),
        interrupt: () => OUTAGES[name as keyof typeof OUTAGES](server),
      }
    })
  })
}
