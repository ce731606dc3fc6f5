/**
 * The streams of calls that a client may resume on any node: the ones that run here and are written to event logs, and
 * those of other nodes that clients have resumed here.
 *
 *    this node runs the call                               the client has come back to another node
 *
 *    call-stream.ts    --- events --->   store   --- events --->   followed-stream.ts  ---> client
 *    remote-reader.ts  ------------ "there is more" ------------>
 *                      <-- attach, detached, how far it has read --
 *
 * The name of a stream says which node runs its call.
 *
 * Spec: 2025-11-25 transports, "Resumability and Redelivery" {@link spec.resumability}.
 * Invariant: the timer runs while something is open or followed.
 */

import { isObject } from '../../bounds/is-object.ts'
import { nextTurn, pause, unref } from '../../bounds/runtime.ts'
import { ShutdownError } from '../../dispatch/shutdown-error.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { EventLogStore, StoredEvents } from '../../store/event-log-store.ts'
import type { NodeChannel, NodeListener, TopicListener } from '../../store/node-channel.ts'
import type { SessionEra } from '../era.ts'
import { nodeChannels } from '../nodes/diagnostics.ts'
import type { Session } from '../session.ts'
import type { CallStream } from './call-stream.ts'
import { FollowedStream, type FollowHost } from './followed-stream.ts'
import type { MissingLog } from './log-meta.ts'
import { LogSearch, type SearchHost } from './log-search.ts'
import { type ReaderHost, RemoteReader, type StreamMessage } from './remote-reader.ts'
import type { CallStreams, RetainedStream, Streams } from './streams.ts'

const TOPIC = 'stream'
/** How often followed streams are read without a notification. */
const POLL_MS = 1000
/** The log of a silent call is touched this many times in its time to live. */
const TOUCHES_PER_TTL = 4
/** How often the store is asked for the log of a stream that is held until it is stored, and for how long at most. */
const HOLD_POLL_MS = 50
const MAX_HOLD_MS = 1000

export class SharedStreams implements TopicListener, NodeListener, ReaderHost, FollowHost, SearchHost {
  readonly events: EventLogStore
  readonly #channel: NodeChannel
  readonly #era: SessionEra
  readonly #streams: Streams
  /** Calls in flight here that have a log. Lifecycle: from `begin` to `ended`. */
  readonly #open = new Set<CallStream>()
  /** Those of `#open` that clients read on other nodes, by node and key. */
  readonly #readers = new Map<string, RemoteReader>()
  /** Connections here to streams of other nodes, by key. Lifecycle: as long as the connection. */
  readonly #followed = new Map<string, FollowedStream>()
  readonly #search = new LogSearch(this)
  readonly #closing = new AbortController()
  #lastKey = 0
  #timer: NodeJS.Timeout | undefined
  #sinceTouch = 0

  constructor(channel: NodeChannel, era: SessionEra, streams: Streams) {
    this.events = channel.node.events
    this.#channel = channel
    this.#era = era
    this.#streams = streams
    channel.listen(TOPIC, this)
    channel.observe(this)
  }

  get keepAlive(): Streams['keepAlive'] {
    return this.#streams.keepAlive
  }

  get maxStreamBufferBytes(): number {
    return this.#streams.maxStreamBufferBytes
  }

  get node(): string {
    return this.#channel.node.id
  }

  /** Connections to streams of other nodes. */
  get followedSize(): number {
    return this.#followed.size
  }

  /** A call has opened its stream: from now on its events are written to a log. */
  begin(stream: CallStream, session: Session): void {
    const { replay } = this.#streams
    if (replay === undefined) return
    stream.share(this.events.create(session.id, stream.name, stream.meta, replay.ttlMs), this)
    this.#open.add(stream)
    this.#watch()
    if (stream.isHeld) void this.#hold(stream, session)
  }

  /** Nothing more is written to its log. */
  ended(stream: CallStream): void {
    this.#open.delete(stream)
  }

  /** See `LogSearch.read`. */
  read(
    session: Session,
    stream: string,
    node: string,
    after: number,
    isWanted: () => boolean,
  ): Promise<StoredEvents | MissingLog | undefined> {
    return this.#search.read(session, stream, node, after, isWanted, this.#closing.signal)
  }

