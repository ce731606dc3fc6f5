/**
 * Inbox: reads the responses of one request (one, or several when its stream is taken up again) as messages, and hands
 * each to the receiver once.
 *
 *    application/json      the body is the message
 *    text/event-stream     each event is one; an event with an id and no data says only how far the stream is
 *
 * Nothing is kept beyond `maxMessageBytes`, counted after decompression.
 *
 * Not here: when a stream is taken up again (session-http.ts).
 */

import { quote } from '../bounds/quote.ts'
import { decodeMessage } from '../jsonrpc/decode.ts'
import { isWithin, measureBody, UNLIMITED } from '../jsonrpc/measure.ts'
import { McpError, type RpcError } from '../jsonrpc/rpc-error.ts'
import { type SseEvent, SseParser } from '../sse/parser.ts'
import { httpError, invalidResponse, mcpError, reasonOf, rpcError, withStatus } from './errors.ts'
import { isHeaderValue } from './header-value.ts'
import { discard } from './http-client.ts'
import { readText } from './read-text.ts'
import type { Outgoing, Receiver } from './transport.ts'

/** Arrays and objects inside each other: what walks a message is recursive. */
const LIMITS = { ...UNLIMITED, maxDepth: 500 }
/** Ids of events that are remembered, so that a server that sends them again does no harm: how many, of how many characters. */
const MAX_SEEN = 1000
const MAX_SEEN_LENGTH = 1_000_000
/** Characters of an event id that is sent back: a server takes headers of 8 to 16 kB. */
const MAX_SENT_ID = 4000
/** What is read of an error page. */
const MAX_ERROR_BYTES = 65_536
/** How long the body of what was refused is waited for. */
const MAX_REFUSAL_MS = 3000
/** How long a stream may go on after its answer, until it is closed. */
const LINGER_MS = 1000

export interface InboxOptions {
  readonly receiver: Receiver
  readonly maxMessageBytes: number
  /** The request that the responses are for; undefined for a stream of its own. */
  readonly out?: Outgoing | undefined
  /** Called with an event that is no message; undefined: it is ignored. */
  readonly onOtherEvent?: ((event: string, data: string) => void) | undefined
  /** Called with what is wrong with one message of a stream that can go on. Undefined: the stream is given up. */
  readonly onError?: ((error: unknown) => void) | undefined
}

export class Inbox {
  /** The answer to the request has been handed over. */
  answered = false
  /** The delay that the server asked for. */
  retryMs: number | undefined
  /** Events so far: a try that has not raised it has brought nothing. */
  eventCount = 0
  readonly #options: InboxOptions
  /** One for each connection: an event without an id has that of the event before, which must not be of another. */
  #parser: SseParser
  #seen: Set<string> | undefined
  #seenLength = 0
  /** Of the latest event of this connection. */
  #eventId = ''
  /** That of the connections before. */
  #lastEventId = ''
  /** What ends the reading of a stream. */
  #failure: unknown

  constructor(options: InboxOptions) {
    this.#options = options
    this.#parser = this.#newParser()
  }

  /** What a client sends as `Last-Event-ID`; empty when no event had an id, or the latest one that cannot be sent. */
  get lastEventId(): string {
    const id = this.#parser.lastEventId || this.#lastEventId
    return id.length <= MAX_SENT_ID && isHeaderValue(id) ? id : ''
  }

  /**
   * Reads a response with status 200 to its end, or to the answer.
   *
   * @returns why a stream ended without the answer; undefined when it just ended
   * @throws {McpError} what came is no message
   */
  async read(response: Response, method = 'POST'): Promise<unknown> {
    const type = mediaType(response)
    if (type === 'text/event-stream') return await this.#readEvents(response)
    if (type === 'application/json') {
      const text = await this.#text(response)
      this.#hand(parse(text), text.length)
      return undefined
    }
    const said = type === '' ? 'no Content-Type' : `Content-Type ${quote(type)}`
    await discard(response)
    const problem = `${method} was answered with HTTP ${response.status} and ${said}, expected application/json or text/event-stream`
    throw withStatus(invalidResponse(problem), response.status)
  }

