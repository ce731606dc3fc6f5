/**
 * Data under a key of this library that it has not written, or that was damaged: treated as absent, and reported once for
 * each kind of key, whatever a client asks for.
 */

import { quote } from '../bounds/quote.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { ReplyError } from './commands.ts'

/** Different reports; what comes after these is not reported. */
const MAX_REPORTS = 100

export class ForeignData {
  readonly #onProblem: (error: Error) => void
  readonly #reported = new Set<string>()

  constructor(onProblem: (error: Error) => void) {
    this.#onProblem = onProblem
  }

  /** @param key - its first parts are the prefix and an id, and its end says what it is */
  report(key: string): undefined {
    const kind = key.slice(key.indexOf('}') + 1, key.indexOf('}') + 3)
    const problem = `The data at ${quote(key)} in Redis is damaged or of another application; it is ignored`
    this.reportOnce(kind, new McpError('ERR_STORE_DATA', problem))
  }

  /** @param kind - what is reported once */
  reportOnce(kind: string, error: Error): void {
    if (this.#reported.has(kind) || this.#reported.size >= MAX_REPORTS) return
    this.#reported.add(kind)
    this.#onProblem(error)
  }
}

/** A reply; undefined where the key has data of another kind than the command is for. */
export async function orAbsent(reply: Promise<unknown>, key: string, foreign: ForeignData): Promise<unknown> {
  try {
    return await reply
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error
    return foreign.report(key)
  }
}
