/**
 * Search for the log of a stream of another node. Where the store has none, that node is asked whether it runs the call:
 *
 *    runs        the log will be stored in a moment; where it is not, 503: the call goes on, and its client may come back
 *    unknown     the log has expired, or there never was one
 *    gone        the node died, perhaps before the log was stored: the client is to get an error for its request
 *    no answer   the node may be dead, as its lease says later, or stands still
 *
 * Not here: how a stream is followed (followed-stream.ts), and what it says when its log is missing (log-meta.ts).
 */

import { pause, unref } from '../../bounds/runtime.ts'
import { fromStore, StoreAwayError } from '../../dispatch/store-error.ts'
import type { EventLogStore, StoredEvents } from '../../store/event-log-store.ts'
import type { Session } from '../session.ts'
import { type MissingLog, missingLog } from './log-meta.ts'
import type { StreamMessage } from './remote-reader.ts'

/** How often the store is asked for the log of a stream that has just begun. */
const POLL_MS = 250
/** For how long, where the node of the call says that it runs. */
const RUNS_LIMIT_MS = 3000
/** The same where it does not answer. With one late answer of the store, the head of the response comes within 10 s. */
const SILENCE_LIMIT_MS = 5000

export interface SearchHost {
  readonly events: EventLogStore
  /** The id of this node. */
  readonly node: string
  isAlive(node: string): boolean
  /** Whether this node has the stream. */
  hasStream(sessionId: string, stream: string): boolean
  send(node: string, message: StreamMessage): Promise<boolean>
}

interface Question {
  readonly node: string
  /** Undefined: there is none yet. */
  answer: 'runs' | 'unknown' | 'gone' | undefined
  /** Ends a wait for the answer. */
  wake: (() => void) | undefined
}

export class LogSearch {
  readonly #host: SearchHost
  /** By key. Lifecycle: while a request waits for the log, which counts as in flight. */
  readonly #questions = new Map<string, Question>()
  #lastKey = 0

  constructor(host: SearchHost) {
    this.#host = host
  }

  /**
   * What the log of a stream has after a sequence number.
   *
   * @param node - the one that runs the call
   * @param isWanted - whether the request still waits for it
   * @param closing - aborts when this node leaves
   * @returns undefined: there is no such log, and no such call
   * @throws {StoreAwayError}
   */
  async read(
    session: Session,
    stream: string,
    node: string,
    after: number,
    isWanted: () => boolean,
    closing: AbortSignal,
  ): Promise<StoredEvents | MissingLog | undefined> {
    const { events } = this.#host
    const began = performance.now()
    this.#lastKey += 1
    const key = this.#lastKey.toString(36)
    try {
      for (;;) {
        const question = this.#questions.get(key)
        // Before the read: what a node has written before it was gone is found.
        const answer = this.#host.isAlive(node) ? question?.answer : 'gone'
        const stored = await fromStore(events.read(session.id, stream, after))
        if (stored !== undefined || !isWanted() || node === this.#host.node) return stored
        const waited = performance.now() - began
        if (answer === 'gone' || waited >= SILENCE_LIMIT_MS) return missingLog(stream)
        if (answer === 'unknown') return undefined
        if (answer === 'runs' && waited >= RUNS_LIMIT_MS) {
          throw new StoreAwayError(new Error('the log of a call in progress is not in the store'))
        }
        if (question === undefined) this.#ask(key, node, session.id, stream)
        await this.#wait(key, closing)
      }
    } finally {
      this.#questions.delete(key)
    }
  }

  onQuestion({ asks, session, stream }: Extract<StreamMessage, { asks: string }>, from: string): void {
    const runs = this.#host.hasStream(session, stream)
    this.#host.send(from, { answers: asks, runs }).catch(() => {})
  }

  onAnswer({ answers, runs }: Extract<StreamMessage, { answers: string }>, from: string): void {
    const question = this.#questions.get(answers)
    if (question?.node === from) settle(question, runs ? 'runs' : 'unknown')
  }

  onNodeGone(node: string): void {
    for (const question of this.#questions.values()) if (question.node === node) settle(question, 'gone')
  }

  #ask(key: string, node: string, session: string, stream: string): void {
    const question: Question = { node, answer: undefined, wake: undefined }
    this.#questions.set(key, question)
    this.#host.send(node, { asks: key, session, stream }).then(
      (isAlive) => {
        if (!isAlive) settle(question, 'gone')
      },
      // The store is away, as the next read says.
      () => {},
    )
  }

  /** Waits for a while, or until there is an answer. */
  #wait(key: string, closing: AbortSignal): Promise<void> {
    const question = this.#questions.get(key)
    if (question === undefined || question.answer !== undefined) return pause(POLL_MS, closing)
    return new Promise((resolve) => {
      const timer = unref(setTimeout(resolve, POLL_MS))
      question.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** The first answer counts. */
function settle(question: Question, answer: 'runs' | 'unknown' | 'gone'): void {
  question.answer ??= answer
  question.wake?.()
}
