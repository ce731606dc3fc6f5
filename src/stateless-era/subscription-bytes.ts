/**
 * Bytes of the heap that subscriptions retain of what clients sent, in two counts: what a stream takes of its caller's
 * share, and what it adds to the total, where the text of a resource with several subscribers is there once.
 */

import { textBytes } from '../bounds/heap-size.ts'
import type { Retained, SubscribedResource } from './subscription.ts'

/** Of a resource with a subscriber, beside its URI. Measured: 280. */
const RESOURCE_BYTES = 320
/** Of one subscriber of it. Measured: 60. */
const SUBSCRIBER_BYTES = 96
/** Of a task that a stream names. Measured: 200. */
const TASK_BYTES = 288

/** Enough for a UUID. */
const USUAL_ID_LENGTH = 64

/** Of the ids. A stream for lists alone, under usual ids, takes none: the number of streams is limit enough. */
export function idBytes(idText: string, principalId: string | undefined): number {
  return longIdBytes(idText) + longIdBytes(principalId ?? '')
}

function longIdBytes(idText: string): number {
  return idText.length <= USUAL_ID_LENGTH ? 0 : textBytes(idText)
}

export function taskBytes(count: number): number {
  return count * TASK_BYTES
}

export function newResource(uri: string): SubscribedResource {
  return { uri, bytes: RESOURCE_BYTES + textBytes(uri), subscribers: new Set() }
}

/** What a stream with this resource takes of its caller's share. */
export function chargedFor({ bytes }: SubscribedResource): number {
  return SUBSCRIBER_BYTES + bytes
}

/** What a subscriber more adds to the total, or a subscriber less takes away. */
export function addedBy({ bytes, subscribers }: SubscribedResource): number {
  return SUBSCRIBER_BYTES + (subscribers.size === 0 ? bytes : 0)
}

/** Both counts of a whole stream. */
export function bytesOf({
  bytes,
  resources,
}: Pick<Retained, 'bytes' | 'resources'>): [charged: number, added: number] {
  return [
    resources.reduce((sum, resource) => sum + chargedFor(resource), bytes),
    resources.reduce((sum, resource) => sum + addedBy(resource), bytes),
  ]
}
