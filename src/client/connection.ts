/**
 * Connection: what the client sees of a server, in either lifecycle. The two implementations are
 * session-connection.ts and stateless-connection.ts.
 */

import type { RevisionName } from '../protocol/revisions.ts'
import type { Implementation, JsonObject } from '../protocol/wire-types.ts'
import type { Answered, SendOptions } from './router.ts'
import type { ServerCapabilities } from './wire.ts'

/** Who the server is and what it offers. */
export interface ServerDescription {
  readonly revision: RevisionName
  readonly capabilities: ServerCapabilities
  readonly info: Implementation | undefined
  readonly instructions: string | undefined
}

/** The changes that a caller wants. */
export interface ChangeFilter {
  /** The list of tools has changed. */
  readonly tools?: boolean | undefined
  /** The list of prompts has changed. */
  readonly prompts?: boolean | undefined
  /**
   * `true`: the list of resources has changed. An array of URIs: the contents of one of these have; `onError` gets an error
   * for each URI that the server refuses, and the others are listened to.
   */
  readonly resources?: boolean | readonly string[] | undefined
}

/** What has changed. */
export type Change =
  | { readonly kind: 'tools' | 'prompts' | 'resources' }
  | { readonly kind: 'resource'; readonly uri: string }
  /** Whatever was asked for may have changed: nobody listened for a while. */
  | { readonly kind: 'gap' }

export interface ConnectionHooks {
  /** A change that the server announced, on whatever stream. */
  onChange(change: Change): void
  /** Everything that was learnt from the server may be wrong now. */
  onRenewed(): void
  onNotification(method: string, params: JsonObject): void
}

export interface Connection {
  readonly era: 'session' | 'stateless'
  readonly server: ServerDescription
  /** Aborts with `close`, for what waits and is no request. */
  readonly closed: AbortSignal
  /** Whether parameters of tools are repeated in headers. */
  readonly mirrorsParameters: boolean
  /**
   * Sends a request and gives its final result; questions in between have been answered.
   *
   * @param allowed - types of results beside `complete` that the caller knows
   */
  request(
    method: string,
    params: JsonObject,
    options: SendOptions,
    allowed?: readonly string[],
  ): Promise<Answered>
  notify(method: string, params?: JsonObject): Promise<void>
  /**
   * Listens for changes until the signal aborts, over all losses of the connection.
   *
   * @throws {McpError} ERR_NOT_SUPPORTED: the server has nothing of what is asked for
   */
  listen(filter: ChangeFilter, onChange: (change: Change) => void, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
