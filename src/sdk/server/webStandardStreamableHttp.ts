/**
 * `server/webStandardStreamableHttp.js`: the transport for platforms whose handlers get a `Request` and give a `Response`.
 * It is the one of streamableHttp.ts, whose request and response exist in memory alone (node-http/memory-fetch.ts).
 */

import { ByteBudget } from '../../bounds/byte-budget.ts'
import { BodyError } from '../../http/body-error.ts'
import { memoryFetch } from '../../node-http/memory-fetch.ts'
import { readBody } from '../../web-http/body.ts'
import type { AuthInfo } from '../types.ts'
import { StreamableHTTPServerTransport, type StreamableHTTPServerTransportOptions } from './streamableHttp.ts'

export type { EventId, EventStore, StreamId } from './event-store.ts'

export type WebStandardStreamableHTTPServerTransportOptions = StreamableHTTPServerTransportOptions

export interface HandleRequestOptions {
  /** The body, where somebody has read it. */
  parsedBody?: unknown
  authInfo?: AuthInfo
}

const MAX_BODY_BYTES = 4 * 1024 * 1024
const STATUS = { 'too-large': 413, busy: 503, aborted: 400, consumed: 500 } as const
/** Of the bodies that all transports are reading. */
const bodies = new ByteBudget(64 * MAX_BODY_BYTES)

const Base: new (
  options?: StreamableHTTPServerTransportOptions,
) => Omit<StreamableHTTPServerTransport, 'handleRequest'> = StreamableHTTPServerTransport

export class WebStandardStreamableHTTPServerTransport extends Base {
  readonly #maxBodyBytes: number

  constructor(options: WebStandardStreamableHTTPServerTransportOptions = {}) {
    super(options)
    this.#maxBodyBytes = options.maxRequestBodySize ?? MAX_BODY_BYTES
  }

  /** Serves a request. */
  async handleRequest(
    request: Request,
    { parsedBody, authInfo }: HandleRequestOptions = {},
  ): Promise<Response> {
    let body = parsedBody
    if (body === undefined && request.body !== null) {
      const read = await bodyOf(request, this.#maxBodyBytes)
      if (read instanceof BodyError) return refusal(read)
      body = read.toString()
    }
    const { method, headers, signal, url } = request
    const serve = memoryFetch(
      (incoming, response) => {
        const { handleRequest } = StreamableHTTPServerTransport.prototype
        const given = Object.assign(incoming, { href: url, ...(authInfo && { auth: authInfo }) })
        handleRequest.call(this as never, given, response, body).catch((error: Error) => {
          this.onerror?.(error)
          response.destroy(error)
        })
      },
      { host: new URL(url).host, path: undefined },
    )
    return await serve(new Request(url, { method, headers, signal }))
  }
}

function bodyOf(request: Request, maxBytes: number): Promise<Buffer | BodyError> {
  return new Promise((resolve) => {
    readBody(request, maxBytes, bodies, (error, body, charged) => {
      bodies.give(charged)
      resolve(error ?? body)
    })
  })
}

function refusal({ kind, message }: BodyError): Response {
  const error = { code: -32000, message }
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: STATUS[kind] })
}
