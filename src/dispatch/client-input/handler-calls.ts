/**
 * What handlers pass to `ctx.elicit`, `ctx.sample`, `ctx.listRoots` and `ctx.once`, checked the same way in both eras: the
 * key that comes first, and that no two questions which are open at the same time have the same one.
 */

import { isObject } from '../../bounds/is-object.ts'
import { kindOf } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'

/** @throws {TypeError} the key was forgotten */
export function checkKey(method: string, key: unknown): asserts key is string {
  if (typeof key === 'string') return
  throw new TypeError(`ctx.${method} needs a key, a string, as its first argument; got ${kindOf(key)}`)
}

/**
 * @param form - what is expected, for the message
 * @throws {TypeError} no object
 */
export function checkParams(method: string, params: unknown, form: string): void {
  if (isObject(params)) return
  throw new TypeError(`ctx.${method} needs ${form} as its second argument; got ${kindOf(params)}`)
}

/** Keys of the questions that a call has asked and that are not answered. Lifecycle: as long as the call. */
export class OpenKeys {
  readonly #open = new Set<string>()

  /** @throws {TypeError} no key @throws {McpError} ERR_DUPLICATE_KEY @throws what `ask` throws */
  async ask<T>(method: string, key: unknown, ask: () => Promise<T>): Promise<T> {
    checkKey(method, key)
    if (this.#open.has(key)) throw duplicateKey(key)
    this.#open.add(key)
    try {
      return await ask()
    } finally {
      this.#open.delete(key)
    }
  }
}

function duplicateKey(key: string): McpError {
  const problem = `Two questions of one call have the key ${JSON.stringify(key)}: give each its own`
  return new McpError('ERR_DUPLICATE_KEY', problem)
}
