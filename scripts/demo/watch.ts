/**
 * Watching served files for changes.
 *
 * The folder of a file is watched, not the file: editors save by putting a new file in the place of the old
 * one, and a watch on the old one would then hear nothing more. A burst of events is told once.
 *
 * A file that several clients subscribe to is watched once, and counts for the one who subscribed first.
 */

import { type FSWatcher, watch } from 'node:fs'
import path from 'node:path'
import type { Root } from './root.ts'
import { BusyError, Shares } from './shares.ts'

const MAX_WATCHES = 256
const MAX_WATCHES_PER_CALLER = 64

/** Milliseconds in which further events of the same file are told together with the first. */
const COALESCE_MS = 50

export class FileWatch {
  readonly #root: Root
  readonly #onError: (error: unknown) => void
  /** Lifecycle: from `start` to the function it returned, or to an error of the watcher. */
  readonly #active = new Set<() => void>()
  readonly #shares = new Shares({
    what: 'files are watched',
    max: MAX_WATCHES,
    maxPerCaller: MAX_WATCHES_PER_CALLER,
  })

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
   * @param caller - whose watch it is, see `callerOf`
   * @returns ends the watching
   * @throws {BusyError} when the caller, or all together, watch as many files as they may
   * @throws {UserError} when the path is refused or nothing is there
   */
  start(relative: string, onChange: () => void, caller: string): () => void {
    const real = this.#root.resolveSync(relative)
    const release = this.#shares.take(caller)
    let timer: NodeJS.Timeout | undefined
    const changed = (_event: string, name: string | null) => {
      if (name !== null && name !== path.basename(real)) return
      timer ??= setTimeout(() => {
        timer = undefined
        onChange()
      }, COALESCE_MS)
    }
    let watcher: FSWatcher
    try {
      watcher = watch(path.dirname(real), changed)
    } catch (error) {
      release()
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOSPC' && code !== 'EMFILE') throw error
      throw new BusyError('The operating system of this server watches no more files: try again later')
    }
    const stop = () => {
      clearTimeout(timer)
      watcher.close()
      this.#active.delete(stop)
      release()
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
