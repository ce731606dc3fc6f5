/** Nodes of a store on Redis for tests, which record what they hear and leave at the end. */
import type { TestContext } from 'node:test'
import { type RedisStoreOptions, redisStore } from '../../src/redis/index.ts'
import { RecordingNode } from '../../src/store-contract/subject.ts'
import { CLIENTS, type ClientOptions, type MakeClient, type TestClient } from './clients.ts'

export const MINUTE = 60_000

export interface Joined {
  readonly client: TestClient
  readonly recorder: RecordingNode
}

/** For servers that do not answer: long enough for a machine that has much else to do. */
export const SHORT = { timeoutMs: 1500 }

/** A node on a client of its own, which is available. */
export async function join(
  t: TestContext,
  server: ClientOptions,
  options: Partial<RedisStoreOptions> = {},
  makeClient: MakeClient = CLIENTS['redis 6'],
): Promise<Joined> {
  const client = makeClient({ ...server, port: server.port })
  t.after(() => client.close())
  const store = redisStore({
    client: client.client,
    prefix: 'test:',
    leaseMs: 2000,
    timeoutMs: 5000,
    ...options,
  })
  return { client, recorder: await RecordingNode.join(t, store) }
}
