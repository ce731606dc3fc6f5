/**
 * Names of keys in Redis.
 *
 *    <prefix>{<session>}:r          record                string        <prefix>{b}:a     messages to all       stream
 *    <prefix>{<session>}:f          fields                hash          <prefix>{b}:i:*   messages to one       stream
 *    <prefix>{<session>}:x          deleted               string        <prefix>{b}:n     nodes and leases      sorted set
 *    <prefix>{<session>}:s:<name>   events of a stream    stream        <prefix>{b}:c     last batch of each    hash
 *    <prefix>{<session>}:m:<name>   what the stream is    string        <prefix>{b}:o     no outage             string
 *    <prefix>{<task>}:t             task                  string        <prefix>{o:*}     tasks of an owner     sorted set
 *    <prefix>{k}:k:<purpose>        secrets               list          <prefix>{t}:a     all tasks             sorted set
 *                                                                       <prefix>{t}:e     those that have ended sorted set
 *
 * What stands in braces decides which server of a cluster has the key: all that one script touches is on one of them.
 * Ids come from clients, so none is put into a key before its form is known: a brace would take it elsewhere.
 */

import { createHash } from 'node:crypto'

const ID = /^[\w-]{1,128}$/

/** Whether an id from a client can be one that was stored here. */
export function isStorableId(id: string): boolean {
  return ID.test(id)
}

export class Keys {
  readonly all: string
  readonly nodes: string
  readonly counters: string
  readonly steady: string
  /** All tasks, and those that have ended. */
  readonly tasks: readonly [string, string]
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.all = `${prefix}{b}:a`
    this.nodes = `${prefix}{b}:n`
    this.counters = `${prefix}{b}:c`
    this.steady = `${prefix}{b}:o`
    this.tasks = [`${prefix}{t}:a`, `${prefix}{t}:e`]
  }

  inbox(node: string): string {
    return `${this.#prefix}{b}:i:${node}`
  }

  /** Record, fields, and the mark of a deleted one. */
  session(sessionId: string): readonly [string, string, string] {
    const start = `${this.#prefix}{${sessionId}}:`
    return [`${start}r`, `${start}f`, `${start}x`]
  }

  /** Events, and the text that says what the stream is. */
  log(sessionId: string, stream: string): readonly [string, string] {
    const start = `${this.#prefix}{${sessionId}}:`
    return [`${start}s:${stream}`, `${start}m:${stream}`]
  }

  task(taskId: string): string {
    return `${this.#prefix}{${taskId}}:t`
  }

  /** The owner may be a principal's id, of any length and characters. */
  owner(owner: string): string {
    return `${this.#prefix}{o:${createHash('sha256').update(owner).digest('base64url').slice(0, 22)}}`
  }

  secrets(purpose: string): string {
    return `${this.#prefix}{k}:k:${purpose}`
  }
}
