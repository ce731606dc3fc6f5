/**
 * A client for servers that we know nothing of: plain node:http or node:https, whole answers, and event streams that
 * stay open. Thorough rather than fast; requests under load are autocannon's.
 */

import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { SseParser } from '../../src/sse/parser.ts'
import { type CheckedAnswer, readAnswer } from '../lib/check-answer.ts'
import type { WireRequest } from '../lib/wire.ts'

const ANSWER_MS = 20_000

export class UrlClient {
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    this.#url = url
    this.#headers = headers
  }

  /** The headers of a request, the user's own included. */
  headers(request: WireRequest): Record<string, string> {
    return { ...request.headers, ...this.#headers }
  }

  /** @throws {Error} when there is no answer, or not one that can be read */
  async ask(request: WireRequest): Promise<CheckedAnswer> {
    return await readAnswer(await this.#send(request))
  }

  /** Opens an event stream. @throws {Error} when it is refused */
  async open(request: WireRequest): Promise<OpenStream> {
    const response = await this.#send(request)
    if (response.statusCode !== 200 || !response.headers['content-type']?.startsWith('text/event-stream')) {
      response.destroy()
      throw new Error(`status ${response.statusCode}, ${response.headers['content-type'] ?? 'no type'}`)
    }
    return new OpenStream(response)
  }

  #send(request: WireRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest
      const options = { method: request.method, headers: this.headers(request), agent: false as const }
      const out: ClientRequest = send(this.#url, options, (response) => {
        clearTimeout(timer)
        resolve(response)
      })
      const timer = setTimeout(() => out.destroy(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS)
      out.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      out.end(request.body)
    })
  }
}

/** An event stream and what it has brought so far. */
export class OpenStream {
  /** When something came, of `performance.now()`. */
  readonly arrivals: number[] = []
  lastEventId = ''
  comments = 0
  closed = false
  readonly #response: IncomingMessage

  constructor(response: IncomingMessage) {
    this.#response = response
    const parser = new SseParser({
      onEvent: ({ id }) => {
        if (id !== '') this.lastEventId = id
      },
      onComment: () => {
        this.comments += 1
      },
    })
    response.on('data', (chunk: Buffer) => {
      this.arrivals.push(performance.now())
      parser.push(chunk)
    })
    response.on('error', () => {})
    response.on('close', () => {
      this.closed = true
    })
  }

  close(): void {
    this.#response.destroy()
  }
}
