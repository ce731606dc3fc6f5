/**
 * One open `subscriptions/listen` stream: what the server retains for it, and the messages that carry its id.
 *
 * Small, and objects of one shape: there may be ten thousand. Nothing of the request that opened it is retained but the
 * context by which `visible` decides, and that only where the stream has resources.
 */

import type { RequestContext } from '../dispatch/context.ts'
import type { TaskSubscriber } from '../features/tasks/task-subscribers.ts'
import { MetaKey } from '../protocol/meta-keys.ts'
import { Notify } from '../protocol/methods.ts'
import type { TaskRecord } from '../store/task-store.ts'
import type { Account } from './subscription-limits.ts'
import { taskText } from './task-wire.ts'
import type { MessageStream, StreamOwner } from './transport.ts'

/** A resource with a subscriber. */
export interface SubscribedResource {
  readonly uri: string
  /** Of the heap, here and where resources are watched. */
  readonly bytes: number
  readonly subscribers: Set<Subscription>
}

/** What a stream retains of the request that opened it. */
export type Retained = Pick<
  Subscription,
  'idText' | 'resources' | 'notifications' | 'taskIds' | 'ctx' | 'bytes'
>

export interface SubscriptionOwner {
  /** See `StreamTransport.frame`. */
  frame(json: string): string
  remove(subscription: Subscription): void
}

export class Subscription implements StreamOwner, TaskSubscriber {
  /** JSON text of the id, in the form in which it stands in a frame. */
  readonly idText: string
  /** The bits of `LISTS`. */
  readonly lists: number
  readonly resources: readonly SubscribedResource[]
  /** Methods, of extensions. */
  readonly notifications: readonly string[]
  readonly taskIds: readonly string[]
  /** `visible` is called again for each change of a resource; undefined where there is none. */
  readonly ctx: RequestContext | undefined
  readonly account: Account | undefined
  /** Of the heap, without resources. */
  readonly bytes: number
  readonly maxBufferBytes: number
  /** Undefined until it is open. */
  stream: MessageStream | undefined = undefined
  /** Ends the stream when it is too old. */
  timer: NodeJS.Timeout | undefined = undefined
  readonly #owner: SubscriptionOwner

  constructor(
    owner: SubscriptionOwner,
    lists: number,
    retained: Retained,
    account: Account | undefined,
    maxBufferBytes: number,
  ) {
    this.#owner = owner
    this.idText = retained.idText
    this.lists = lists
    this.resources = retained.resources
    this.notifications = retained.notifications
    this.taskIds = retained.taskIds
    this.ctx = retained.ctx
    this.account = account
    this.bytes = retained.bytes
    this.maxBufferBytes = maxBufferBytes
  }

  /**
   * Sends a message with the id of the subscription in its place.
   *
   * @param head - of the frame, up to the id
   * @param tail - of the frame, behind the id
   * @param alone - nothing else is sent in this turn of the event loop
   * @returns whether the stream took it
   */
  notify(head: string, tail: string, alone: boolean): boolean {
    const { stream } = this
    if (stream === undefined) return false
    const frame = `${head}${this.idText}${tail}`
    return alone ? stream.writeNow(frame) : stream.write(frame)
  }

  notifyTask(record: TaskRecord): void {
    this.stream?.write(this.taskFrame(record))
  }

  /** The state of a task, as a message of this stream. */
  taskFrame(record: TaskRecord): string {
    const meta = `"_meta":{${JSON.stringify(MetaKey.SUBSCRIPTION_ID)}:${this.idText}}`
    const params = `{${meta},${taskText(record).slice(1)}`
    return this.#owner.frame(`{"jsonrpc":"2.0","method":"${Notify.task}","params":${params}}`)
  }

  /**
   * Ends the stream with its result.
   *
   * @param prefix - of all results, without `_meta`: an object that is not closed
   * @param meta - members of `_meta`, each behind a comma
   */
  end(prefix: string, meta: string): void {
    const id = `${JSON.stringify(MetaKey.SUBSCRIPTION_ID)}:${this.idText}`
    const result = `${prefix},"_meta":{${id}${meta}}}`
    this.stream?.end(this.#owner.frame(`{"jsonrpc":"2.0","id":${this.idText},"result":${result}}`))
  }

  onClose(): void {
    this.#owner.remove(this)
  }
}
