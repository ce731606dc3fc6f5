/**
 * What the event log of a stream says about its call, for nodes that do not run it: its requests, and the scopes that a
 * client which resumes it must have.
 */

import { encodeError } from '../../jsonrpc/encode.ts'
import type { JsonRpcId } from '../../jsonrpc/message.ts'
import { RpcError } from '../../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { encodeData } from '../../sse/frame.ts'
import type { StoredEvents } from '../../store/event-log-store.ts'
import { requestOfStream } from './resumable-stream.ts'

export interface LogMeta {
  readonly ids: readonly JsonRpcId[]
  readonly scopes: readonly string[] | undefined
}

export function encodeMeta(meta: LogMeta): string {
  return JSON.stringify(meta)
}

/** A log that is not in the store: of a stream that began just before its node died, or one that has expired. */
export interface MissingLog extends StoredEvents {
  readonly isMissing: true
}

/** @returns undefined: the name does not say whose answer is missing */
export function missingLog(stream: string): MissingLog | undefined {
  const id = requestOfStream(stream)
  if (id === undefined) return undefined
  const meta = encodeMeta({ ids: [id], scopes: undefined })
  return { meta, events: [], gap: false, last: 0, finished: false, isMissing: true }
}

/** @returns undefined: this library has not written it */
export function readMeta(text: string): LogMeta | undefined {
  try {
    const { ids, scopes } = JSON.parse(text) as LogMeta
    return Array.isArray(ids) && (scopes === undefined || Array.isArray(scopes)) ? { ids, scopes } : undefined
  } catch {
    return undefined
  }
}

/**
 * The last event of a call whose node is gone: an error for each request that was not answered.
 *
 * @param readAll - of the log
 */
export async function callLost(
  { ids }: LogMeta,
  readAll: () => Promise<StoredEvents | undefined>,
): Promise<string> {
  const answered = ids.length < 2 ? new Set() : answeredIn((await readAll())?.events ?? [])
  const errors = ids.filter((id) => !answered.has(id)).map((id) => encodeError(id, lostError()))
  return encodeData(errors.length === 1 ? (errors[0] as string) : `[${errors.join(',')}]`)
}

function answeredIn(events: StoredEvents['events']): Set<unknown> {
  return new Set(
    events.flatMap(({ data }) => {
      const message = JSON.parse(data)
      return message.method === undefined ? [message.id] : []
    }),
  )
}

function lostError(): RpcError {
  const problem =
    'The process that ran this call is gone. It is not known whether the call was done, as a whole or in part'
  return new RpcError(ErrorCode.SERVER_ERROR, problem)
}
