/**
 * The methods of the session era. All its revisions have the same ones, but for tasks; without a session, those that
 * change the session record are missing.
 *
 * Not here: `initialize`, which is dispatched before there is a session (handshake.ts); the methods of tasks (tasks.ts).
 */

import type { RequestContext } from '../dispatch/context.ts'
import { type MethodHandler, type MethodTable, NotOfferedError } from '../dispatch/dispatcher.ts'
import { LimitError } from '../dispatch/limit-error.ts'
import { complete } from '../features/completion.ts'
import { getPrompt, listPrompts } from '../features/prompts.ts'
import { checkSubscribable } from '../features/resource-watch.ts'
import type { WatchResource } from '../features/resources.ts'
import {
  findResource,
  listResources,
  listResourceTemplates,
  readResource,
  requireUri,
  resourceError,
} from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import { listOlderTools, listTaskTools } from '../features/tool-lists.ts'
import { callTool } from '../features/tools.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { LOG_LEVELS, LOG_RANK } from '../protocol/log-levels.ts'
import { Method } from '../protocol/methods.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import type { SessionExchange } from './exchange.ts'
import type { Session } from './session.ts'

type Handler = MethodHandler<McpServer, SessionExchange>
type Methods = MethodTable<McpServer, SessionExchange>

/** What the methods that change a session need of the era. */
export interface SessionChanges {
  readonly maxSubscriptionsPerSession: number
  /** @returns what has to be waited for */
  setLogLevel(session: Session, level: LogLevel): Promise<void> | undefined
  /**
   * @param wanted - what the registration of the resource says about subscriptions
   * @param scopes - that listening to it needs
   * @returns what has to be waited for
   * @throws {LimitError} the session retains too many bytes; also what a watch function throws. Nothing has changed then
   */
  subscribe(
    session: Session,
    uri: string,
    wanted: boolean | WatchResource,
    ctx: RequestContext,
    scopes: readonly string[] | undefined,
  ): Promise<void> | undefined
  /** @returns what has to be waited for */
  unsubscribe(session: Session, uri: string): Promise<void> | undefined
}

/** Spec: 2025-11-25 ping {@link spec.ping} */
const ping: Handler = () => ({})

export const SESSIONLESS_METHODS: Methods = new Map<string, Handler>([
  [Method.ping, ping],
  [Method.toolsList, listOlderTools],
  [Method.toolsCall, callTool],
  [Method.resourcesList, listResources],
  [Method.resourceTemplatesList, listResourceTemplates],
  [Method.resourcesRead, readResource],
  [Method.promptsList, listPrompts],
  [Method.promptsGet, getPrompt],
  [Method.complete, complete],
])

/** The method whose calls may be tasks. */
export const TASK_CALLS: MethodTable<McpServer> = new Map<string, MethodHandler<McpServer>>([
  [Method.toolsCall, callTool],
])

/** The methods of a revision that has tasks. */
export function withTasks(methods: Methods, ofTasks: Iterable<readonly [string, Handler]>): Methods {
  return new Map<string, Handler>([...methods, [Method.toolsList, listTaskTools], ...ofTasks])
}

export function sessionMethods(changes: SessionChanges): Methods {
  return new Map([
    ...SESSIONLESS_METHODS,
    [Method.setLevel, setLevel(changes)],
    [Method.resourcesSubscribe, subscribe(changes)],
    [Method.resourcesUnsubscribe, unsubscribe(changes)],
  ])
}

/** Spec: 2025-11-25 logging {@link spec.logging} */
function setLevel(changes: SessionChanges): Handler {
  return (params, _ctx, server, { session }) => {
    const level = params?.['level']
    if (server.defaultLogLevel === undefined) {
      throw new NotOfferedError('This server sends no log messages')
    }
    if (typeof level !== 'string' || !LOG_RANK.has(level)) {
      throw new RpcError(
        ErrorCode.INVALID_PARAMS,
        `logging/setLevel needs "level", one of ${LOG_LEVELS.join(', ')}`,
      )
    }
    return after(session && changes.setLogLevel(session, level as LogLevel))
  }
}

/** Spec: 2025-11-25 resources, "Subscriptions" {@link spec.resources} */
function subscribe(changes: SessionChanges): Handler {
  return (params, ctx, server, { session, scopes }) => {
    const uri = requireUri(params, Method.resourcesSubscribe)
    checkSubscribable(uri)
    const { subscribe: wanted } = findResource(uri, ctx, server)
    if (wanted === undefined || wanted === false) {
      throw resourceError(ErrorCode.INVALID_PARAMS, 'The resource does not tell of its changes', uri)
    }
    if (session === undefined || session.closed) return {}
    const { subscriptions } = session.record
    if (subscriptions?.has(uri)) return {}
    const { maxSubscriptionsPerSession } = changes
    if ((subscriptions?.size ?? 0) >= maxSubscriptionsPerSession) {
      const problem = `Too many subscriptions: this session has ${maxSubscriptionsPerSession}, the limit of maxSubscriptionsPerSession`
      throw new LimitError(429, problem)
    }
    return after(changes.subscribe(session, uri, wanted, ctx, scopes))
  }
}

function unsubscribe(changes: SessionChanges): Handler {
  return (params, _ctx, _server, { session }) => {
    const uri = requireUri(params, Method.resourcesUnsubscribe)
    return after(session && changes.unsubscribe(session, uri))
  }
}

/** An empty result, at once where nothing has to be waited for. */
function after(done: Promise<void> | undefined): object {
  return done === undefined ? {} : done.then(() => ({}))
}
