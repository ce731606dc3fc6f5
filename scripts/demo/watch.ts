/**
 * Watching served files for changes.
 *
 * The folder of a file is watched, not the file: editors save by putting a new file in the place of the old
 * one, and a watch on the old one would then hear nothing more. A burst of events is told once.
 */

import { watch } from 'node:fs'
import path from 'node:path'
import type { Root } from './root.ts'
import { UserError } from './user-error.ts'

const MAX_WATCHES = 256

/** Milliseconds in which further events of the same file are told together with the first. */
const COALESCE_MS = 50

export class FileWatch {
  readonly #root: Root
  readonly #onError: (error: unknown) => void
  /** Lifecycle: from `start` to the function it returned, or to an error of the watcher. */
  readonly #active = new Set<() => void>()

  constructor(root: Root, onError: (error: unknown) => void) {
    this.#root = root
    this.#onError = onError
  }

  get size(): number {
    return this.#active.size
  }

  /**
   * @param relative - path as the client wrote it
   * @param onChange - the file was changed, replaced, created or removed
   * @returns ends the watching
   * @throws {UserError} when the path is refused, nothing is there, or too many files are watched
   */
  start(relative: string, onChange: () => void): () => void {
    if (this.#active.size >= MAX_WATCHES) throw new UserError(`${MAX_WATCHES} files are watched already`)
    const real = this.#root.resolveSync(relative)
    let timer: NodeJS.Timeout | undefined
    const watcher = watch(path.dirname(real), (_event, name) => {
      if (name !== null && name !== path.basename(real)) return
      timer ??= setTimeout(() => {
        timer = undefined
        onChange()
      }, COALESCE_MS)
    })
    const stop = () => {
      clearTimeout(timer)
      watcher.close()
      this.#active.delete(stop)
    }
    watcher.once('error', (error) => {
      stop()
      this.#onError(error)
    })
    this.#active.add(stop)
    return stop
  }

  close(): void {
    for (const stop of [...this.#active]) stop()
  }
}
