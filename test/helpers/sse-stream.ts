/**
 * An open SSE response, read event by event. Every JSON-RPC message on it is checked (conversation.ts); the
 * first violation ends the stream and rejects whoever waits.
 *
 * Lifecycle: {@link openSse} resolves with the head of the answer; the stream is over when the server ends it or
 * the connection breaks ({@link SseStream.ended} tells which), or when the test closes it.
 */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Conversation, type OwnRequest, type WireJson } from './conversation.ts'
import {
  isEventStream,
  lowerCase,
  postHeaders,
  prepare,
  type RequestHeaders,
  type SendOptions,
  send,
  versionIn,
} from './http-client.ts'
import { type SseEvent, SseParser } from './sse-parser.ts'
import { within } from './within.ts'

export interface OpenSseOptions extends SendOptions {
  headers?: RequestHeaders
  /** POST this message; without it the stream is opened by GET. */
  message?: unknown
  /** Called with each JSON-RPC message, after its check. */
  onMessage?: ((message: WireJson) => void) | undefined
}

/** How a stream ended. */
export interface StreamEnd {
  /** The terminating chunk was seen: the server ended the response itself. */
  readonly complete: boolean
  readonly error: Error | undefined
}

/** Opens an event stream by GET, or by POST of a message. @throws Error when the answer is not a stream. */
export async function openSse(url: string | URL, options: OpenSseOptions = {}): Promise<SseStream> {
  const { message } = options
  const headers = lowerCase(options.headers ?? {})
  const conversation =
    options.conversation ?? new Conversation(options.revision ?? versionIn(headers), options.check)
  const prepared = message === undefined ? undefined : prepare(message, conversation, options.check)
  const response =
    prepared === undefined
      ? await send('GET', url, { accept: 'text/event-stream', ...headers }, undefined, options.limitMs)
      : await send('POST', url, { ...postHeaders, ...headers }, prepared.body, options.limitMs)
  if (isEventStream(response)) return new SseStream(response, conversation, prepared?.own, options)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const shown = `${response.statusCode} ${response.headers['content-type'] ?? 'no type'} ${Buffer.concat(chunks)}`
  throw new Error(`expected an event stream, got ${shown}`)
}

export class SseStream implements AsyncIterable<SseEvent> {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  /** Everything received so far, comments included. */
  readonly events: SseEvent[] = []
  /** Resolves, never rejects, when nothing more will come. */
  readonly ended: Promise<StreamEnd>
  readonly #response: IncomingMessage
  readonly #parser = new SseParser()
  readonly #limitMs: number | undefined
  #taken = 0
  #isOver = false
  #failure: Error | undefined
  readonly #waiters: (() => void)[] = []

  constructor(
    response: IncomingMessage,
    conversation: Conversation,
    own: OwnRequest | undefined,
    options: OpenSseOptions,
  ) {
    this.status = response.statusCode ?? 0
    this.headers = response.headers
    this.rawHeaders = response.rawHeaders
    this.#response = response
    this.#limitMs = options.limitMs
    response.on('data', (bytes: Buffer) => {
      try {
        for (const event of this.#parser.push(bytes)) this.#accept(event, conversation, own, options)
      } catch (error) {
        this.#failure = error as Error
        response.destroy()
      }
      this.#wake()
    })
    let broken: Error | undefined
    response.on('error', (error) => {
      broken = error
    })
    this.ended = new Promise((resolve) => {
      response.on('close', () => {
        this.#isOver = true
        this.#wake()
        resolve({ complete: response.complete, error: this.#failure ?? broken })
      })
    })
  }

  /** The JSON-RPC messages received so far. */
  get messages(): WireJson[] {
    return this.events
      .flatMap((event) => event.json ?? [])
      .filter((message) => message?.jsonrpc !== undefined)
  }

  /** The last event id received, which a resuming client would send. */
  get lastEventId(): string | undefined {
    return this.events.findLast((event) => event.id !== undefined)?.id
  }

  /** The next event that is not a comment. @throws Error when the stream ends first. */
  async next(): Promise<SseEvent> {
    return await this.until((event) => event.comment === undefined)
  }

  /** The next JSON-RPC message (that satisfies the predicate); others before it are passed over. */
  async nextMessage(predicate: (message: WireJson) => boolean = () => true): Promise<WireJson> {
    const event = await this.until((item) => item.json?.jsonrpc !== undefined && predicate(item.json))
    return event.json
  }

  /** Passes over events until one satisfies the predicate, and gives that one. Comments are shown too. */
  async until(predicate: (event: SseEvent) => boolean): Promise<SseEvent> {
    const event = await this.#take(predicate)
    if (event === undefined) throw new Error(`the stream ended before the awaited event; ${this.#shown()}`)
    return event
  }

  /** All events that are not comments, until the stream ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SseEvent> {
    for (;;) {
      const event = await this.#take((item) => item.comment === undefined)
      if (event === undefined) return
      yield event
    }
  }

  /** Waits for the end of the stream, bounded. @throws the failure of a check. */
  async end(): Promise<StreamEnd> {
    const end = await within(this.ended, () => `the end of the stream; ${this.#shown()}`, this.#limitMs)
    if (this.#failure !== undefined) throw this.#failure
    return end
  }

  /** Closes the connection from this side (FIN) and waits until it is closed. */
  async close(): Promise<void> {
    this.#response.destroy()
    await this.ended
  }

  /** Resets the connection (RST). */
  async destroy(): Promise<void> {
    this.#response.socket?.resetAndDestroy()
    await this.ended
  }

  /** Stops reading the socket, as a slow client does. */
  pause(): void {
    this.#response.pause()
  }

  resume(): void {
    this.#response.resume()
  }

  #accept(
    event: SseEvent,
    conversation: Conversation,
    own: OwnRequest | undefined,
    options: OpenSseOptions,
  ): void {
    const message = event.json
    const isMessage = Array.isArray(message) || message?.jsonrpc !== undefined
    if (isMessage) conversation.incoming(message, own, options.check ?? conversation.check)
    this.events.push(event)
    for (const part of isMessage ? [message].flat() : []) options.onMessage?.(part)
  }

  async #take(predicate: (event: SseEvent) => boolean): Promise<SseEvent | undefined> {
    for (;;) {
      for (let event = this.events[this.#taken]; event !== undefined; event = this.events[this.#taken]) {
        this.#taken += 1
        if (predicate(event)) return event
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isOver) return undefined
      await within(
        new Promise<void>((resolve) => this.#waiters.push(resolve)),
        () => `an event; ${this.#shown()}`,
        this.#limitMs,
      )
    }
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  #shown(): string {
    const last = this.events.slice(-5).map((event) => JSON.stringify(event))
    const unfinished = this.#parser.unfinished === undefined ? '' : `, unfinished ${this.#parser.unfinished}`
    return `${this.events.length} events received, the last: ${last.join(' ') || 'none'}${unfinished}`
  }
}
