/**
 * What a contender is asked to serve, and what it gives back: the one interface that every server of the benchmark
 * has, ours, the floor and the peers alike.
 */

/**
 * How clients and server talk: `session` (2025-11-25 with an Mcp-Session-Id), `sessionless` (2025-11-25, no id is
 * given out), `stateless` (2026-07-28).
 */
export type Wire = 'session' | 'sessionless' | 'stateless'

export type Guarded = boolean | 'oauth'

export interface Setup {
  readonly wire: Wire
  /** How many tools `tools/list` shows; those that the parts call are among them. */
  readonly tools: number
  /**
   * `true`: ask for a bearer token (`TOKEN`), and run one middleware around every request. `'oauth'`: be a resource server
   * that takes a JWT (`ACCESS_TOKEN`), and nothing else.
   */
  readonly guarded: Guarded
  /** Idle streams get a comment this often; 0: never. */
  readonly keepAliveMs: number
  /** Idle sessions are forgotten after this time; 0: never. */
  readonly idleTimeoutMs: number
  /** Bytes that may wait for one slow reader. */
  readonly maxStreamBufferBytes: number
  /** The port of a Redis that servers share, and which of them this is. Absent: none. */
  readonly store?: { readonly port: number; readonly node: number }
  /** The port of a Redis that the process has the connections of a store to, and no store. Absent: none. */
  readonly idleRedis?: number
}

export const DEFAULT_SETUP: Setup = {
  wire: 'session',
  tools: 3,
  guarded: false,
  keepAliveMs: 0,
  idleTimeoutMs: 0,
  maxStreamBufferBytes: 1024 * 1024,
}

/** A server that is listening. */
export interface Running {
  readonly port: number
  /** Makes one change that every client with an open stream is told of. Absent: this server cannot. */
  readonly change?: () => void
  /** The same, by nothing but `socket.write` of ready bytes: the least that node:net's public API asks for. The floor has it. */
  readonly changeBare?: () => void
  /** Sessions that are remembered now. Absent: this server does not say. */
  readonly sessions?: () => number
}

/** The export that every contender module has. */
export type Start = (setup: Setup) => Promise<Running>

/** The export `fetchHandler` of those that have a handler of a `Request`. */
export type FetchHandlerOf = (setup: Setup) => Promise<(request: Request) => Promise<Response>>

/** The export `stdio` of those that serve standard input and output. */
export type ServeStdio = (setup: Setup) => Promise<unknown>

/** The token that a guarded server accepts. */
export const TOKEN = 'bench-token-0123456789abcdef'
