/**
 * A store on Redis or Valkey, over the client that the application has already.
 *
 * Redis 6.2 or later. Commands go over the client itself, in order; each node has one more connection, a duplicate of
 * the client, on which it waits for messages.
 *
 * What is guaranteed depends on how Redis keeps its data: what it has acknowledged and then loses (a restart without
 * persistence, a failover before the replica had it) is lost here too. Streams say so, with a gap.
 */

import type { NodeEvents, Store, StoreNode } from '../store/store.ts'
import { type Connection, connectionOf } from './client.ts'
import { checkRedisOptions, type RedisStoreOptions, type RedisStoreSettings } from './options.ts'
import { RedisNode } from './redis-node.ts'

/**
 * Makes a store on Redis, for the option `store` of `createMcpHandler` and `serve`.
 *
 * @example
 * ```ts
 * const store = redisStore({ client: createClient({ url: 'redis://localhost' }), prefix: 'mcp:' })
 * await serve(server, { port: 3000, store })
 * ```
 *
 * @throws {TypeError} naming what is wrong with an option
 */
export function redisStore(options: RedisStoreOptions): Store {
  const settings = checkRedisOptions(options)
  return new RedisStore(connectionOf(options.client), settings)
}

class RedisStore implements Store {
  readonly #connection: Connection
  readonly #settings: RedisStoreSettings
  /** Nodes that have not left. */
  #nodes = 0
  /** The client was opened here, and is closed here. */
  #hasOpened = false

  constructor(connection: Connection, settings: RedisStoreSettings) {
    this.#connection = connection
    this.#settings = settings
  }

  join(events: NodeEvents): StoreNode {
    if (!this.#connection.isOpen) this.#hasOpened = true
    this.#nodes += 1
    return new RedisNode(this.#connection, this.#settings, events, () => this.#left())
  }

  #left(): void {
    this.#nodes -= 1
    if (this.#nodes === 0 && this.#hasOpened) this.#connection.close()
  }
}
