/**
 * Checks that a contender answers correctly, before anything of it is timed. Plain node:http, and the project's own
 * SSE parser: slow and thorough, unlike the load generator.
 */

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { SseParser } from '../../src/sse/parser.ts'
import type { WireRequest } from './wire.ts'

export interface CheckedAnswer {
  readonly status: number
  readonly sessionId: string | undefined
  /** The JSON-RPC messages, however they came. */
  readonly messages: readonly { readonly [name: string]: unknown }[]
  readonly isStream: boolean
}

/** Sends one request on a connection of its own and reads the whole answer. */
export function ask(port: number, { method, headers, body }: WireRequest): Promise<CheckedAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path: '/mcp', method, headers, agent: false })
    request.setTimeout(20_000, () => request.destroy(new Error('no answer within 20 s')))
    request.on('error', reject)
    request.on('response', (response) => readAnswer(response).then(resolve, reject))
    request.end(body)
  })
}

/** Reads the whole answer. @throws {Error} when it breaks off or is neither JSON nor a stream of it */
export function readAnswer(response: IncomingMessage): Promise<CheckedAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true
      const { 'mcp-session-id': sessionId } = response.headers
      try {
        const parsed = isStream ? readEvents(text) : text === '' ? [] : [JSON.parse(text)]
        resolve({
          status: response.statusCode ?? 0,
          sessionId: typeof sessionId === 'string' ? sessionId : undefined,
          messages: parsed as CheckedAnswer['messages'],
          isStream,
        })
      } catch {
        reject(new Error(`status ${response.statusCode}, not JSON: ${text.slice(0, 200)}`))
      }
    })
  })
}

/** The text of the only content of a result, in JSON or in an event stream; undefined: there is none. */
export function textIn(body: string): unknown {
  const [message] = body.startsWith('{') ? [JSON.parse(body)] : readEvents(body)
  const { result } = message as {
    readonly result?: { readonly content?: readonly { readonly text?: string }[] }
  }
  return result?.content?.length === 1 ? result.content[0]?.text : undefined
}

/** The messages of a finished stream. */
function readEvents(text: string): unknown[] {
  const messages: unknown[] = []
  const parser = new SseParser({
    onEvent: ({ data }) => {
      // A priming event has no data.
      if (data !== '') messages.push(JSON.parse(data))
    },
  })
  parser.push(Buffer.from(text))
  return messages
}

/**
 * Finds the result of request 1.
 *
 * @throws {Error} when there is none, or it is an error
 */
export function resultOf(answer: CheckedAnswer): { readonly [name: string]: unknown } {
  const response = answer.messages.find((message) => message['id'] === 1)
  const result = response?.['result']
  if (answer.status !== 200 || typeof result !== 'object' || result === null) {
    throw new Error(
      `expected a result with status 200, received ${answer.status} ${JSON.stringify(answer.messages).slice(0, 300)}`,
    )
  }
  return result as { readonly [name: string]: unknown }
}

/** @throws {Error} unless the result is one text block with this text */
export function expectText(answer: CheckedAnswer, text: string): void {
  const { content, isError } = resultOf(answer) as {
    readonly content?: readonly { readonly type?: string; readonly text?: string }[]
    readonly isError?: boolean
  }
  if (isError === true || content?.length !== 1 || content[0]?.type !== 'text' || content[0].text !== text) {
    const got = JSON.stringify(content)?.slice(0, 200)
    throw new Error(`expected the text ${JSON.stringify(text.slice(0, 60))}, received ${got}`)
  }
}
