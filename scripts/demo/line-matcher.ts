/**
 * Which lines match what the client looks for.
 *
 * A pattern is plain text unless a regular expression was asked for. A regular expression from a client can
 * take exponential time, and cannot be interrupted in the thread that runs it; so it runs in a worker, and the
 * worker is ended when one chunk of lines takes longer than the budget, all of them together longer than theirs, or
 * the call is aborted. The event loop stays free meanwhile; how many workers there are is for the caller to limit.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { quote } from './root.ts'
import { UserError } from './user-error.ts'

const MAX_PATTERN_LENGTH = 500

/** Milliseconds for one chunk of lines (64 KiB of text). */
const REGEX_BUDGET_MS = 1000

/** Milliseconds for all chunks of one search. */
const REGEX_TOTAL_MS = 10_000

export interface LineMatcher {
  /** @returns indexes of the matching lines, ascending */
  matches(lines: readonly string[]): readonly number[] | Promise<readonly number[]>
  close(): Promise<void>
}

export interface MatcherOptions {
  readonly pattern: string
  readonly regex?: boolean | undefined
  readonly ignoreCase?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** @defaultValue 1 second */
  readonly budgetMs?: number
  /** @defaultValue 10 seconds */
  readonly totalMs?: number
  /** Takes one of the places for workers; gives what returns it. Throws when there is none. */
  readonly takeWorker?: (() => () => void) | undefined
}

/** @throws {UserError} for an empty, overlong or invalid pattern, or when there is no place for a worker */
export function createMatcher(options: MatcherOptions): LineMatcher {
  const { pattern, regex = false } = options
  if (pattern === '') throw new UserError('pattern is empty; expected the text to look for')
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new UserError(
      `pattern has ${pattern.length} characters, at most ${MAX_PATTERN_LENGTH} are accepted`,
    )
  }
  return regex ? regexMatcher(options) : textMatcher(options)
}

function textMatcher({ pattern, ignoreCase = false }: MatcherOptions): LineMatcher {
  const wanted = ignoreCase ? pattern.toLowerCase() : pattern
  return {
    matches: (lines) =>
      lines.flatMap((line, index) =>
        (ignoreCase ? line.toLowerCase() : line).includes(wanted) ? [index] : [],
      ),
    close: async () => {},
  }
}

function regexMatcher(options: MatcherOptions): LineMatcher {
  const { pattern, ignoreCase = false, signal, budgetMs = REGEX_BUDGET_MS } = options
  const { totalMs = REGEX_TOTAL_MS } = options
  const flags = ignoreCase ? 'iu' : 'u'
  try {
    new RegExp(pattern, flags)
  } catch (error) {
    throw new UserError(`pattern is not a valid regular expression: ${(error as Error).message}`)
  }
  let release = options.takeWorker?.()
  let worker: Worker | undefined
  let ready: Promise<unknown> | undefined
  let leftMs = totalMs
  const close = async () => {
    await worker?.terminate()
    release?.()
    release = undefined
  }
  return {
    close,
    async matches(lines) {
      signal?.throwIfAborted()
      if (worker === undefined) {
        const file = new URL('./regex-worker.mjs', import.meta.url)
        worker = new Worker(file, { workerData: { pattern, flags }, execArgv: [], stdout: false })
        ready = once(worker, 'message')
      }
      // The budget is for matching: it begins when the worker has started.
      await ready
      const budget = AbortSignal.timeout(Math.ceil(Math.min(budgetMs, leftMs)))
      const started = performance.now()
      const either = signal === undefined ? budget : AbortSignal.any([signal, budget])
      const answer = once(worker, 'message', { signal: either })
      worker.postMessage(lines)
      try {
        const [found] = await answer
        leftMs = Math.max(0, leftMs - (performance.now() - started))
        return found as number[]
      } catch (error) {
        await close()
        signal?.throwIfAborted()
        if (!budget.aborted) throw error
        const limit =
          leftMs < budgetMs
            ? `${totalMs} ms on all files; use a simpler one, a glob for fewer files, or plain text`
            : `${budgetMs} ms on a part of a file; use a simpler one, or plain text`
        throw new UserError(`pattern ${quote(pattern)} took longer than ${limit}`)
      }
    },
  }
}
