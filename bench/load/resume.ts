/**
 * Clients that come back: each has read a stream up to some message, lost the rest, and asks for it by
 * `Last-Event-ID`.
 */

import { callTool, listen, toBytes } from '../lib/wire.ts'
import { onConnections } from './connection.ts'
import { sessionsOf } from './sessions.ts'
import { connected } from './streams.ts'

/** Where each client has come to. Lifecycle: from `prepareResume` to `resume`. */
const positions = new Map<string, string[]>()

export interface PrepareResume {
  readonly group: string
  readonly port: number
  /** Messages that each client will miss, the result of its call included. */
  readonly missed: number
}

/** A few more than are missed: the client must have seen one. */
const SEEN = 5

/** Makes a stream in each session, and remembers the id after which `missed` messages came. */
export async function prepareResume({ group, port, missed }: PrepareResume): Promise<void> {
  const { ids, version } = sessionsOf(group)
  const found: string[] = new Array(ids.length).fill('')
  const count = missed + SEEN - 1
  await onConnections(port, 16, ids.length, async (connection, index) => {
    const { counter } = connection
    counter.markAt = counter.count + SEEN
    counter.markedId = undefined
    const sessionId = ids[index]
    const request = callTool('session', 'progress', { count }, { sessionId, version, progressToken: 't' })
    const { status } = await connection.send(toBytes(request, port))
    if (status !== 200 || counter.markedId === undefined) {
      throw new Error(
        `status ${status}, and ${counter.markedId === undefined ? 'no event ids' : 'ids'}: streams cannot be resumed`,
      )
    }
    found[index] = counter.markedId
  })
  positions.set(group, found)
}

export interface Resume extends PrepareResume {
  /** How many of the clients come back. */
  readonly clients: number
}

const RESUME_MS = 30_000

/**
 * Comes back, all clients at once, on connections that are there already.
 *
 * @returns the time until the last client had everything, and the median of the clients, in milliseconds
 */
export async function resume(options: Resume): Promise<{ milliseconds: number; median: number }> {
  const { group, port, missed, clients } = options
  const { ids, version } = sessionsOf(group)
  const from = positions.get(group)
  if (from === undefined) throw new Error('nothing was missed yet')
  const connections = await connected(port, clients)
  const began = performance.now()
  const times = await Promise.all(
    connections.map(
      (connection, index) =>
        new Promise<number>((resolve, reject) => {
          const timer = setTimeout(
            () => reject(new Error(`a client got ${connection.counter.count} of ${missed} missed messages`)),
            RESUME_MS,
          )
          const look = () => {
            if (connection.counter.count < missed) return
            clearTimeout(timer)
            resolve(performance.now() - began)
          }
          connection.onStreamData = look
          const request = listen(ids[index] as string, version, from[index])
          connection.send(toBytes(request, port)).then(({ status, body }) => {
            look()
            if (status !== 200) reject(new Error(`resuming: status ${status} ${body.slice(0, 200)}`))
          }, reject)
        }),
    ),
  )
  const milliseconds = performance.now() - began
  const tooMany = connections.filter(({ counter }) => counter.count !== missed).length
  for (const connection of connections) connection.close()
  if (tooMany > 0) throw new Error(`${tooMany} clients got more than the ${missed} messages that they missed`)
  const sorted = times.sort((a, b) => a - b)
  return { milliseconds, median: sorted[sorted.length >> 1] as number }
}
