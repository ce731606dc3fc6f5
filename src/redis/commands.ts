/**
 * Commands to Redis, each with a time limit, over a connection that may break. Scripts are sent by their hash, and as a
 * whole where the server does not have them yet.
 *
 *    reply ------------------------------------------------> resolves
 *    no reply in time, connection broken, a server that
 *    cannot serve now (OOM, READONLY, LOADING, ...) -------> ERR_STORE_UNAVAILABLE, and `onAway`: then all others are
 *                                                            refused at once, except for `probe`, until `open`
 *    another error (a command that is not allowed, ...) ---> ERR_STORE_UNAVAILABLE, and `onProblem`
 *
 * Refused at once, so that nothing waits in the client for a server that may be away for hours, and is done long after
 * its caller has given up.
 */

import { createHash } from 'node:crypto'
import { type Linked, LinkedList } from '../bounds/linked-list.ts'
import { messageOf } from '../bounds/quote.ts'
import { unref } from '../bounds/runtime.ts'
import type { McpError } from '../jsonrpc/rpc-error.ts'
import { unavailable } from '../store/unavailable.ts'
import type { Command, Connection } from './client.ts'

export interface CommandListener {
  onAway(error: McpError): void
  onProblem(error: Error): void
}

/** Lua, which Redis runs as one step. */
export class Script {
  readonly text: string
  readonly hash: string

  constructor(text: string) {
    this.text = text.trim()
    this.hash = createHash('sha1').update(this.text).digest('hex')
  }
}

/** A reply that is an error by which the caller learns something. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

/** First words of errors after which the same command may work later, without anybody changing it. */
const AWAY =
  /^(?:OOM|READONLY|LOADING|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|MISCONF|BUSY|NOAUTH|WRONGPASS|UNBLOCKED|MOVED|ASK|FAILOVER|ERR max number of clients)\b/
/** An error that Redis replied, not one of the connection. */
const REPLIED = /^[A-Z]{2,}\b/
const EXPECTED = /^(?:NOSCRIPT|WRONGTYPE|ERR The (?:ID specified in XADD|stream has exhausted))\b/
/** Before version 7 the error of a command in a script is a part of another one. */
const IN_SCRIPT = /^ERR Error running script \(.*?\): (?:@\w+: ?\d+: )?-?/
/** A timer that is later than this was held up in this process, and so was the reading of replies. */
const LATE_MS = 250
/** While others get replies, a command waits for at most this many time limits. */
const LONGEST = 3
/** After this many time limits without a reply, another connection is made. */
const SILENT = 5
/** Part of a new time in the average. */
const SMOOTHING = 0.1

interface Waiting extends Linked<Waiting> {
  readonly began: number
  reject(error: Error): void
}

export class Commands {
  readonly #client: Connection
  /** The client, or what has taken its place. */
  #connection: Connection
  #replacement: Connection | undefined
  readonly #timeoutMs: number
  readonly #listener: CommandListener
  /** Those without a reply, the oldest first. Lifecycle: until the reply, or the time is over. */
  readonly #waiting = new LinkedList<Waiting>()
  #timer: NodeJS.Timeout | undefined
  /** A probe that has no reply. */
  #probing: Promise<unknown> | undefined
  #probingSince = Number.POSITIVE_INFINITY
  /** Why nothing is sent; undefined: it is. */
  #closed: McpError | undefined
  #latencyMs = 0
  /** When the last reply came. */
  #repliedAt = 0

  constructor(connection: Connection, timeoutMs: number, listener: CommandListener) {
    this.#client = connection
    this.#connection = connection
    this.#timeoutMs = timeoutMs
    this.#listener = listener
  }

  get latencyMs(): number {
    return this.#latencyMs
  }

  /** Whether commands are sent. */
  get isOpen(): boolean {
    return this.#closed === undefined
  }

  /** Commands are sent again. */
  open(): void {
    this.#closed = undefined
  }

  /** Commands are refused with this error. */
  close(error: McpError): void {
    this.#closed = error
  }

  /**
   * @param key - a key of the command
   * @throws {McpError} ERR_STORE_UNAVAILABLE
   * @throws {ReplyError} a key has data of another kind, or an id in a stream is too small
   */
  send(key: string, ...command: Command): Promise<unknown> {
    return this.#closed === undefined ? this.#send(key, command) : Promise.reject(this.#closed)
  }

