/** The clients that a store on Redis is tested with. */
import { Cluster, Redis as IoRedis6 } from 'ioredis'
import { Redis as IoRedis5 } from 'ioredis5'
import { createClient as createClient6, createCluster } from 'redis'
import { createClient as createClient5 } from 'redis5'
import type { RedisClient } from '../../src/redis/index.ts'

export interface TestClient {
  readonly client: RedisClient
  /** Ends its connections. */
  close(): void
  /** Sends a command of a test. */
  send(...command: string[]): Promise<unknown>
}

export interface ClientOptions {
  readonly port: number
  readonly username?: string
  readonly password?: string
  /** Certificate of the server. */
  readonly ca?: Buffer
}

export type MakeClient = (options: ClientOptions) => TestClient

function nodeRedis(createClient: typeof createClient6): MakeClient {
  return ({ port, username, password, ca }) => {
    const socket = ca === undefined ? { port } : { port, tls: true as const, ca }
    const client = createClient({
      socket: { ...socket, host: '127.0.0.1' },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    })
    return {
      client,
      close: () => {
        if (client.isOpen) client.destroy()
      },
      send: (...command) => client.sendCommand(command),
    }
  }
}

function ioRedis(IoRedis: typeof IoRedis6): MakeClient {
  return ({ ca, ...options }) => {
    const tls = ca === undefined ? {} : { tls: { ca } }
    const client = new IoRedis({ ...options, host: '127.0.0.1', ...tls })
    return {
      client,
      close: () => client.disconnect(),
      send: (name, ...args) => client.call(name as string, args),
    }
  }
}

export const CLIENTS = {
  'redis 6': nodeRedis(createClient6),
  'redis 5': nodeRedis(createClient5 as unknown as typeof createClient6),
  'ioredis 6': ioRedis(IoRedis6),
  'ioredis 5': ioRedis(IoRedis5 as unknown as typeof IoRedis6),
} satisfies { readonly [name: string]: MakeClient }

export function clusterNodeRedis(ports: readonly number[]): TestClient {
  const client = createCluster({ rootNodes: ports.map((port) => ({ socket: { host: '127.0.0.1', port } })) })
  return {
    client,
    close: () => {
      if (client.isOpen) client.destroy()
    },
    send: (...command) => client.sendCommand(command[1], false, command),
  }
}

export function clusterIoRedis(ports: readonly number[]): TestClient {
  const client = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })))
  return {
    client,
    close: () => client.disconnect(),
    send: (name, ...args) => client.call(name as string, args),
  }
}
