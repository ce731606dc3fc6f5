/**
 * Change bus: what changed in a server definition, told to whoever serves it.
 *
 * Changes of one turn of the event loop are told together, each once: registering ten tools is one change of the
 * tool list. Who hears of it on the wire is decided by the era.
 */

export type ListKind = 'tools' | 'prompts' | 'resources'

/** What changed: lists as such, and the contents of single resources. */
export interface Changes {
  readonly lists: ReadonlySet<ListKind>
  /** URIs */
  readonly resources: ReadonlySet<string>
}

export type ChangeListener = (changes: Changes) => void

export class ChangeBus {
  /** Lifecycle: one for each handler that serves the definition, until it is closed. */
  readonly #listeners = new Set<ChangeListener>()
  #lists = new Set<ListKind>()
  #resources = new Set<string>()
  #scheduled = false

  /** @returns what ends the subscription */
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
    setImmediate(() => {
      const changes = { lists: this.#lists, resources: this.#resources }
      this.#scheduled = false
      this.#lists = new Set()
      this.#resources = new Set()
      for (const listener of this.#listeners) listener(changes)
    })
  }
}
