/**
 * Several handlers on one store in memory, each behind an HTTP server of its own. `at` says to which of them the next
 * requests of a session go, as a load balancer would.
 */

import type { TestContext } from 'node:test'
import { MemoryStore, type MemoryStoreOptions } from '../../../src/store/memory-store.ts'
import type { Store } from '../../../src/store/store.ts'
import type { TestSession } from '../../helpers/wire.ts'
import { eventually, type Fixture, type FixtureOptions, serving } from '../serving.ts'

export interface Node extends Fixture {
  readonly id: string
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
}

export async function cluster(
  t: TestContext,
  options: ClusterOptions = {},
): Promise<Cluster & { readonly a: Node; readonly b: Node; readonly c: Node }> {
  const { count = 3, memory = {}, ...others } = options
  const store = new MemoryStore(memory)
  const join = async (): Promise<Node> => {
    let id = ''
    const named: Store = {
      join(events) {
        const node = store.join(events)
        id = node.id
        return node
      },
    }
    const fixture = await serving(t, { ...others, store: named })
    await eventually(() => fixture.ready(), 'the node to join')
    const die = () => {
      store.kill(id)
      // What a dead process says, nobody hears.
      Object.defineProperty(fixture.errors, 'push', { value: () => 0 })
      fixture.http.closeAllConnections()
      fixture.http.close()
    }
    return { ...fixture, id, die }
  }
  const nodes: Node[] = []
  for (let number = 0; number < count; number++) nodes.push(await join())
  const [a, b, c] = nodes as [Node, Node, Node]
  return { store, nodes, join, a, b, c }
}

/** The next requests of the session go to this node. */
export function at(session: TestSession, node: { readonly url: string }): TestSession {
  ;(session as { url: string }).url = node.url
  return session
}
