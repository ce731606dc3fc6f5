/**
 * The user's own client of Redis, recognised by its methods, behind one interface: node-redis (a client, a cluster, a
 * sentinel) and ioredis (a client, a cluster).
 *
 * Commands go over the client itself; what must block gets a duplicate, which has a connection of its own.
 *
 * Not here: time limits, and what an error means (commands.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf } from '../bounds/quote.ts'

/**
 * What is used of a client. `createClient` and `createCluster` of `redis` 5 and 6, its `createSentinel` of version 6, and
 * `Redis` and `Cluster` of `ioredis` 5 and 6 give such clients; a pool of connections is none.
 */
export interface RedisClient {
  sendCommand(...args: never[]): unknown
  duplicate(...args: never[]): unknown
}

/** A command with its arguments. */
export type Command = readonly [string, ...string[]]

/** Connections of one client. */
export interface Connection {
  /** @param key - the one that says which server of a cluster gets it; all keys of a command belong to one server */
  send(key: string, command: Command): Promise<unknown>
  /** Connects it, if that has not begun. Resolves when it is connected, and may never do so. */
  open(): Promise<void>
  /** Ends its connections, without waiting for what they do. */
  close(): void
  /** Makes another one of the same kind, which is not open yet. */
  duplicate(): Connection
  /** Whether it connects by `open`, or has done so before. */
  readonly isOpen: boolean
}

/** What the clients have; which of it depends on the kind. */
interface AnyClient {
  readonly isOpen?: boolean
  readonly status?: string
  readonly isCluster?: boolean
  sendCommand(...args: unknown[]): Promise<unknown>
  duplicate(...args: unknown[]): AnyClient
  call?(name: string, args: readonly string[]): Promise<unknown>
  connect?(): Promise<unknown>
  destroy?(): void
  disconnect?(): unknown
  on?(event: 'error', listener: () => void): unknown
  listenerCount?(event: 'error'): number
}

/** @throws {TypeError} it is no client that is known */
export function connectionOf(client: unknown): Connection {
  const methods = isObject(client) ? (client as Partial<AnyClient>) : {}
  if (typeof methods.sendCommand !== 'function') throw refused(client, 'sendCommand or call')
  if (typeof methods.duplicate !== 'function') throw refused(client, 'duplicate')
  return connect(client as AnyClient)
}

function connect(client: AnyClient): Connection {
  // Without a listener, an error of the connection ends the process. What matters is reported by whoever sends commands.
  if (client.listenerCount?.('error') === 0) client.on?.('error', () => undefined)
  return typeof client.call === 'function' ? new IoRedis(client) : new NodeRedis(client)
}

function refused(client: unknown, missing: string): TypeError {
  const expected = 'a client of redis (5, 6) or ioredis (5, 6)'
  return new TypeError(
    `redisStore.client must be ${expected}; got ${kindOf(client)} without the method ${missing}`,
  )
}

/** What connects longer than this is closed in the middle of it: there is no server. */
const LONGEST_OPENING_MS = 500

class NodeRedis implements Connection {
  readonly #client: AnyClient
  #opening: Promise<unknown> | undefined
  readonly #send: (key: string, command: Command) => Promise<unknown>

  constructor(client: AnyClient) {
    this.#client = client
    if ('nodeClient' in client) this.#send = (key, command) => client.sendCommand(key, false, command)
    else if ('getSentinelNode' in client) this.#send = (_, command) => client.sendCommand(false, command)
    else this.#send = (_, command) => client.sendCommand(command)
  }

  get isOpen(): boolean {
    return this.#client.isOpen === true
  }

  send(key: string, command: Command): Promise<unknown> {
    return this.#send(key, command)
  }

  async open(): Promise<void> {
    if (this.isOpen) return
    const opening = this.#client.connect?.()
    this.#opening = opening
    const end = () => {
      this.#opening = undefined
    }
    opening?.then(end, end)
    await opening
  }

  close(): void {
    const opening = this.#opening
    if (opening === undefined) {
      this.#destroy()
      return
    }
    // What is destroyed while it connects may stay connected, and keep the process alive.
    const destroy = () => this.#destroy()
    const timer = setTimeout(destroy, LONGEST_OPENING_MS)
    opening.then(destroy, destroy).finally(() => clearTimeout(timer))
  }

  duplicate(): Connection {
    return connect(this.#client.duplicate())
  }

  #destroy(): void {
    try {
      this.#client.destroy?.()
    } catch {
      // It is closed already.
    }
  }
}

/** Of a duplicate: it waits for as long as the command says, and what was under way when it broke is not sent again. */
const BLOCKING = {
  autoResendUnfulfilledCommands: false,
  blockingTimeout: undefined,
  commandTimeout: undefined,
  lazyConnect: true,
  maxRetriesPerRequest: null,
  scaleReads: 'master',
  socketTimeout: undefined,
}

class IoRedis implements Connection {
  readonly #client: AnyClient

  constructor(client: AnyClient) {
    this.#client = client
  }

  get isOpen(): boolean {
    const { status } = this.#client
    return status !== 'wait' && status !== 'end'
  }

  async send(_key: string, [name, ...args]: Command): Promise<unknown> {
    return this.#client.call?.(name, args)
  }

  async open(): Promise<void> {
    if (!this.isOpen) await this.#client.connect?.()
  }

  close(): void {
    this.#client.disconnect?.()
  }

  duplicate(): Connection {
    const { isCluster } = this.#client
    return connect(
      isCluster === true ? this.#client.duplicate([], BLOCKING) : this.#client.duplicate(BLOCKING),
    )
  }
}
