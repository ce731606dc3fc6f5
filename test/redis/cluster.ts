/** A cluster of three redis-servers on the loopback address, without replicas. */
import { CLIENTS, clusterIoRedis, clusterNodeRedis, type TestClient } from './clients.ts'
import { RedisServer } from './server.ts'

const SLOTS = 16_384

export interface Cluster {
  readonly servers: readonly RedisServer[]
  remove(): Promise<void>
}

export async function startCluster(): Promise<Cluster> {
  const servers: RedisServer[] = []
  const remove = async () => {
    await Promise.all(servers.map((server) => server.remove()))
  }
  try {
    for (let n = 0; n < 3; n++) servers.push(await RedisServer.start(['--cluster-enabled', 'yes']))
    const clients = servers.map(({ port }) => CLIENTS['ioredis 6']({ port }))
    try {
      await join(servers, clients)
    } finally {
      for (const client of clients) client.close()
    }
    return { servers, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Gives each a third of the slots, and waits until all know that. */
async function join(servers: readonly RedisServer[], clients: readonly TestClient[]): Promise<void> {
  const [first] = clients as [TestClient]
  for (const [n, client] of clients.entries()) {
    const [from, to] = [n, n + 1].map((part) => Math.floor((part * SLOTS) / clients.length)) as [
      number,
      number,
    ]
    await client.send('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to - 1))
    await first.send('CLUSTER', 'MEET', '127.0.0.1', String(servers[n]?.port))
  }
  for (const client of clients) {
    for (
      let attempt = 0;
      !String(await client.send('CLUSTER', 'INFO')).includes('cluster_state:ok');
      attempt++
    ) {
      if (attempt > 300) throw new Error('the cluster does not come up within 30 s')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

export const CLUSTER_CLIENTS = {
  'redis 6': clusterNodeRedis,
  'ioredis 6': clusterIoRedis,
} satisfies { readonly [name: string]: (ports: readonly number[]) => TestClient }
