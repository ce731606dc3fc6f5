/** What the contract needs to know of a store, and nodes that record what they hear. */

import type { TestContext } from 'node:test'
import type { NodeEvents, Store, StoreNode } from '../store/store.ts'

/** A store, and the means to test it. A new one for each test, or with data of its own for each. */
export interface StoreUnderTest {
  /** As one process has it. Nodes should have a lease of a second or less, so that the tests are quick. */
  readonly store: Store
  /** As another process has it: the same data over another connection. @defaultValue `store` */
  readonly other?: Store | undefined
  /** Ends a node as if its process had died: it does not leave. @defaultValue tests that need it are skipped */
  readonly kill?: ((node: StoreNode) => unknown) | undefined
  /**
   * Makes the store unreachable for all nodes.
   *
   * @returns makes it reachable again
   * @defaultValue tests that need it are skipped
   */
  readonly interrupt?: (() => Promise<() => unknown>) | undefined
}

/** Makes the store for one test, and cleans up with `t.after`. */
export type MakeStore = (t: TestContext) => StoreUnderTest | Promise<StoreUnderTest>

/** Something that a node heard: the name of the method, and its arguments. */
export type Heard = readonly [name: keyof NodeEvents, ...args: unknown[]]

/** The longest that something may take that should come. */
const LONGEST_MS = 15_000

export class RecordingNode {
  readonly node: StoreNode
  readonly heard: Heard[] = []
  readonly #waiting = new Set<() => void>()

  private constructor(store: Store) {
    const names = [
      'onBroadcast',
      'onMissed',
      'onMessage',
      'onNodeGone',
      'onStreamTaken',
      'onAvailable',
      'onUnavailable',
      'onProblem',
    ] as const
    const events = Object.fromEntries(
      names.map((name) => [
        name,
        (...args: unknown[]) => {
          this.heard.push([name, ...args])
          for (const check of this.#waiting) check()
        },
      ]),
    ) as unknown as NodeEvents
    this.node = store.join(events)
  }

  /** A node that leaves at the end of the test. */
  static begin(t: TestContext, store: Store): RecordingNode {
    const recorder = new RecordingNode(store)
    t.after(() => recorder.node.leave())
    return recorder
  }

  /** The same, when it can reach the store. */
  static async join(t: TestContext, store: Store): Promise<RecordingNode> {
    const recorder = RecordingNode.begin(t, store)
    await recorder.until('onAvailable')
    return recorder
  }

  /** Arguments of each call of a method. */
  calls(name: keyof NodeEvents): readonly (readonly unknown[])[] {
    return this.heard.filter(([each]) => each === name).map(([, ...args]) => args)
  }

  /** Messages to all that were delivered. */
  get broadcasts(): readonly unknown[] {
    return this.calls('onBroadcast').map(([message]) => message)
  }

  /** Waits until a method was called with arguments that begin with these, that many times. */
  until(name: keyof NodeEvents, args: readonly unknown[] = [], times = 1): Promise<void> {
    const isEnough = () =>
      this.calls(name).filter((call) => args.every((arg, place) => call[place] === arg)).length >= times
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#waiting.delete(check)
        clearTimeout(timer)
      }
      const check = () => {
        if (!isEnough()) return
        end()
        resolve()
      }
      const timer = setTimeout(() => {
        end()
        const wanted = `${times} times ${name}(${args.join(', ')})`
        reject(new Error(`Waited ${LONGEST_MS} ms for ${wanted}; heard ${JSON.stringify(this.heard)}`))
      }, LONGEST_MS)
      this.#waiting.add(check)
      check()
    })
  }
}

/** Two nodes of one store, on connections of their own where there are two. */
export async function joinTwo(
  t: TestContext,
  { store, other = store }: StoreUnderTest,
): Promise<readonly [RecordingNode, RecordingNode]> {
  return [await RecordingNode.join(t, store), await RecordingNode.join(t, other)]
}

/** Makes the store unreachable until the function that it returns is called, or the test ends. */
export async function interrupt(
  t: TestContext,
  begin: () => Promise<() => unknown>,
): Promise<() => Promise<void>> {
  const end = await begin()
  let isOver = false
  const restore = async () => {
    if (isOver) return
    isOver = true
    await end()
  }
  t.after(restore)
  return restore
}

/** Asks again and again until an answer is as wanted. */
export async function eventually<T>(
  ask: () => T | PromiseLike<T>,
  isWanted: (answer: T) => boolean,
): Promise<T> {
  const end = Date.now() + LONGEST_MS
  for (;;) {
    const answer = await ask()
    if (isWanted(answer)) return answer
    if (Date.now() > end)
      throw new Error(`Waited ${LONGEST_MS} ms; the last answer is ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

let count = 0
/** An id of a session or a task that no other test has. */
export function newId(): string {
  count += 1
  return `${Math.random().toString(36).slice(2)}${'0'.repeat(20)}${count}`.slice(-32)
}
