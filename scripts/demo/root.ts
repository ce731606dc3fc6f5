/**
 * The folder that the demo serves, and the only way into it.
 *
 * A path from a client is relative, with `/` between the names. It is checked twice: as text, before the disk
 * is touched, and as the real path that symbolic links lead to, which must lie inside the real root.
 *
 * Invariant: a file handle given out belongs to a regular file inside the root, opened for reading.
 * Names that begin with a dot are refused: `.env` and `.git` are not for sharing.
 * Not here: protection from someone who can rename folders inside the root while it is read.
 */

import { constants, realpathSync } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from './user-error.ts'

const MAX_PATH_LENGTH = 4096
const URI_PREFIX = 'file:///'

export interface OpenFile {
  readonly handle: FileHandle
  readonly size: number
}

export class Root {
  /** Real path, absolute. */
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  /** @throws {Error} when there is no such folder */
  static async open(directory: string): Promise<Root> {
    return new Root(await realFolder(directory, 'root'))
  }

  /**
   * @param relative - path as the client wrote it
   * @returns the real path of an existing file or folder inside the root
   * @throws {UserError} when the path is refused or nothing is there
   */
  async resolve(relative: string): Promise<string> {
    const real = await realpath(this.#join(relative)).catch(() => undefined)
    return this.#inside(relative, real)
  }

  /** `resolve` for callers that cannot wait. */
  resolveSync(relative: string): string {
    const joined = this.#join(relative)
    let real: string | undefined
    try {
      real = realpathSync(joined)
    } catch {
      real = undefined
    }
    return this.#inside(relative, real)
  }

  /** Opens a regular file for reading; the caller closes it. Throws like `resolve`. */
  async openFile(relative: string): Promise<OpenFile> {
    const real = await this.resolve(relative)
    // O_NONBLOCK: opening a named pipe must not wait for a writer. Neither flag exists on Windows.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    let handle: FileHandle
    try {
      handle = await open(real, flags)
    } catch {
      throw new UserError(`file cannot be read: ${quote(relative)}`)
    }
    const found = await handle.stat().catch(() => undefined)
    if (found?.isFile() === true) return { handle, size: found.size }
    await handle.close()
    throw new UserError(`not a regular file: ${quote(relative)}`)
  }

  #join(relative: string): string {
    checkPath(relative)
    return path.join(this.directory, ...relative.split('/'))
  }

  #inside(relative: string, real: string | undefined): string {
    if (real === undefined) throw new UserError(`no such file: ${quote(relative)}`)
    const inside = path.relative(this.directory, real)
    if (inside === '..' || inside.startsWith(`..${path.sep}`) || path.isAbsolute(inside)) {
      throw new UserError(`path ${quote(relative)} leads out of the served folder`)
    }
    if (inside.split(path.sep).some(isHidden)) throw hidden(relative)
    return real
  }
}

/** Real path of a folder named on the command line. */
export async function realFolder(directory: string, option: string): Promise<string> {
  const real = await realpath(directory).catch(() => undefined)
  if (real === undefined || !(await stat(real)).isDirectory()) {
    throw new Error(`--${option}: no such folder: ${directory}`)
  }
  return real
}

/**
 * Refuses every spelling that could mean a place outside the root, also for software that decodes once more.
 *
 * @throws {UserError} naming the path and the reason
 */
export function checkPath(relative: string): void {
  const refuse = (reason: string) => new UserError(`path ${quote(relative)} is refused: ${reason}`)
  if (relative === '') throw refuse('it is empty; expected a path relative to the served folder')
  if (relative.length > MAX_PATH_LENGTH) throw refuse(`longer than ${MAX_PATH_LENGTH} characters`)
  if (relative.includes('\0')) throw refuse('it contains a NUL character')
  if (relative.includes('\\')) throw refuse('it contains a backslash; names are separated by "/"')
  if (/%(?:00|25|2e|2f|5c)/i.test(relative))
    throw refuse('it contains a percent-encoded ".", "/", "\\", "%" or NUL')
  if (relative.startsWith('/') || /^[A-Za-z]:/.test(relative))
    throw refuse('it is absolute; expected a relative path')
  for (const name of relative.split('/')) {
    if (name === '..') throw refuse('it contains ".."')
    if (name === '' || name === '.') throw refuse('it contains an empty name or "."')
    if (isHidden(name)) throw hidden(relative)
  }
}

/** Whether a file found on disk has a path that a client can ask for. */
export function isServed(relative: string): boolean {
  try {
    checkPath(relative)
    return true
  } catch {
    return false
  }
}

/** `docs/a b.md` becomes `file:///docs/a%20b.md`: relative to the root, so that no path of this machine shows. */
export function pathToUri(relative: string): string {
  return URI_PREFIX + relative.split('/').map(encodeURIComponent).join('/')
}

/**
 * Inverse of `pathToUri`. Decodes once, and checks.
 *
 * @throws {UserError} when the URI is no `file:///` URI of a path that may be asked for
 */
export function uriToPath(uri: string): string {
  if (!uri.startsWith(URI_PREFIX)) throw new UserError(`expected a ${URI_PREFIX} URI, got ${quote(uri)}`)
  if (/[?#]/.test(uri)) throw new UserError(`URI ${quote(uri)} has a query or a fragment`)
  let relative: string
  try {
    relative = decodeURIComponent(uri.slice(URI_PREFIX.length))
  } catch {
    throw new UserError(`URI ${quote(uri)} has malformed percent-encoding`)
  }
  checkPath(relative)
  return relative
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text)
}

function isHidden(name: string): boolean {
  return name.startsWith('.')
}

function hidden(relative: string): UserError {
  return new UserError(`path ${quote(relative)} is refused: names that begin with "." are not served`)
}