  async #text(response: Response): Promise<string> {
    try {
      const { maxMessageBytes } = this.#options
      return await readText(response, maxMessageBytes, () => tooLarge(maxMessageBytes))
    } catch (error) {
      const { signal } = this.#options.out ?? {}
      if (signal?.aborted) throw signal.reason
      if (error instanceof McpError) throw error
      throw mcpError(
        'ERR_CONNECTION',
        `The connection broke while an answer was read: ${reasonOf(error)}`,
        error,
      )
    }
  }

  async #readEvents(response: Response): Promise<unknown> {
    const reader = response.body?.getReader()
    if (reader === undefined) return undefined
    this.#lastEventId = this.lastEventId
    this.#parser = this.#newParser()
    this.#eventId = ''
    let linger: ReturnType<typeof setTimeout> | undefined
    try {
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return undefined
        this.#parser.push(value)
        if (this.#failure !== undefined) throw this.#failure
        if (this.answered && linger === undefined) {
          // The server ends the stream by itself; waiting for it keeps the connection usable.
          linger = setTimeout(() => void reader.cancel().catch(() => {}), LINGER_MS)
        }
      }
    } catch (error) {
      void reader.cancel().catch(() => {})
      if (error === this.#failure) throw error
      if (error instanceof RangeError) throw tooLarge(this.#options.maxMessageBytes)
      const { signal } = this.#options.out ?? {}
      if (signal?.aborted) throw signal.reason
      return error
    } finally {
      clearTimeout(linger)
    }
  }

  #newParser(): SseParser {
    const onRetry = (milliseconds: number) => {
      this.retryMs = milliseconds
    }
    const onEvent = ({ event, data, id }: SseEvent) => this.#event(event, data, id)
    return new SseParser({ onEvent, onRetry }, { maxEventBytes: this.#options.maxMessageBytes })
  }

  #event(event: string, data: string, id: string): void {
    if (this.#failure !== undefined) return
    this.eventCount += 1
    if (id !== '' && id !== this.#eventId) {
      this.#eventId = id
      this.#options.out?.onEventId?.(id)
      this.#seen ??= new Set()
      if (this.#seen.has(id)) return
      this.#seen.add(id)
      this.#seenLength += id.length
      for (const oldest of this.#seen) {
        if (this.#seen.size <= MAX_SEEN && this.#seenLength <= MAX_SEEN_LENGTH) break
        this.#seen.delete(oldest)
        this.#seenLength -= oldest.length
      }
    }
    if (event !== 'message') {
      this.#options.onOtherEvent?.(event, data)
      return
    }
    if (data === '') return
    try {
      this.#hand(parse(data), data.length)
    } catch (error) {
      if (this.#options.onError === undefined) this.#failure = error
      else this.#options.onError(error)
    }
  }

  #hand(value: unknown, bytes: number): void {
    const { receiver, out } = this.#options
    // 2025-03-26 let servers answer with several messages at once.
    for (const each of Array.isArray(value) ? value : [value]) {
      // A stream that all requests share goes on after each answer.
      if (receiver.receive(each, bytes, out) && out !== undefined) this.answered = true
    }
  }

  /**
   * Reads the response to a request that was not served.
   *
   * @returns the error of the protocol, whatever the status; or ERR_HTTP_STATUS, where the body holds none
   */
  async readError(response: Response, url: string, method = 'POST'): Promise<Error> {
    const { status } = response
    const text = await readErrorBody(response)
    const error = errorOf(text, this.#options.out?.id)
    if (error !== undefined) return withStatus(error, status)
    const after = response.headers.get('retry-after')
    return httpError(method, url, status, text.trim(), after === null ? '' : `, Retry-After ${quote(after)}`)
  }
}

/** What comes of it soon: a body that does not come must not hide the status. Does not throw. */
async function readErrorBody(response: Response): Promise<string> {
  const timer = new AbortController()
  const timeout = setTimeout(() => timer.abort(), MAX_REFUSAL_MS)
  try {
    if (response.bodyUsed) return ''
    return await readText(response, MAX_ERROR_BYTES, () => tooLarge(MAX_ERROR_BYTES), timer.signal)
  } catch (error) {
    return `nothing that can be read: ${reasonOf(error)}`
  } finally {
    clearTimeout(timeout)
  }
}

/** The error of what was refused and is no request: with the sentence that the server has for it. */
export async function refusal(
  response: Response,
  method: string,
  url: string,
  what: string,
): Promise<McpError> {
  const text = await readErrorBody(response)
  return httpError(method, url, response.status, errorOf(text, undefined)?.message ?? text.trim(), what)
}

/** The error response in a body, where it does not say that it is another request's. */
function errorOf(text: string, id: number | undefined): RpcError | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const message = decodeMessage(parse(text))
    if (message.kind !== 'response' || message.error === undefined) return undefined
    return message.id === undefined || message.id === id ? rpcError(message.error) : undefined
  } catch {
    return undefined
  }
}

export function mediaType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** @throws {McpError} it is not JSON, or nested too deeply */
export function parse(text: string): unknown {
  try {
    if (!isWithin(text, LIMITS)) measureBody(new TextEncoder().encode(text), LIMITS)
  } catch {
    throw invalidResponse(`A message of the server is nested more than ${LIMITS.maxDepth} levels deep`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalidResponse(`A message of the server is not JSON; it begins with ${quote(text)}`, error)
  }
}

function tooLarge(maxBytes: number): McpError {
  const problem = `A message of the server has more than ${maxBytes} bytes, the limit (option maxMessageBytes)`
  return mcpError('ERR_MESSAGE_TOO_LARGE', problem)
}
