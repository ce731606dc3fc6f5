/**
 * Change bus: notifies the handlers that serve a server definition of its changes.
 *
 * Changes of one turn of the event loop are delivered together, each once: registering ten tools is one change of the
 * tool list. The era decides which clients are notified.
 */

import { nextTurn } from '../bounds/runtime.ts'

export type ListKind = 'tools' | 'prompts' | 'resources'

/** What has changed: lists, and the contents of single resources. */
export interface Changes {
  readonly lists: ReadonlySet<ListKind>
  /** URIs */
  readonly resources: ReadonlySet<string>
}

/** @param sequence - of the change among those of all nodes; undefined: it is of this process alone */
export type ChangeListener = (changes: Changes, sequence?: number) => void

export class ChangeBus {
  /** Lifecycle: one for each handler that serves the definition, until it is closed. */
  readonly #listeners = new Set<ChangeListener>()
  #lists = new Set<ListKind>()
  #resources = new Set<string>()
  #scheduled = false

  /** @returns ends the subscription */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  listChanged(kind: ListKind): void {
    if (this.#listeners.size === 0) return
    this.#lists.add(kind)
    this.#schedule()
  }

  resourceUpdated(uri: string): void {
    if (this.#listeners.size === 0) return
    this.#resources.add(uri)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    nextTurn(() => {
      const changes = { lists: this.#lists, resources: this.#resources }
      this.#scheduled = false
      this.#lists = new Set()
      this.#resources = new Set()
      for (const listener of this.#listeners) listener(changes)
    })
  }
}
