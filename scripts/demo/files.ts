/** The served files as resources: listing, completing and reading them, as text or bytes. */

import { isUtf8 } from 'node:buffer'
import path from 'node:path'
import { pathToUri, quote, type Root } from './root.ts'
import { UserError } from './user-error.ts'
import { findFiles } from './walk.ts'

export const MAX_READ_BYTES = 4 * 1024 * 1024

const MAX_SUGGESTIONS = 100

const mimeTypes = new Map([
  ['.css', 'text/css'],
  ['.csv', 'text/csv'],
  ['.gif', 'image/gif'],
  ['.html', 'text/html'],
  ['.jpeg', 'image/jpeg'],
  ['.jpg', 'image/jpeg'],
  ['.js', 'text/javascript'],
  ['.json', 'application/json'],
  ['.md', 'text/markdown'],
  ['.mjs', 'text/javascript'],
  ['.pdf', 'application/pdf'],
  ['.png', 'image/png'],
  ['.svg', 'image/svg+xml'],
  ['.ts', 'text/x-typescript'],
  ['.txt', 'text/plain'],
  ['.webp', 'image/webp'],
  ['.xml', 'application/xml'],
  ['.yaml', 'application/yaml'],
  ['.yml', 'application/yaml'],
  ['.zip', 'application/zip'],
])

export interface FileContents {
  readonly mimeType: string
  /** Text when the bytes are valid UTF-8 without NUL. */
  readonly content: { readonly text: string } | { readonly blob: Uint8Array }
}

/** By extension; without a known one by whether the content is text. */
export function mimeTypeOf(relative: string, isText = true): string {
  const known = mimeTypes.get(path.posix.extname(relative).toLowerCase())
  return known ?? (isText ? 'text/plain' : 'application/octet-stream')
}

/** @throws {UserError} when the path is refused, nothing is there, or the file is too large */
export async function readServedFile(root: Root, relative: string): Promise<FileContents> {
  const { handle, size } = await root.openFile(relative)
  try {
    if (size > MAX_READ_BYTES) {
      throw new UserError(`${quote(relative)} has ${size} bytes, at most ${MAX_READ_BYTES} are read at once`)
    }
    // One byte more than its size: a file that grew since then is not read to an end that moves away.
    const buffer = Buffer.alloc(size + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    const bytes = buffer.subarray(0, Math.min(length, size))
    const isText = isUtf8(bytes) && !bytes.includes(0)
    const content = isText ? { text: bytes.toString('utf8') } : { blob: bytes }
    return { mimeType: mimeTypeOf(relative, isText), content }
  } finally {
    await handle.close()
  }
}

export interface ListedFile {
  readonly uri: string
  readonly name: string
  readonly mimeType?: string
}

export async function listServedFiles(root: Root, signal?: AbortSignal): Promise<ListedFile[]> {
  const { paths } = await findFiles(root, { signal })
  return paths.map((relative) => {
    const mimeType = mimeTypes.get(path.posix.extname(relative).toLowerCase())
    return { uri: pathToUri(relative), name: relative, ...(mimeType !== undefined && { mimeType }) }
  })
}

/** Paths that begin with what was typed, the case of letters aside. */
export async function completePath(root: Root, typed: string, signal?: AbortSignal): Promise<string[]> {
  const wanted = typed.toLowerCase()
  const { paths } = await findFiles(root, { signal })
  return paths.filter((relative) => relative.toLowerCase().startsWith(wanted)).slice(0, MAX_SUGGESTIONS)
}
