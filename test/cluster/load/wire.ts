/**
 * HTTP for the clients of a load, which must tell every way in which a request can end. Each request has a connection of
 * its own; the head of a response must come within 10 s, whatever the state of nodes and store.
 */

import { type IncomingMessage, request } from 'node:http'
import { type SseEvent, SseParser } from '../../helpers/sse-parser.ts'

export const HEAD_MS = 10_000

/** No head of a response: the connection broke, or nothing came in time. */
export class NoHead extends Error {
  readonly isTimeout: boolean
  constructor(isTimeout: boolean, message: string) {
    super(message)
    this.isTimeout = isTimeout
  }
}

/** @throws {NoHead} */
export function send(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  headers: Readonly<Record<string, string>>,
  message?: object,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const body = message === undefined ? undefined : JSON.stringify(message)
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const accept = 'application/json, text/event-stream'
    const sent = request(url, { method, agent: false, headers: { accept, ...type, ...headers } })
    const timer = setTimeout(() => {
      reject(new NoHead(true, `no head of the response to ${method} within ${HEAD_MS} ms`))
      sent.destroy()
    }, HEAD_MS)
    sent.on('response', (response) => {
      clearTimeout(timer)
      response.on('error', () => {})
      resolve(response)
    })
    sent.on('error', (error) => {
      clearTimeout(timer)
      reject(new NoHead(false, `the connection broke (${error.message})`))
    })
    sent.end(body)
  })
}

/** The rest of a response as text, as far as it came. */
export async function readText(response: IncomingMessage): Promise<string> {
  let text = ''
  try {
    for await (const chunk of response) text += chunk
  } catch {
    // What came of it is what there is.
  }
  return text
}

/** The events of a response, until it ends or breaks. */
export async function* readEvents(response: IncomingMessage): AsyncGenerator<SseEvent> {
  const parser = new SseParser()
  try {
    for await (const bytes of response) yield* parser.push(bytes)
  } catch {
    // A connection that broke: the client comes back.
  } finally {
    response.destroy()
  }
}

export function isEventStream({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('text/event-stream') === true
}

/** Milliseconds of a Retry-After, at least a little. */
export function retryAfter({ headers }: IncomingMessage): number {
  return Math.max(Number(headers['retry-after'] ?? 0) * 1000, 50)
}

/** @param signal - ends the wait early */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}
