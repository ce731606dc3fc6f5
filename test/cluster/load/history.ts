/**
 * History of a load: what clients sent and received, what was done to the nodes and the store, each with its time.
 * Clients write it; model.ts checks it.
 */

/** How a call ended, for its client. */
export type Outcome =
  /** A result, whole. */
  | 'result'
  /** An error response for the id of the request. */
  | 'error'
  /** An HTTP error, or a connection that broke before the client had an event id to come back with. */
  | 'refused'
  /** The server said that events of the stream are missing. */
  | 'gap'

interface Timed {
  /** Milliseconds of `performance.now()`. */
  readonly at: number
}

export interface CallEntry extends Timed {
  readonly type: 'call'
  readonly client: string
  readonly call: string
  readonly tool: string
  /** How many progress messages it sends. */
  readonly messages: number
  /** How long the work takes where nothing is wrong. */
  readonly workMs: number
}

export type Entry =
  | CallEntry
  /** A progress message: the number that the tool gave it, and the node that it ran on. */
  | (Timed & { readonly type: 'progress'; readonly call: string; readonly n: number; readonly node: string })
  /** A question of the server to the client: `question` is the id of the request. */
  | (Timed & { readonly type: 'asked'; readonly call: string; readonly question: string })
  | (Timed & {
      readonly type: 'answer'
      readonly call: string
      readonly outcome: Outcome
      readonly text: string
    })
  /** An event with data, by its id, which is unique in a session. */
  | (Timed & { readonly type: 'event'; readonly client: string; readonly id: string })
  /** An answer that no client may get: 404 for a session, no head within 10 s, a stream that has nothing left. */
  | (Timed & { readonly type: 'broken'; readonly client: string; readonly what: string })
  | (Timed & { readonly type: 'opened'; readonly client: string })
  /** From here on the client hears what is announced, until `until`; a session from its opening to the end. */
  | (Timed & {
      readonly type: 'listening'
      readonly client: string
      readonly stream: string
      readonly session: boolean
    })
  | (Timed & { readonly type: 'unheard'; readonly client: string; readonly stream: string })
  /** Something was announced to all clients. `began`: when the call was sent whose answer is here. */
  | (Timed & {
      readonly type: 'announced'
      readonly node: string
      readonly n: number
      readonly began: number
    })
  | (Timed & { readonly type: 'heard'; readonly client: string; readonly node: string; readonly n: number })
  /** The watched resource was updated. */
  | (Timed & { readonly type: 'updated'; readonly client: string })
  /** The client was told that messages are missing. */
  | (Timed & { readonly type: 'warned'; readonly client: string })
  | (Timed & { readonly type: 'ended'; readonly node: string; readonly signal: 'SIGTERM' | 'SIGKILL' })
  /** The store was away, from `at` on. */
  | (Timed & { readonly type: 'outage'; readonly until: number })

type Untimed<T> = T extends unknown ? Omit<T, 'at'> : never

export class History {
  readonly entries: Entry[] = []

  add(entry: Untimed<Entry>): void {
    this.entries.push({ at: performance.now(), ...entry } as Entry)
  }
}
