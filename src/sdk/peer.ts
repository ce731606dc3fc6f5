/**
 * Programs written for `@modelcontextprotocol/sdk` v1, on this library: `barewire/sdk/...` has its module paths and names.
 * There is one engine. What is here translates between its objects and those that such programs know:
 *
 *    program                         here                          the library
 *    ------------------------------  ----------------------------  -----------------------------------------------
 *    new McpServer, new Server       handlers by method            McpServer.override: these handlers answer, in the
 *      (server/)                       (server/index.ts)             place of the tables of the eras
 *    new StreamableHTTPServer-       a Peer for each session       one handler for all transports of equal options:
 *      Transport (server/)             (http-engine.ts)              sessions, replay, limits, both eras
 *    handleRequest(req, res, body)   marks the request             the handler, as it is mounted in Express
 *    handleRequest(Request)          the same in memory            (server/webStandardStreamableHttp.ts)
 *    new StdioServerTransport        a Peer for the process        serveStdio
 *    any other Transport             its messages as lines         serveStdio with streams (message-pipe.ts)
 *    extra, server.request, ...      Call, Peer (ask.ts)           RpcExchange, the session, its standalone stream
 *    new Client and its transports,  the same over messages        the transports of barewire/client (client/)
 *      Protocol
 *    types.js                        schema.ts, types/             nothing: no schema library is needed
 *
 * Programs make one server and one transport for each session. Here these two are small, and hold no socket, timer or
 * buffer: all transports of a process share one engine, so that its limits are those of the process, not of a session.
 * A transport that gets the `initialize` of several clients, which the guides warn of, gives each a session of its own.
 *
 * What such a program does without knowing it:
 *  - Host and Origin are checked where a request comes in on a loopback address (host-check.ts).
 *  - A session that was idle for a day, or the longest idle one above 10 000, ends: `onclose` says so.
 *  - A stream can be resumed; with an event store of the program from that one (server/event-streams.ts).
 *  - A client of 2026-07-28 is served where the program passes its requests on. It is asked (`elicitInput`) as that
 *    revision has it: the handler runs again from its start with the answer.
 *
 * Not supported, with an error that says what to do instead: clients that answer as tasks, authorization servers
 * (`mcpAuthRouter`), logins of clients (`finishAuth`), a transport that is driven without a server.
 *
 * This file: one client of a server, and its calls.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { RpcExchange } from '../dispatch/rpc-exchange.ts'
import type { McpServer } from '../features/server.ts'
import type { Session } from '../session-era/session.ts'
import type { StoredStream } from './server/stored-stream.ts'
import type { Transport } from './shared/transport.ts'
import type { AuthInfo, RequestInfo } from './types/auth-info.ts'
import type { Implementation, ProgressNotificationParams } from './types/names.ts'

/** What a transport needs of the server that is connected to it. */
export interface ServerPort {
  readonly info: Implementation
  /** Those whose handlers are running, of all clients. */
  readonly calls: ReadonlySet<Call>
  /** Whether the server answers a method. */
  answers(method: string): boolean
  answer(call: Call, method: string, params: object | undefined): unknown
  /** @param opened - by the engine, which has chosen the revision */
  initialize(call: Call, params: object | undefined, opened: OpenedSession): unknown
  discover(): object
  notified(peer: Peer, method: string, params: object | undefined): void
  opened(peer: Peer): void
  closed(peer: Peer): void
}

export interface OpenedSession {
  readonly protocolVersion: string
}

/** On the transports of this folder: connects a server. */
export const CONNECT = Symbol('connect')

/** A transport that is more than a pipe of messages. */
export interface OwnTransport extends Transport {
  [CONNECT](server: ServerPort): void
}

export function isOwn(transport: Transport): transport is OwnTransport {
  return CONNECT in transport
}

/** One client of a server: a session, a process, or what comes without a session on one transport. */
export class Peer {
  readonly server: ServerPort
  readonly transport: Transport
  /** What the engine serves: the way for what belongs to no call. */
  readonly host: McpServer
  session: Session | undefined
  /** What belongs to no call goes there, in the place of the engine's stream, where the program has a store. */
  standalone: StoredStream | undefined
  /** Answers to its calls are JSON: what a handler sends before its result is omitted. */
  readonly jsonOnly: boolean
  readonly retryMs: number | undefined
  /** It stands for all clients without a session. */
  readonly isOfMany: boolean
  /** Who is called with progress of requests to the client, by token. Lifecycle: as long as the request. */
  progress: Map<unknown, (progress: ProgressNotificationParams) => void> | undefined

  constructor(
    server: ServerPort,
    transport: Transport,
    host: McpServer,
    options: {
      readonly jsonOnly?: boolean
      readonly retryMs?: number | undefined
      readonly isOfMany?: boolean
    } = {},
  ) {
    this.server = server
    this.transport = transport
    this.host = host
    this.jsonOnly = options.jsonOnly ?? false
    this.retryMs = options.retryMs
    this.isOfMany = options.isOfMany ?? false
  }
}

/** One request whose handler is running. */
export class Call {
  readonly peer: Peer
  readonly exchange: RpcExchange
  readonly id: string | number
  readonly authInfo: AuthInfo | undefined
  readonly requestInfo: RequestInfo | undefined
  /** `currentCall` finds it. */
  isMarked = false
  #asked = 0

  constructor(
    peer: Peer,
    exchange: RpcExchange,
    id: string | number,
    authInfo?: AuthInfo | undefined,
    requestInfo?: RequestInfo | undefined,
  ) {
    this.peer = peer
    this.exchange = exchange
    this.id = id
    this.authInfo = authInfo
    this.requestInfo = requestInfo
  }

  /** Names a request to the client: the same one whenever the handler runs again. */
  nextKey(method: string): string {
    this.#asked += 1
    return `${method} ${this.#asked}`
  }
}

let running: AsyncLocalStorage<Call> | undefined

/** Runs a handler so that `currentCall` finds its call, also after it has awaited something. */
export function runInCall<T>(call: Call, run: () => T): T {
  running ??= new AsyncLocalStorage()
  return running.run(call, run)
}

/** The call whose handler asks; undefined outside of calls, and where only one client is connected. */
export function currentCall(): Call | undefined {
  return running?.getStore()
}
