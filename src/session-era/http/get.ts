/**
 * GET: opens the standalone stream of a session, or resumes any stream of it after a lost connection.
 *
 *   no session id        405: there is no stream to open, and clients treat any other status as a failure
 *   no Last-Event-ID     the standalone stream; a connection that it already has is ended, the newest one replaces it
 *   Last-Event-ID        the stream that the id names, from the event after it; 400 when it cannot be resumed without a
 *                        gap; 405 when the stream has finished and no event is left. The standalone stream can always
 *                        be resumed
 *     scopes missing     403: those of the call, or of what the session subscribes to and its tasks, are checked again
 *     of another session or server: some clients (mcp-remote) send their old id after they have started a new session.
 *                        It is ignored, except that it replaces no connection: 405 then, since such a client has
 *                        an open stream already, and two of them would replace each other for ever
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening} and
 * "Resumability and Redelivery" {@link spec.resumability}.
 */

import type { Principal } from '../../dispatch/rpc-exchange.ts'
import { scopeError, statusRejection } from '../../dispatch/status-error.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { parseEventId } from '../../sse/event-id.ts'
import type { SessionEra } from '../era.ts'
import type { Session } from '../session.ts'
import { checkVersion, findSession, shutdownRejection } from './admit.ts'
import { isEventIdOf } from './resumable-stream.ts'
import { HttpStandaloneStream, sharedStreamName } from './standalone-stream.ts'
import type { CallStreams, RetainedStream, Streams } from './streams.ts'

/** @returns undefined when the stream is open */
export function openStream(
  http: HttpExchange<Principal>,
  era: SessionEra,
  streams: Streams,
): Rejection | undefined {
  const { lastEventId } = http
  // During a shutdown the stream of a call in flight can still be resumed.
  if (era.closing && (lastEventId === undefined || lastEventId === '')) return shutdownRejection()
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
    if (isEventIdOf(session, lastEventId)) return resume(lastEventId, http, session, era, streams)
    if (session.standaloneStream?.attached === true) {
      return noStream('This Last-Event-ID is not of this session, which has an open stream already')
    }
  }
  if (era.closing) return shutdownRejection()
  const lacking = lackingScopes(scopesOf(session), http, era)
  if (lacking !== undefined) return lacking
  const stream = standaloneOf(session) ?? new HttpStandaloneStream(era, streams, session)
  session.standaloneStream = stream
  attach(stream, stream.missed(undefined), http)
  return undefined
}

/** @returns undefined: the session has none, or one of another transport, which the new one replaces */
function standaloneOf({ standaloneStream }: Session): HttpStandaloneStream | undefined {
  return standaloneStream instanceof HttpStandaloneStream ? standaloneStream : undefined
}

export function methodNotAllowed(method: string): Rejection {
  const problem =
    method === 'GET'
      ? 'GET needs the Mcp-Session-Id of a session to listen to'
      : `${method} is not possible here: use POST`
  return noStream(problem)
}

/** 405 stops clients from trying again: it says that the server offers no stream here. */
function noStream(problem: string): Rejection {
  return new Rejection(405, problem, undefined, ['Allow', 'POST'])
}

function resume(
  lastEventId: string,
  http: HttpExchange<Principal>,
  session: Session,
  era: SessionEra,
  streams: Streams,
): Rejection | undefined {
  const position = parseEventId(lastEventId)
  if (position === undefined) return cannotResume('it is not an event id of this server')
  const standalone = standaloneOf(session) ?? sharedStream(position.stream, session, era, streams)
  const isStandalone = standalone?.name === position.stream
  const calls = session.streams as CallStreams | undefined
  const stream = isStandalone ? standalone : calls?.byName.get(position.stream)
  if (stream === undefined) return cannotResume('its stream is not kept')
  const lacking = lackingScopes(isStandalone ? scopesOf(session) : stream.scopes, http, era)
  if (lacking !== undefined) return lacking
  if (!stream.hasSent(position.sequence)) return cannotResume('no such event was sent')
  const missed = stream.missed(position.sequence)
  if (missed === 'gap') return cannotResume('events after it are not kept any more')
  if (stream.finished && missed.length === 0) return streamEnded()
  attach(stream, missed, http)
  return undefined
}

/** The standalone stream of a session that had it on another node. */
function sharedStream(
  name: string,
  session: Session,
  era: SessionEra,
  streams: Streams,
): HttpStandaloneStream | undefined {
  if (era.channel === undefined || era.closing || name !== sharedStreamName(session)) return undefined
  const stream = new HttpStandaloneStream(era, streams, session)
  session.standaloneStream = stream
  return stream
}

/** What listening to all that the session subscribes to needs. */
function scopesOf({ streamScopes }: Session): readonly string[] | undefined {
  return streamScopes === undefined ? undefined : [...streamScopes.values()].flat()
}

/** A token may have fewer scopes than the one with which the call was made, or the resource subscribed to. */
function lackingScopes(
  scopes: readonly string[] | undefined,
  { principal }: HttpExchange<Principal>,
  { limits: { access } }: SessionEra,
): Rejection | undefined {
  if (scopes === undefined || access === undefined) return undefined
  const error = scopeError(access, principal, scopes)
  return error === undefined ? undefined : statusRejection(error)
}

function attach(
  stream: Pick<RetainedStream, 'attach' | 'detach'>,
  missed: readonly string[],
  http: HttpExchange<Principal>,
): void {
  stream.attach(http, http.replyHeaders(), missed)
  stream.detach()
}

/**
 * A stream may end without a result, after a cancellation, and clients that have seen none would reconnect for ever.
 */
function streamEnded(): Rejection {
  return noStream('The stream that this Last-Event-ID belongs to is over, and nothing came after this event')
}

/** Not 404, which would mean that the session has ended. */
function cannotResume(reason: string): Rejection {
  const problem = `Cannot resume from this Last-Event-ID: ${reason}; a GET without it listens to what comes next`
  return new Rejection(400, problem)
}
