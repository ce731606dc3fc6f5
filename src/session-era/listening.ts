/**
 * GET: the stream that a session listens to, and the way back to any stream after a lost connection.
 *
 *   no session id        405: there is nothing to listen to, and clients take anything else for a failure
 *   no Last-Event-ID     the session's own stream; a connection that it has already is ended, the newest wins
 *   Last-Event-ID        the stream that the id names, and what was missed of it; or 400 and nothing; 405 when the
 *                        stream is over and nothing was missed. The session's own stream is opened in any case, and
 *                        says that everything has changed when events are missing
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening} and
 * "Resumability and Redelivery" {@link spec.resumability}.
 */

import type { Principal } from '../dispatch/exchange.ts'
import type { Changes, ListKind } from '../features/change-bus.ts'
import type { McpServer } from '../features/server.ts'
import type { Incoming } from '../http/incoming.ts'
import { encodeNotification } from '../jsonrpc/encode.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { Notify } from '../protocol/methods.ts'
import { parseEventId } from '../sse/event-id.ts'
import { checkVersion, findSession, type Refused, refused } from './admit.ts'
import type { Session } from './session.ts'
import type { SessionEraState } from './state.ts'
import { Stream } from './stream.ts'

/** One bit for each list, in `Session.missedChanges`. */
const LISTS: readonly {
  readonly kind: ListKind
  readonly bit: number
  readonly message: string
  readonly offered: (server: McpServer) => boolean
}[] = [
  {
    kind: 'tools',
    bit: 1,
    message: encodeNotification(Notify.toolsChanged),
    offered: (server) => server.tools.size > 0,
  },
  {
    kind: 'prompts',
    bit: 2,
    message: encodeNotification(Notify.promptsChanged),
    offered: (server) => server.prompts.size > 0,
  },
  {
    kind: 'resources',
    bit: 4,
    message: encodeNotification(Notify.resourcesChanged),
    offered: (server) => server.resources.size + server.resourceTemplates.size > 0,
  },
]

/** @returns a refusal, or undefined when the stream is open */
export function listen(incoming: Incoming<Principal>, state: SessionEraState): Refused | undefined {
  if (incoming.sessionId === undefined) return methodNotAllowed('GET')
  const version = checkVersion(incoming, undefined)
  if ('kind' in version) return version
  const session = findSession(incoming, undefined, state)
  if ('kind' in session) return session
  if (!incoming.accepts.sse) {
    const problem = 'The Accept header excludes text/event-stream, the only answer to GET'
    return refused(406, undefined, new RpcError(ErrorCode.SERVER_ERROR, problem))
  }
  state.table.touch(session)
  const { lastEventId } = incoming
  if (lastEventId !== undefined && lastEventId !== '') return resume(lastEventId, incoming, session, state)
  attachOwn(ownStream(session, state), undefined, incoming, session, state)
  return undefined
}

/**
 * Attaches the session's own stream. It carries nothing but news of lists and resources, so where events are missing
 * all of these are told anew: the client reads them again and has lost nothing.
 */
function attachOwn(
  stream: Stream,
  after: number | undefined,
  incoming: Incoming<Principal>,
  session: Session,
  state: SessionEraState,
): void {
  const missed = stream.missed(after)
  if (missed === 'gap') {
    session.missedChanges = LISTS.reduce(
      (bits, list) => (list.offered(state.server) ? bits | list.bit : bits),
      0,
    )
  }
  stream.attach(incoming.response, incoming.replyHeaders(), missed === 'gap' ? [] : missed)
  for (const list of LISTS) if ((session.missedChanges & list.bit) !== 0) stream.send(list.message)
  session.missedChanges = 0
  if (missed === 'gap') for (const uri of session.subscriptions ?? []) stream.send(resourceUpdated(uri))
  stream.rest()
}

/** Tells the sessions what changed: lists to all, resources to their subscribers. */
export function announce(changes: Changes, state: SessionEraState): void {
  const lists = LISTS.filter((list) => changes.lists.has(list.kind))
  if (lists.length > 0) {
    for (const session of state.table.values()) {
      for (const list of lists) {
        // A client that does not listen reads the lists when it next does; one bit remembers that for it.
        if (session.listening?.send(list.message) !== true) session.missedChanges |= list.bit
      }
    }
  }
  for (const uri of changes.resources) {
    const sessions = state.subscribers.get(uri)
    if (sessions === undefined) continue
    const message = resourceUpdated(uri)
    for (const session of sessions) ownStream(session, state).send(message)
  }
}

function resourceUpdated(uri: string): string {
  return encodeNotification(Notify.resourceUpdated, { uri })
}

export function methodNotAllowed(method: string): Refused {
  const problem =
    method === 'GET'
      ? 'GET needs the Mcp-Session-Id of a session to listen to'
      : `${method} is not possible here: use POST`
  const error = new RpcError(ErrorCode.SERVER_ERROR, problem)
  return { ...refused(405, undefined, error), headers: ['Allow', 'POST'] }
}

function resume(
  lastEventId: string,
  incoming: Incoming<Principal>,
  session: Session,
  state: SessionEraState,
): Refused | undefined {
  const position = parseEventId(lastEventId)
  const stream = position === undefined ? undefined : namedStream(session, position.stream)
  if (position === undefined || stream === undefined) {
    return cannotResume(
      position === undefined ? 'it is not an event id of this server' : 'its stream is not kept',
    )
  }
  if (!stream.hasSent(position.sequence)) return cannotResume('no such event was sent')
  if (stream === session.listening) {
    attachOwn(stream, position.sequence, incoming, session, state)
    return undefined
  }
  const missed = stream.missed(position.sequence)
  if (missed === 'gap') return cannotResume('events after it are not kept any more')
  if (stream.finished && missed.length === 0) return nothingLeft()
  stream.attach(incoming.response, incoming.replyHeaders(), missed)
  stream.rest()
  return undefined
}

function namedStream({ listening, streams }: Session, name: string): Stream | undefined {
  return listening?.name === name ? listening : streams?.get(name)
}

/**
 * A stream may end without a result, after a cancellation or with an error, and clients come back for as long as
 * they have seen none. They take 405 for "no stream here", and stop.
 */
function nothingLeft(): Refused {
  const problem = 'The stream that this Last-Event-ID belongs to is over, and nothing came after this event'
  return {
    ...refused(405, undefined, new RpcError(ErrorCode.SERVER_ERROR, problem)),
    headers: ['Allow', 'POST'],
  }
}

/** Not 404, which would mean that the session is gone. */
function cannotResume(reason: string): Refused {
  const problem = `Cannot resume from this Last-Event-ID: ${reason}; a GET without it listens to what comes next`
  return refused(400, undefined, new RpcError(ErrorCode.SERVER_ERROR, problem))
}

function ownStream(session: Session, state: SessionEraState): Stream {
  if (session.listening !== undefined) return session.listening
  session.listening = new Stream(state, state.listener, session.revision.primes, session)
  return session.listening
}
