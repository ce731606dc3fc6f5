/**
 * The calls of a session that are in progress, by the ids that the client gave them. An id is not unique: real clients
 * give the same one to all their requests.
 *
 * Invariant: `size` is the number of exchanges that were added and not deleted.
 */

import type { JsonRpcId } from '../jsonrpc/message.ts'

export class InFlight<Call extends { readonly requestId: JsonRpcId }> {
  /** A set only where an id is in use more than once. */
  readonly #byId = new Map<JsonRpcId, Call | Set<Call>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  add(call: Call): void {
    const known = this.#byId.get(call.requestId)
    if (known === undefined) this.#byId.set(call.requestId, call)
    else if (known instanceof Set) known.add(call)
    else this.#byId.set(call.requestId, new Set([known, call]))
    this.#size += 1
  }

  /** Does nothing for a call that is not in here. */
  delete(call: Call): void {
    const known = this.#byId.get(call.requestId)
    if (known instanceof Set ? !known.delete(call) : known !== call) return
    if (!(known instanceof Set) || known.size === 0) this.#byId.delete(call.requestId)
    this.#size -= 1
  }

  has(id: JsonRpcId): boolean {
    return this.#byId.has(id)
  }

  /** The call with an id; undefined when there is none, or more than one: then the id does not say which. */
  only(id: unknown): Call | undefined {
    const known = this.#byId.get(id as JsonRpcId)
    if (!(known instanceof Set)) return known
    const [first] = known
    return known.size === 1 ? first : undefined
  }

  all(): Call[] {
    return [...this.#byId.values()].flatMap((known) => (known instanceof Set ? [...known] : [known]))
  }
}
