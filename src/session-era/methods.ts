/**
 * The methods of the session era. All its revisions have the same ones; without a session those that change what
 * is remembered of the client are missing.
 *
 * Not here: `initialize`, which no session has yet (handshake.ts).
 */

import { type MethodHandler, type MethodTable, NotOfferedError } from '../dispatch/dispatcher.ts'
import { LimitError } from '../dispatch/limit-error.ts'
import { complete } from '../features/completion.ts'
import { getPrompt, listPrompts } from '../features/prompts.ts'
import { checkSubscribable } from '../features/resource-watch.ts'
import {
  findResource,
  listResources,
  listResourceTemplates,
  readResource,
  requireUri,
  resourceError,
} from '../features/resources.ts'
import type { McpServer } from '../features/server.ts'
import { callTool, listOlderTools } from '../features/tools.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { LOG_LEVELS, LOG_RANK } from '../protocol/log-levels.ts'
import { Method } from '../protocol/methods.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import type { SessionExchange } from './exchange.ts'

type Handler = MethodHandler<McpServer, SessionExchange>

/** Spec: 2025-11-25 ping {@link spec.ping} */
const ping: Handler = () => ({})

/** Spec: 2025-11-25 logging {@link spec.logging} */
const setLevel: Handler = (params, _ctx, server, exchange) => {
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
  const { session, reply } = exchange
  if (session === undefined) return {}
  session.logLevel = level as LogLevel
  reply.state.messages.levelWanted(session.logLevel)
  return {}
}

/** Spec: 2025-11-25 resources, "Subscriptions" {@link spec.resources} */
const subscribe: Handler = (params, ctx, server, exchange) => {
  const { session } = exchange
  const { state } = exchange.reply
  const uri = requireUri(params, Method.resourcesSubscribe)
  checkSubscribable(uri)
  const { subscribe: wanted } = findResource(uri, ctx, server)
  if (wanted === undefined || wanted === false) {
    throw resourceError(ErrorCode.INVALID_PARAMS, 'The resource does not tell of its changes', uri)
  }
  if (session === undefined || session.closed || session.subscriptions?.from.has(uri)) return {}
  const { maxSubscriptionsPerSession } = state.settings
  if ((session.subscriptions?.from.size ?? 0) >= maxSubscriptionsPerSession) {
    const problem = `Too many subscriptions: this session has ${maxSubscriptionsPerSession}, the limit of maxSubscriptionsPerSession`
    throw new LimitError(429, problem)
  }
  state.subscribe(session, uri, wanted, ctx)
  session.subscriptions?.need(uri, exchange.scopes)
  return {}
}

const unsubscribe: Handler = (params, _ctx, _server, exchange) => {
  const uri = requireUri(params, Method.resourcesUnsubscribe)
  if (exchange.session !== undefined) exchange.reply.state.unsubscribe(exchange.session, uri)
  return {}
}

const withoutSession: readonly (readonly [string, Handler])[] = [
  [Method.ping, ping],
  [Method.toolsList, listOlderTools],
  [Method.toolsCall, callTool],
  [Method.resourcesList, listResources],
  [Method.resourceTemplatesList, listResourceTemplates],
  [Method.resourcesRead, readResource],
  [Method.promptsList, listPrompts],
  [Method.promptsGet, getPrompt],
  [Method.complete, complete],
]

export const SESSIONLESS_METHODS: MethodTable<McpServer, SessionExchange> = new Map(withoutSession)

export const SESSION_METHODS: MethodTable<McpServer, SessionExchange> = new Map([
  ...withoutSession,
  [Method.setLevel, setLevel],
  [Method.resourcesSubscribe, subscribe],
  [Method.resourcesUnsubscribe, unsubscribe],
])
