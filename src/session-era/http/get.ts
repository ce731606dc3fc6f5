/**
 * GET: opens the standalone stream of a session, or resumes any stream of it after a lost connection.
 *
 *   any GET              503 at shutdown, but not to resume a call; 400 for the version, 404 for the session, 406
 *   no session id        405: there is no stream to open, and clients treat any other status as a failure
 *   no Last-Event-ID     the standalone stream; a connection that it already has is ended, the newest one replaces it
 *   Last-Event-ID        the stream that the id names, from the event after it, also where its call runs on another node;
 *                        400 when it cannot be resumed without a gap; 405 when the stream has finished and no event
 *                        is left. The standalone stream can always be resumed
 *     of another node      read from the store: 429 and 503 as for a call; 503 also where the store is away, or at shutdown
 *     whose node died      before the store knew of it: the stream is opened, and ends with the error of its request
 *     scopes missing       403: those of the call, or of what the session subscribes to and its tasks, are checked again
 *     of another session or server: some clients (mcp-remote) send their old id after they have started a new session.
 *                        It is ignored, except that it replaces no connection: 405 then, since such a client has
 *                        an open stream already, and two of them would replace each other for ever
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening} and
 * "Resumability and Redelivery" {@link spec.resumability}.
 */

import type { Principal } from '../../dispatch/rpc-exchange.ts'
import { scopeError, statusRejection } from '../../dispatch/status-error.ts'
import { StoreAwayError } from '../../dispatch/store-error.ts'
import type { HttpExchange } from '../../http/http-exchange.ts'
import { Rejection } from '../../http/rejection.ts'
import { type EventPosition, parseEventId } from '../../sse/event-id.ts'
import type { SessionEra } from '../era.ts'
import type { Session } from '../session.ts'
import { checkVersion, findSession, sessionNotFound, shutdownRejection } from './admit.ts'
import { readMeta } from './log-meta.ts'
import { isEventIdOf, nodeOfStream } from './resumable-stream.ts'
import type { SharedStreams } from './shared-streams.ts'
import { HttpStandaloneStream, sharedStreamName } from './standalone-stream.ts'
import type { CallStreams, RetainedStream, Streams } from './streams.ts'

const NOT_KEPT = 'its stream is not kept'
const GAP = 'events after it are not kept any more'

/** @returns undefined when the stream is open; a promise where its call runs on another node */
export function openStream(
  http: HttpExchange<Principal>,
  era: SessionEra,
  streams: Streams,
  shared: SharedStreams | undefined,
): Rejection | undefined | Promise<Rejection | undefined> {
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
    if (isEventIdOf(session, lastEventId)) return resume(lastEventId, http, session, era, streams, shared)
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

/** The stream of a call on another node, or of one on this node that only the store still has. */
async function resumeElsewhere(
  { stream, sequence }: EventPosition,
  node: string,
  http: HttpExchange<Principal>,
  session: Session,
  era: SessionEra,
  shared: SharedStreams,
): Promise<Rejection | undefined> {
  // The node of the call is the better one to wait for its end.
  if (era.closing) return shutdownRejection()
  const id = http.principal?.id
  const { rateLimit, inFlight } = era.limits
  const limit = inFlight.refuse(id, 1) ?? rateLimit?.take(id, session.id)
  if (limit !== undefined) return statusRejection(limit)
  const end = inFlight.beginOne(id)
  era.table.use(session)
  let isHeld = true
  const release = () => {
    if (isHeld) era.table.release(session)
    isHeld = false
    end()
  }
  http.onClose(release)
  try {
    const isWanted = () => !http.closed && !session.closed && !era.closing
    const stored = await shared.read(session, stream, node, sequence, isWanted)
    if (era.closing) return shutdownRejection()
    if (http.closed || session.closed) return session.closed ? sessionNotFound() : undefined
    const meta = stored && readMeta(stored.meta)
    if (stored === undefined || meta === undefined) return cannotResume(NOT_KEPT)
    const lacking = lackingScopes(meta.scopes, http, era)
    if (lacking !== undefined) return lacking
    if (stored.gap) return cannotResume(GAP)
    // A client that is ahead of the log has seen events that their node could not store: it may lack the last one.
    if (stored.finished && stored.events.length === 0 && sequence === stored.last) return streamEnded()
    http.offClose(release)
    shared.follow(http, session, stream, node, sequence, stored)
    return undefined
  } catch (error) {
    if (error instanceof StoreAwayError) return statusRejection(error)
    throw error
  } finally {
    http.offClose(release)
    release()
  }
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
  shared: SharedStreams | undefined,
): Rejection | undefined | Promise<Rejection | undefined> {
  const position = parseEventId(lastEventId)
  if (position === undefined) return cannotResume('it is not an event id of this server')
  const standalone = standaloneOf(session) ?? sharedStream(position.stream, session, era, streams)
  const isStandalone = standalone?.name === position.stream
  const calls = session.streams as CallStreams | undefined
  const stream = isStandalone ? standalone : calls?.byName.get(position.stream)
  const node = stream === undefined && shared !== undefined ? nodeOfStream(position.stream) : undefined
  if (node !== undefined) return resumeElsewhere(position, node, http, session, era, shared as SharedStreams)
  if (stream === undefined) return cannotResume(NOT_KEPT)
  const lacking = lackingScopes(isStandalone ? scopesOf(session) : stream.scopes, http, era)
  if (lacking !== undefined) return lacking
  if (!stream.hasSent(position.sequence)) return cannotResume('no such event was sent')
  const missed = stream.missed(position.sequence)
  if (missed === 'gap') return cannotResume(GAP)
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
