/**
 * The calls in flight of one session or connection, by JSON-RPC request id. An id is not unique: some clients use the same one for all
 * their requests.
 *
 * Invariant: `size` is the number of exchanges that were added and not deleted.
 */

import type { JsonRpcId } from '../jsonrpc/message.ts'

export class InFlight<Call extends { readonly requestId: JsonRpcId }> {
  /** Most sessions have one call at a time, which needs no map. */
  #single: Call | undefined
  /** The others. A set only where an id is in use more than once. */
  #byId: Map<JsonRpcId, Call | Set<Call>> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  add(call: Call): void {
    this.#size += 1
    if (this.#size === 1) {
      this.#single = call
      return
    }
    this.#byId ??= new Map()
    const known = this.#byId.get(call.requestId)
    if (known === undefined) this.#byId.set(call.requestId, call)
    else if (known instanceof Set) known.add(call)
    else this.#byId.set(call.requestId, new Set([known, call]))
  }

  /** Does nothing for a call that was not added. */
  delete(call: Call): void {
    if (call === this.#single) this.#single = undefined
    else if (!this.#remove(call)) return
    this.#size -= 1
  }

  has(id: JsonRpcId): boolean {
    return this.#single?.requestId === id || this.#byId?.has(id) === true
  }

  /** The call with an id; undefined when there is none, or more than one: then the id is ambiguous. */
  findUnique(id: unknown): Call | undefined {
    const known = this.#byId?.get(id as JsonRpcId)
    if (this.#single?.requestId === id) return known === undefined ? this.#single : undefined
    if (!(known instanceof Set)) return known
    const [first] = known
    return known.size === 1 ? first : undefined
  }

  all(): Call[] {
    const others = [...(this.#byId?.values() ?? [])]
    const calls = others.flatMap((known) => (known instanceof Set ? [...known] : [known]))
    return this.#single === undefined ? calls : [this.#single, ...calls]
  }

  #remove(call: Call): boolean {
    const known = this.#byId?.get(call.requestId)
    if (known instanceof Set ? !known.delete(call) : known !== call) return false
    if (!(known instanceof Set) || known.size === 0) this.#byId?.delete(call.requestId)
    return true
  }
}
