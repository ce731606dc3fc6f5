/**
 * A task that runs on another node, for those on this node who follow it: its record as it was last read from the store,
 * and its input requests, whose responses are sent to its node.
 *
 * Invariant: an input request that was answered here is not open here again, though the record may still have it.
 */

import { isObject } from '../../bounds/is-object.ts'
import type { InputRequest } from '../../dispatch/client-input/input-required.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import { isOver, type TaskRecord } from '../../store/task-store.ts'
import type { TaskView } from './task-subscribers.ts'

/** A task for those who follow it, whichever node runs it. */
export interface FollowedTask extends TaskView {
  readonly taskId: string
  /** Nothing changes any more but to its last state, which may still have to be stored. */
  readonly isEnding: boolean
  readonly inputRequests: OpenRequests
}

/** See `TaskInputRequests`. */
export interface OpenRequests {
  open(): Iterable<readonly [key: string, request: InputRequest]>
  isOpen(key: string): boolean
  respond(responses: JsonObject): void
  refuse(key: string, error: Error): void
}

/** Sends what a client answered to the node of the task. */
export interface AnswerSender {
  respond(responses: JsonObject): void
  refuse(key: string, error: Error): void
}

export class RemoteTask implements FollowedTask {
  readonly inputRequests: OpenRequests & { forget(key: string): void }
  record: TaskRecord
  /** It is being read; and it has to be read again after that. */
  isReading = false
  isStale = false

  constructor(record: TaskRecord, sender: AnswerSender) {
    this.record = record
    this.inputRequests = new RemoteRequests(this, sender)
  }

  get taskId(): string {
    return this.record.taskId
  }

  get isEnding(): boolean {
    return isOver(this.record)
  }
}

class RemoteRequests implements OpenRequests {
  readonly #task: TaskView
  readonly #sender: AnswerSender
  /** Of open input requests. Lifecycle: until the record does not have the request any more. */
  readonly #answered = new Set<string>()
  #text: string | undefined
  #requests: { readonly [key: string]: InputRequest } = {}

  constructor(task: TaskView, sender: AnswerSender) {
    this.#task = task
    this.#sender = sender
  }

  *open(): Generator<[key: string, request: InputRequest]> {
    for (const [key, request] of Object.entries(this.#all)) if (!this.#answered.has(key)) yield [key, request]
  }

  isOpen(key: string): boolean {
    return Object.hasOwn(this.#all, key) && !this.#answered.has(key)
  }

  respond(responses: JsonObject): void {
    for (const key of Object.keys(responses)) this.#answered.add(key)
    this.#sender.respond(responses)
  }

  refuse(key: string, error: Error): void {
    this.#answered.add(key)
    this.#sender.refuse(key, error)
  }

  /** An answer did not come to the node of the task: the client may be asked again. */
  forget(key: string): void {
    this.#answered.delete(key)
  }

  get #all(): { readonly [key: string]: InputRequest } {
    const { status, payload } = this.#task.record
    const text = status === 'input_required' ? payload : undefined
    if (text === this.#text) return this.#requests
    this.#text = text
    const requests: unknown = text === undefined ? {} : JSON.parse(text)
    this.#requests = isObject(requests) ? (requests as { [key: string]: InputRequest }) : {}
    for (const key of this.#answered) if (!Object.hasOwn(this.#requests, key)) this.#answered.delete(key)
    return this.#requests
  }
}
