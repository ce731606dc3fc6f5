/** The store of events that a program may bring. Types only. */

import type { JSONRPCMessage } from '../types.ts'

export type StreamId = string
export type EventId = string

/** Events of streams, which can be resumed from it: also after a restart, or in another process. */
export interface EventStore {
  storeEvent(streamId: StreamId, message: JSONRPCMessage): Promise<EventId>
  getStreamIdForEventId?(eventId: EventId): Promise<StreamId | undefined>
  replayEventsAfter(
    lastEventId: EventId,
    { send }: { send: (eventId: EventId, message: JSONRPCMessage) => Promise<void> },
  ): Promise<StreamId>
}
