/** The kinds of work that the clients of a load do, in a random order, and what a client must be able to do. */

import type { CallEntry, Outcome } from './history.ts'

export interface Work {
  readonly tool: string
  readonly args: object
  /** It is asked for as a task. */
  readonly task?: true
  /** Progress messages of a call that runs once. */
  readonly messages: number
  readonly workMs: number
}

export interface Answer {
  readonly outcome: Outcome
  readonly text: string
}

export interface LoadClient {
  readonly name: string
  /** It comes back for a stream that broke, and for what was announced meanwhile: a session. */
  readonly resumes: boolean
  open(): Promise<void>
  /** Calls a tool, and waits for what comes of it, however long that takes. @param call - unique */
  call(call: string, work: Work): Promise<Answer>
  /** Whether its session is still known, where it has one. */
  isKnown(): Promise<boolean>
  close(): Promise<void>
}

/** Random numbers that a seed repeats: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** @param longestMs - of a call, so that it ends before a node that is being shut down gives it up */
export function chooseWork(call: string, random: () => number, longestMs: number): Work {
  const kind = random()
  const within = (low: number, high: number) => Math.round(low + random() * (high - low))
  if (kind < 0.25) return { tool: 'echo', args: { text: `${call} done` }, messages: 0, workMs: 0 }
  if (kind < 0.6) {
    const to = within(5, 40)
    const pauseMs = Math.floor(within(200, longestMs) / to)
    return { tool: 'count', args: { id: call, to, pauseMs }, messages: to, workMs: to * pauseMs }
  }
  if (kind < 0.75) return { tool: 'ask', args: { id: call }, messages: 2, workMs: 0 }
  if (kind < 0.82) return { tool: 'think', args: { id: call }, messages: 0, workMs: 0 }
  if (kind < 0.95) {
    const ms = within(100, longestMs)
    return { tool: 'job', args: { id: call, ms }, task: true, messages: 0, workMs: ms }
  }
  return { tool: 'announce', args: {}, messages: 0, workMs: 0 }
}

export function entryOf(
  { name: client, resumes }: LoadClient,
  call: string,
  { tool, messages, workMs }: Work,
): Omit<CallEntry, 'at'> {
  // In the stateless era a handler that asks runs from its top again.
  return { type: 'call', client, call, tool, messages: resumes || tool === 'count' ? messages : 0, workMs }
}
