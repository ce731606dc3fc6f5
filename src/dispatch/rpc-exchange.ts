/**
 * The seam between the protocol eras and everything that does not know them.
 *
 * An era makes one `RpcExchange` for each JSON-RPC request it admits. The dispatcher, the features and the
 * handlers see this interface and nothing else of the transport: no session table, no socket, no header
 * rule. What differs between the eras is behind it: what aborts a call, where a notification goes, and
 * whether the client can be asked something while the call runs.
 */

import type { Access } from '../http/access.ts'
import type { RequestHeaders } from '../http/http-exchange.ts'
import type { RevisionName } from '../protocol/revisions.ts'
import type { ClientCapabilities, Implementation, JsonObject, LogLevel } from '../protocol/wire-types.ts'
import type { ClientInput } from './client-input/client-input.ts'
import type { Rate } from './token-bucket.ts'

export type { Access } from '../http/access.ts'

/** The client: remembered from `initialize`, or read from the request. Shared between equal clients; never changed. */
export interface Peer {
  readonly info: Implementation
  readonly capabilities: ClientCapabilities
}

/** The caller, according to the bearer token. */
export interface Principal {
  /** Stable identity of the caller, the same for every token of theirs. Sessions are bound to it. */
  readonly id: string
  /** What the token allows. */
  readonly scopes?: readonly string[] | undefined
  /** What the token verifier adds for handlers. */
  readonly claims?: JsonObject | undefined
}

/**
 * How long, and for whom, a result may be cached.
 *
 * Spec: 2026-07-28 caching {@link spec.caching}.
 */
export interface CacheHint {
  /** Milliseconds; 0: not at all. */
  readonly ttlMs: number
  /** `public`: the same for every caller. */
  readonly scope: 'public' | 'private'
}

export interface SendRequestOptions {
  /** True when a person must act before the client can answer: a longer time limit applies. */
  readonly waitsForUser?: boolean | undefined
  /** Milliseconds for this one request, in place of the server's limit; 0: none. */
  readonly timeoutMs?: number | undefined
  /** The client executes the request as a task of its own, if it can. */
  readonly asTask?: boolean | undefined
}

/**
 * A real request from server to client on the stream of the current call.
 *
 * @returns the client's `result`
 * @throws {RpcError} the client's error
 * @throws {McpError} `ERR_REQUEST_TIMEOUT`, `ERR_REQUEST_ABORTED`, `ERR_TOO_MANY_REQUESTS`
 */
export type SendRequest = (
  method: string,
  params: JsonObject,
  options?: SendRequestOptions,
) => Promise<unknown>

/** A call that may become a task. */
export interface TaskSeam {
  /** The client asked for a task with the request: it gets one whatever the handler decides. */
  readonly isRequested: boolean
  /**
   * Answers the request with a task; the call continues.
   *
   * @throws {RpcError} -32000, there are too many
   * @throws {McpError} the call is over, or waits for its client
   */
  start(): Promise<void>
  /** Sets the status message of the task; does nothing before there is one. */
  describe(message: string): void
}

/** What an era has to know of the tool that a call names. */
export interface CalledTool {
  /** Its name. */
  readonly key: string
  /** Arguments that clients may repeat outside of the message: a name, and the keys that lead to the value. */
  readonly headerParameters: readonly { readonly name: string; readonly path: readonly string[] }[]
  readonly mayBecomeTask: boolean
  readonly worksOnlyAsTask: boolean
}

export interface RpcExchange {
  readonly revision: RevisionName
  readonly peer: Peer
  readonly principal: Principal | undefined
  /** Aborts when the result is of no more use. Created on first use. */
  readonly signal: AbortSignal
  readonly aborted: boolean
  /** Least severity of log messages for this client; `undefined`: send none. */
  readonly logLevel: LogLevel | undefined
  readonly sessionId: string | undefined
  /** Headers of the HTTP request that carries the call. */
  readonly headers: RequestHeaders
  /** Aborts `signal`, for a limit that the era does not know of. */
  abort(reason: Error): void
  /**
   * Sends a notification that belongs to this call; does nothing once the call was answered or cancelled.
   *
   * @returns undefined where little is buffered for the client; otherwise a promise, never rejected, that resolves when
   *   the client has read it, when it cannot, or when the call is over
   */
  notify(method: string, params: JsonObject): Promise<void> | undefined
  /** How many progress and log messages a call may send; undefined: any number. */
  readonly messageRate: Rate | undefined
  /** Absent where the era or the client's `Accept` leaves no way to ask the client during a call. */
  readonly request: SendRequest | undefined
  /** Where input requests end the round trip instead; absent for requests that cannot ask. */
  readonly clientInput: ClientInput | undefined
  /**
   * Called when the tool of a call is found, before its arguments are checked.
   *
   * @param args - as the client sent them
   * @throws {RpcError} the call must not go on
   */
  onTool?(tool: CalledTool, args: unknown): void
  /** Present where the call may become a task, which continues after its request was answered. */
  readonly task?: TaskSeam | undefined
  /** What the caller may do; absent where callers are not authenticated. */
  readonly access?: Access | undefined
  /** The scopes that the call needs, set once they are known: a client that resumes its stream must have them, too. */
  scopes?: readonly string[] | undefined
  /** Set by a feature whose result the client may cache; an era without such hints ignores it. */
  cacheHint: CacheHint | undefined
  /**
   * Ends the connection, not the call: the client reconnects with `Last-Event-ID` for the rest.
   *
   * @param retryMs - how long the client should wait before it does
   */
  closeStream(retryMs?: number): void
}
