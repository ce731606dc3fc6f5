/**
 * Conversation: remembers which request each answer belongs to, so that every JSON-RPC message that passes, in
 * either direction, is held against the schema of the revision in use.
 *
 * Not here: the schemas (schema-check.ts), the wire (http-client.ts, sse-stream.ts).
 */

import { type CheckedRevision, checkedRevisions, checkMessage, type Direction } from './schema-check.ts'

/** Arbitrary JSON off the wire. It is untyped on purpose: the assertions of a test are its types. */
export type WireJson = ReturnType<typeof JSON.parse>

/** `true` (default): check both directions. `false`: do not check what the test sends. `'none'`: check nothing. */
export type Check = boolean | 'none'

/** The request whose answer is read, where ids alone could not tell (a test may reuse them). */
export interface OwnRequest {
  readonly id: unknown
  readonly method: string
}

export class Conversation {
  revision: CheckedRevision
  readonly check: Check
  readonly #askedByClient = new Map<string, string>()
  readonly #askedByServer = new Map<string, string>()

  constructor(revision: string | undefined, check: Check = true) {
    this.revision = isChecked(revision) ? revision : '2025-11-25'
    this.check = check
  }

  /** Called with each message that the test sends. @throws {SchemaViolation} */
  outgoing(message: WireJson, check: Check = this.check): void {
    if (Array.isArray(message)) {
      this.#refuseBatch(check === true)
      for (const part of message) this.outgoing(part, check)
      return
    }
    if (isRequest(message)) {
      this.#askedByClient.set(keyOf(message.id), message.method)
      const asked = message.method === 'initialize' ? message.params?.protocolVersion : undefined
      if (isChecked(asked)) this.revision = asked
    }
    if (check !== true) return
    this.#hold('client-to-server', message, this.#askedByServer.get(keyOf(message?.id)))
  }

  /** Called with each message that the server sent. @throws {SchemaViolation} */
  incoming(message: WireJson, own?: OwnRequest, check: Check = this.check): void {
    if (Array.isArray(message)) {
      this.#refuseBatch(check !== 'none')
      for (const part of message) this.incoming(part, own, check)
      return
    }
    if (isRequest(message)) this.#askedByServer.set(keyOf(message.id), message.method)
    const isOwn = own !== undefined && keyOf(own.id) === keyOf(message?.id)
    const method = isOwn ? own.method : this.#askedByClient.get(keyOf(message?.id))
    const agreed = method === 'initialize' ? message?.result?.protocolVersion : undefined
    if (isChecked(agreed)) this.revision = agreed
    if (check !== 'none') this.#hold('server-to-client', message, method)
  }

  #hold(direction: Direction, message: WireJson, method: string | undefined): void {
    checkMessage(this.revision, direction, message, { method })
  }

  #refuseBatch(isChecking: boolean): void {
    if (!isChecking || this.revision === '2025-03-26') return
    throw new Error(`a JSON-RPC batch passed in ${this.revision}; only 2025-03-26 has batches`)
  }
}

/** A request of either side: a method and an id. */
export function isRequest(message: WireJson): boolean {
  return typeof message?.method === 'string' && message.id !== undefined
}

/** A result or an error. */
export function isResponse(message: WireJson): boolean {
  return message?.result !== undefined || message?.error !== undefined
}

/** `1` and `"1"` are two ids. */
function keyOf(id: unknown): string {
  return `${typeof id} ${String(id)}`
}

function isChecked(revision: unknown): revision is CheckedRevision {
  return (checkedRevisions as readonly unknown[]).includes(revision)
}