  /** @throws as `send` */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#closed === undefined ? this.#run(script, keys, args) : Promise.reject(this.#closed)
  }

  /**
   * Sends a script even while others are refused, to know whether the store can be reached again. One that has no reply
   * yet is waited for again, so that they do not heap up in the client.
   */
  probe(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (performance.now() - this.#probingSince > SILENT * this.#timeoutMs) this.#replace()
    if (this.#probing === undefined) {
      const probing = this.#runWith((key, command) => this.#connection.send(key, command), script, keys, args)
      this.#probing = probing
      this.#probingSince = performance.now()
      const end = () => {
        if (this.#probing === probing) this.#endProbe()
      }
      probing.then(end, end)
    }
    return this.#limit(this.#probing, 'EVALSHA')
  }

  /** Nothing more is sent. */
  stop(error: McpError): void {
    this.close(error)
    this.#replacement?.close()
  }

  #endProbe(): void {
    this.#probing = undefined
    this.#probingSince = Number.POSITIVE_INFINITY
  }

  /** The connection is open and dead, which its client may not notice for a quarter of an hour. */
  #replace(): void {
    this.#replacement?.close()
    this.#replacement = this.#client.duplicate()
    this.#connection = this.#replacement
    this.#connection.open().catch(() => undefined)
    this.#endProbe()
  }

  #run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#runWith((key, command) => this.#send(key, command), script, keys, args)
  }

  async #runWith(
    send: (key: string, command: Command) => Promise<unknown>,
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args.map(String)]
    const key = keys[0] as string
    try {
      return await send(key, ['EVALSHA', script.hash, ...rest])
    } catch (error) {
      if (!messageOf(error).startsWith('NOSCRIPT')) throw error
      return send(key, ['EVAL', script.text, ...rest])
    }
  }

  #send(key: string, command: Command): Promise<unknown> {
    return this.#limit(this.#connection.send(key, command), command[0])
  }

  /** Rejects when there is no reply in time, and classifies an error. */
  #limit(sent: Promise<unknown>, name: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const began = performance.now()
      let isOver = false
      const end = (settle: () => void) => {
        if (isOver) return
        isOver = true
        this.#waiting.remove(waiting)
        settle()
      }
      const waiting: Waiting = {
        began,
        reject: (error) => end(() => reject(error)),
        previous: undefined,
        next: undefined,
      }
      this.#waiting.append(waiting)
      this.#timer ??= this.#startTimer(this.#timeoutMs)
      sent.then(
        (reply) =>
          end(() => {
            const now = performance.now()
            this.#repliedAt = now
            this.#latencyMs += (now - began - this.#latencyMs) * SMOOTHING
            resolve(reply)
          }),
        (error: unknown) => end(() => reject(this.#classify(error, name))),
      )
    })
  }

  #classify(error: unknown, name: string): Error {
    const message = messageOf(error).replace(IN_SCRIPT, '')
    if (EXPECTED.test(message)) return new ReplyError(message, { cause: error })
    const away = unavailable(`${name} failed: ${message}`, error)
    if (AWAY.test(message) || !REPLIED.test(message)) this.#listener.onAway(away)
    else this.#listener.onProblem(away)
    return away
  }

  #startTimer(delayMs: number): NodeJS.Timeout {
    const due = performance.now() + delayMs
    return unref(setTimeout(() => this.#onTimer(due), delayMs))
  }

  #onTimer(due: number): void {
    this.#timer = undefined
    const now = performance.now()
    let { oldest } = this.#waiting
    if (oldest === undefined) return
    if (now - due > LATE_MS) {
      this.#timer = this.#startTimer(LATE_MS)
      return
    }
    if (this.#deadlineOf(oldest) <= now) {
      const error = unavailable(`no reply within ${this.#timeoutMs} ms`)
      for (; oldest !== undefined && this.#deadlineOf(oldest) <= now; { oldest } = this.#waiting) {
        oldest.reject(error)
      }
      this.#listener.onAway(error)
    }
    if (oldest !== undefined) this.#timer = this.#startTimer(Math.max(1, this.#deadlineOf(oldest) - now))
  }

  /** Where replies come one after the other, the server is not away but has much to do. */
  #deadlineOf({ began }: Waiting): number {
    const silentSince = Math.max(began, this.#repliedAt)
    return Math.min(silentSince + this.#timeoutMs, began + LONGEST * this.#timeoutMs)
  }
}