  /** Opens a connection to a stream of another node. */
  follow(
    http: HttpExchange<unknown>,
    session: Session,
    name: string,
    node: string,
    after: number,
    stored: StoredEvents | MissingLog,
  ): void {
    this.#lastKey += 1
    const stream = new FollowedStream(this, this.#lastKey.toString(36), node, session, name, after)
    this.#followed.set(stream.key, stream)
    const { followed } = this.#siblings(session)
    followed.add(stream)
    this.#era.table.use(session)
    this.#watch()
    nodeChannels.followed(session.id, name, node)
    stream.open(http, http.replyHeaders(), stored, this.isAlive(node))
  }

  attach(stream: FollowedStream): void {
    const { key, session, name, position } = stream
    stream.isAttached = true
    this.send(stream.node, { attach: key, session: session.id, stream: name, after: position }).then(
      (isAlive) => {
        if (!isAlive) stream.orphaned()
      },
      () => {
        stream.isAttached = false
      },
    )
  }

  caughtUp({ node, key, position }: FollowedStream): void {
    this.send(node, { taken: key, position }).catch(() => {})
  }

  closed(stream: FollowedStream): void {
    const { key, node, session } = stream
    this.#followed.delete(key)
    this.#siblings(session).followed.delete(stream)
    this.#era.table.release(session)
    this.send(node, { detached: key }).catch(() => {})
  }

  /** The connections of all calls that can go on without one end, so that their clients come back to another node. */
  disconnect(retryMs: number | undefined): void {
    for (const stream of this.#open) if (stream.attached && stream.resumable) stream.disconnect(retryMs)
    for (const stream of [...this.#followed.values()]) stream.end(retryMs)
  }

  close(): void {
    this.#closing.abort(new ShutdownError())
    clearInterval(this.#timer)
  }

  send(node: string, message: StreamMessage): Promise<boolean> {
    return this.#channel.send(node, TOPIC, message)
  }

  readerClosed(reader: RemoteReader): void {
    const id = `${reader.node} ${reader.key}`
    if (this.#readers.get(id) === reader) this.#readers.delete(id)
  }

  onMessage(content: unknown, from: string): void {
    if (!isObject(content)) return
    const message = content as unknown as StreamMessage
    if ('attach' in message) this.#onAttach(message, from)
    else if ('detached' in message) this.#readers.get(`${from} ${message.detached}`)?.lost()
    else if ('taken' in message) this.#onTaken(message, from)
    else if ('advanced' in message) this.#onAdvanced(message, from)
    else if ('end' in message) this.#ofNode(message.end, from)?.end(message.retryMs)
    else if ('asks' in message) this.#search.onQuestion(message, from)
    else if ('answers' in message) this.#search.onAnswer(message, from)
  }

  onNodeGone(node: string): void {
    for (const reader of [...this.#readers.values()]) if (reader.node === node) reader.lost()
    for (const stream of [...this.#followed.values()]) if (stream.node === node) stream.orphaned()
    this.#search.onNodeGone(node)
  }

  /** Messages may have been lost: asks the other nodes whether they still read. */
  onAvailable(): void {
    for (const reader of this.#readers.values()) reader.askPosition()
  }

  /** Another node has ended the call with an error, since it took this one for dead. */
  onStreamTaken(sessionId: string, name: string): void {
    const stream = this.#streamOf(sessionId, name)
    const problem = 'Another process has answered the call with an error, since this one was taken for dead'
    stream?.endedElsewhere(new McpError('ERR_STREAM_CUT', problem))
  }

  /** Holds a stream until its log is stored. While the store is away it goes on without. */
  async #hold(stream: CallStream, { id }: Session): Promise<void> {
    const timer = unref(setTimeout(() => stream.release(), MAX_HOLD_MS))
    try {
      // After the store has begun to write it.
      await new Promise<void>(nextTurn)
      while (stream.isHeld && (await this.events.read(id, stream.name, 0)) === undefined) {
        await pause(HOLD_POLL_MS, this.#closing.signal)
      }
    } catch {
      // The store is away, or the node is leaving.
    }
    clearTimeout(timer)
    stream.release()
  }

  hasStream(sessionId: string, name: string): boolean {
    return this.#streamOf(sessionId, name) !== undefined
  }

  #streamOf(sessionId: string, name: string): RetainedStream | undefined {
    const streams = this.#era.table.get(sessionId)?.streams as CallStreams | undefined
    return streams?.byName.get(name)
  }

  #onAttach(
    { attach, session, stream, after }: Extract<StreamMessage, { attach: string }>,
    from: string,
  ): void {
    const read = this.#streamOf(session, stream)
    // Finished and not retained: the log says the rest.
    if (read === undefined) return
    const known = this.#readers.get(`${from} ${attach}`)
    if (known !== undefined) {
      // Sent again, since it was not known whether it had come.
      known.askPosition()
      return
    }
    const reader = new RemoteReader(this, from, attach, read)
    this.#readers.set(`${from} ${attach}`, reader)
    read.readBy(reader, after)
  }

  #onTaken({ taken, position }: Extract<StreamMessage, { taken: string }>, from: string): void {
    const reader = this.#readers.get(`${from} ${taken}`)
    reader?.stream.readUpTo(reader, position)
  }

  #onAdvanced({ advanced, to, ask }: Extract<StreamMessage, { advanced: string }>, from: string): void {
    const stream = this.#ofNode(advanced, from)
    if (stream !== undefined) stream.advanced(to, ask)
    // The message that its connection is closed was lost while the store was away.
    else this.send(from, { detached: advanced }).catch(() => {})
  }

  #ofNode(key: string, node: string): FollowedStream | undefined {
    const stream = this.#followed.get(key)
    return stream?.node === node ? stream : undefined
  }

  /** This node runs no call of which it does not know. */
  isAlive(node: string): boolean {
    return node !== this.#channel.node.id && this.#channel.node.leases.isAlive(node)
  }

  #siblings(session: Session): CallStreams {
    return this.#streams.of(session, this.#era.replayBudget)
  }

  #watch(): void {
    this.#timer ??= unref(setInterval(() => this.#poll(), POLL_MS))
  }

  #poll(): void {
    for (const stream of this.#followed.values()) {
      if (!stream.isAttached) this.attach(stream)
      stream.poll()
    }
    this.#sinceTouch += POLL_MS
    const ttlMs = this.#streams.replay?.ttlMs ?? 0
    if (ttlMs > 0 && this.#sinceTouch >= ttlMs / TOUCHES_PER_TTL) {
      this.#sinceTouch = 0
      for (const stream of this.#open) stream.touchLog()
    }
    if (this.#open.size > 0 || this.#followed.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
