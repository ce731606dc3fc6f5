/**
 * GET: the standalone stream of a session, and the way back to any stream after a lost connection.
 *
 *   no session id        405: there is nothing to listen to, and clients take anything else for a failure
 *   no Last-Event-ID     the session's own stream; a connection that it has already is ended, the newest wins
 *   Last-Event-ID        the stream that the id names, and what was missed of it; or 400 and nothing; 405 when the
 *                        stream is over and nothing was missed. The session's own stream can always be resumed
 *     of another session or server: clients keep it when they start a new session, after a restart such as of
 *                        mcp-remote's server. As if there were none, but it takes over no connection: 405 then,
 *                        since such clients listen already, and two of them would take the stream over for ever
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening} and
 * "Resumability and Redelivery" {@link spec.resumability}.
 */

import type { Principal } from '../../dispatch/rpc-exchange.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { parseEventId } from '../../sse/event-id.ts'
import type { SessionEra } from '../era.ts'
import type { Session } from '../session.ts'
import { checkVersion, findSession, goingAway } from './admit.ts'
import { canBeOf } from './resumable-stream.ts'
import { HttpStandaloneStream } from './standalone-stream.ts'
import type { CallStreams, KeptStream, Streams } from './streams.ts'

/** @returns undefined when the stream is open */
export function openStream(
  http: HttpExchange<Principal>,
  era: SessionEra,
  streams: Streams,
): Rejection | undefined {
  const { lastEventId } = http
  // Whoever comes back for the rest of a call may have it as long as calls are let finish.
  if (era.closing && (lastEventId === undefined || lastEventId === '')) return goingAway()
  if (http.sessionId === undefined || era.settings.sessions === undefined) return methodNotAllowed('GET')
  const version = checkVersion(http, undefined)
  if (version instanceof Rejection) return version
  const session = findSession(http, undefined, era)
  if (session instanceof Rejection) return session
  if (!http.accepts.sse) {
    const problem = 'The Accept header excludes text/event-stream, the only answer to GET'
    return new Rejection(406, problem)
  }
  era.table.touch(session)
  if (lastEventId !== undefined && lastEventId !== '') {
    if (canBeOf(session, lastEventId)) return resume(lastEventId, http, session)
    if (session.standaloneStream?.attached === true) {
      return notHere('This Last-Event-ID is not of this session, which has an open stream already')
    }
  }
  if (era.closing) return goingAway()
  const stream = standaloneOf(session) ?? new HttpStandaloneStream(era, streams, session)
  session.standaloneStream = stream
  attach(stream, stream.missed(undefined), http)
  return undefined
}

/** undefined: it has none, or one of another transport, in whose place this one comes. */
function standaloneOf({ standaloneStream }: Session): HttpStandaloneStream | undefined {
  return standaloneStream instanceof HttpStandaloneStream ? standaloneStream : undefined
}

export function methodNotAllowed(method: string): Rejection {
  const problem =
    method === 'GET'
      ? 'GET needs the Mcp-Session-Id of a session to listen to'
      : `${method} is not possible here: use POST`
  return notHere(problem)
}

/** Clients take 405 for "no stream here", and stop. */
function notHere(problem: string): Rejection {
  return new Rejection(405, problem, undefined, ['Allow', 'POST'])
}

function resume(lastEventId: string, http: HttpExchange<Principal>, session: Session): Rejection | undefined {
  const position = parseEventId(lastEventId)
  if (position === undefined) return cannotResume('it is not an event id of this server')
  const standalone = standaloneOf(session)
  const isStandalone = standalone?.name === position.stream
  const calls = session.streams as CallStreams | undefined
  const stream = isStandalone ? standalone : calls?.byName.get(position.stream)
  if (stream === undefined) return cannotResume('its stream is not kept')
  if (!stream.hasSent(position.sequence)) return cannotResume('no such event was sent')
  const missed = stream.missed(position.sequence)
  if (missed === 'gap') return cannotResume('events after it are not kept any more')
  if (stream.finished && missed.length === 0) return nothingLeft()
  attach(stream, missed, http)
  return undefined
}

function attach(
  stream: Pick<KeptStream, 'attach' | 'detach'>,
  missed: readonly string[],
  http: HttpExchange<Principal>,
): void {
  stream.attach(http, http.replyHeaders(), missed)
  stream.detach()
}

/**
 * A stream may end without a result, after a cancellation or with an error, and clients come back for as long as
 * they have seen none.
 */
function nothingLeft(): Rejection {
  return notHere('The stream that this Last-Event-ID belongs to is over, and nothing came after this event')
}

/** Not 404, which would mean that the session is gone. */
function cannotResume(reason: string): Rejection {
  const problem = `Cannot resume from this Last-Event-ID: ${reason}; a GET without it listens to what comes next`
  return new Rejection(400, problem)
}
