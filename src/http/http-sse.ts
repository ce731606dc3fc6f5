/**
 * The two endpoints of HTTP+SSE, the transport of 2024-11-05: their paths, and which one a request is for.
 *
 *    GET  ssePath                    an event stream; its first event says where to post
 *    POST messagePath?sessionId=...  one message
 *
 * Spec: 2024-11-05 transports, "HTTP with SSE" {@link spec.httpSse}.
 * Not here: what the endpoints do.
 */

import { checkNames } from '../bounds/option-names.ts'
import { shown } from '../bounds/quote.ts'
import { isAt, pathOf, type RequestPath } from './target.ts'

/** The paths of HTTP+SSE; below a mount point of a framework, without it. */
export interface HttpSseOptions {
  /** Where clients open their event stream with GET. @defaultValue '/sse' */
  readonly ssePath?: string | undefined
  /** Where they post their messages. @defaultValue '/messages' */
  readonly messagePath?: string | undefined
}

export interface HttpSsePaths {
  /** Of the endpoint of Streamable HTTP; undefined: any other. */
  readonly path: string | undefined
  readonly ssePath: string
  readonly messagePath: string
}

export type HttpSsePart = 'stream' | 'messages'

/** The parameter of the query that names the connection of a message. */
const CONNECTION_ID = 'sessionId'
const CONNECTION_ID_VALUE = new RegExp(`[?&]${CONNECTION_ID}=([^&#]*)`)

/**
 * @param path - of the endpoint of Streamable HTTP
 * @param hasSessions - whether the options leave any
 * @returns undefined: it is off
 * @throws {TypeError} a wrong option, named
 */
export function checkHttpSse(
  given: boolean | HttpSseOptions,
  path: string | undefined,
  hasSessions: boolean,
): HttpSsePaths | undefined {
  if (given === false) return undefined
  if (!hasSessions) throw new TypeError('httpSse needs sessions, which the options eras or sessions turn off')
  const options = given === true ? {} : given
  checkNames(options, ['ssePath', 'messagePath'], 'httpSse.', {
    ssePath: 'path sse endpoint',
    messagePath: 'messages message postpath messageendpoint',
  })
  const { ssePath = '/sse', messagePath = '/messages' } = options
  for (const [name, value] of Object.entries({ ssePath, messagePath })) {
    if (typeof value !== 'string' || !/^\/[^?#\s]*[^/?#\s]$/.test(value)) {
      const problem = 'must begin with a slash, not end with one, and have no query'
      throw new TypeError(`httpSse.${name} ${problem}; got ${shown(value)}`)
    }
    if (value === path)
      throw new TypeError(`httpSse.${name} must differ from path, which is Streamable HTTP; both are ${path}`)
  }
  if (ssePath !== messagePath) return { path, ssePath, messagePath }
  throw new TypeError(`httpSse.ssePath and httpSse.messagePath must differ; both are ${shown(ssePath)}`)
}

/** @returns undefined: the request is for neither, as most are */
export function httpSsePart(
  request: RequestPath,
  { path, ssePath, messagePath }: HttpSsePaths,
): HttpSsePart | undefined {
  if (request.url === path) return undefined
  if (isAt(request, messagePath)) return 'messages'
  return isAt(request, ssePath) ? 'stream' : undefined
}

/** The connection that a message names; undefined: none. */
export function connectionIdOf(target: string): string | undefined {
  return CONNECTION_ID_VALUE.exec(target)?.[1]
}

/**
 * Where the client of a stream posts its messages: beside the stream, below the same mount point. The query of the stream
 * is that of the messages too, for the sake of keys in it.
 *
 * @param target - of the request that opens the stream
 * @param removed - the part of the path that a trusted proxy has removed
 */
export function messageTarget(
  target: string,
  removed: string | undefined,
  { ssePath, messagePath }: HttpSsePaths,
  connectionId: string,
): string {
  const path = pathOf(target).replace(/\/$/, '')
  const mount = `${removed ?? ''}${path.endsWith(ssePath) ? path.slice(0, -ssePath.length) : ''}`
  const query = /\?([^#]*)/.exec(target)?.[1]?.split('&') ?? []
  const kept = query.filter((part) => part !== '' && part.split('=', 1)[0] !== CONNECTION_ID)
  // Two slashes at the start would name another host.
  return `${mount.replace(/^\/+/, '/')}${messagePath}?${[...kept, `${CONNECTION_ID}=${connectionId}`].join('&')}`
}
