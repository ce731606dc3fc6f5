/**
 * Several handlers on one store in memory, each behind an HTTP server of its own. `at` says to which of them the next
 * requests of a session go, as a load balancer would.
 */

import type { TestContext } from 'node:test'
import { MemoryStore, type MemoryStoreOptions } from '../../../src/store/memory-store.ts'
import type { NodeEvents, Store, StoreNode } from '../../../src/store/store.ts'
import type { SseStream, TestSession } from '../../helpers/wire.ts'
import {
  eventually,
  type Fixture,
  type FixtureOptions,
  type HeldCall,
  serving,
  streaming,
} from '../serving.ts'

export interface Node extends Fixture {
  readonly id: string
  /** Its connection to the store. */
  readonly own: StoreNode
  /** Its process dies: connections break, and the store hears nothing of it any more. */
  die(): void
}

export interface Cluster {
  readonly store: MemoryStore
  readonly nodes: readonly Node[]
  /** One more node. */
  join(): Promise<Node>
}

export interface ClusterOptions extends FixtureOptions {
  readonly count?: number
  readonly memory?: MemoryStoreOptions
  /** Called with each message to all nodes. */
  readonly onPublish?: (message: string) => void
}

export async function cluster(
  t: TestContext,
  options: ClusterOptions = {},
): Promise<Cluster & { readonly a: Node; readonly b: Node; readonly c: Node }> {
  const { count = 3, memory = {}, onPublish, ...others } = options
  const store = new MemoryStore(memory)
  const join = async (): Promise<Node> => {
    let own: StoreNode | undefined
    const named: Store = {
      join(events) {
        const node = store.join(events)
        own = node
        const { bus } = node
        if (onPublish === undefined) return node
        const publish = (message: string) => {
          onPublish(message)
          return bus.publish(message)
        }
        return Object.assign(node, { bus: { ...bus, publish } })
      },
    }
    const fixture = await serving(t, { ...others, store: named })
    await eventually(() => fixture.ready(), 'the node to join')
    if (own === undefined) throw new Error('the handler has not joined the store')
    const { id } = own
    const die = () => {
      store.kill(id)
      // What a dead process says, nobody hears.
      Object.defineProperty(fixture.errors, 'push', { value: () => 0 })
      fixture.http.closeAllConnections()
      fixture.http.close()
    }
    return { ...fixture, id, own, die }
  }
  const nodes: Node[] = []
  for (let number = 0; number < count; number++) nodes.push(await join())
  const [a, b, c] = nodes as [Node, Node, Node]
  return { store, nodes, join, a, b, c }
}

/** A `fetch` that sends every request to the next node. */
export function roundRobin(nodes: readonly { readonly port: number }[]): typeof fetch {
  let number = 0
  return (url, init) => {
    number += 1
    const target = new URL(String(url))
    target.port = String(nodes[number % nodes.length]?.port)
    return fetch(target, init)
  }
}

/** Of a node that does nothing: for what a test does to the store itself. */
export const SILENT: NodeEvents = {
  onBroadcast: () => {},
  onMissed: () => {},
  onMessage: () => {},
  onNodeGone: () => {},
  onStreamTaken: () => {},
  onAvailable: () => {},
  onUnavailable: () => {},
  onProblem: () => {},
}

/** The next requests of the session go to this node. */
export function at(session: TestSession, node: { readonly url: string }): TestSession {
  ;(session as { url: string }).url = node.url
  return session
}

/** A call on one node whose stream its client has resumed on another one, up to the progress 1. */
export async function followed(
  a: Node,
  b: Node,
): Promise<{ session: TestSession; call: HeldCall; resumed: SseStream }> {
  const session = await a.open()
  const { call, stream } = await streaming(session, a.held)
  await stream.until(({ json }) => json?.params?.progress === 0)
  const resumed = await at(session, b).resume(stream.lastEventId ?? '')
  call.ctx.progress(1)
  await resumed.until(({ json }) => json?.params?.progress === 1)
  return { session, call, resumed }
}
