/**
 * Reading a text file line by line in bounded memory: a chunk at a time, each line cut at a length.
 *
 * Not here: what to do with a line (search.ts).
 */

import type { FileHandle } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'

const CHUNK_BYTES = 64 * 1024

/** Characters of a line that are looked at; what follows them is passed over. */
export const MAX_LINE_LENGTH = 2000

/**
 * Calls `visit` with the lines of each chunk, without their line ends, until it returns false.
 *
 * @param visit - `first` is the number of the first of these lines, counted from 1
 * @returns `'binary'` when the file begins like something other than text; then nothing was visited
 */
export async function readLines(
  handle: FileHandle,
  signal: AbortSignal | undefined,
  visit: (lines: string[], first: number) => boolean | Promise<boolean>,
): Promise<'text' | 'binary'> {
  const decoder = new StringDecoder('utf8')
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let rest = ''
  let number = 1
  for (let position = 0; ; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, position)
    const chunk = buffer.subarray(0, bytesRead)
    if (position === 0 && chunk.includes(0)) return 'binary'
    position += bytesRead
    const lines = (rest + (bytesRead === 0 ? decoder.end() : decoder.write(chunk))).split('\n')
    // The last piece may go on in the next chunk; at the end it is a line unless it is empty.
    rest = bytesRead === 0 ? '' : (lines.pop() as string).slice(0, MAX_LINE_LENGTH)
    if (bytesRead === 0 && lines.at(-1) === '') lines.pop()
    const cut = lines.map((line) =>
      (line.endsWith('\r') ? line.slice(0, -1) : line).slice(0, MAX_LINE_LENGTH),
    )
    if (cut.length > 0 && !(await visit(cut, number))) return 'text'
    number += lines.length
    if (bytesRead === 0) return 'text'
  }
}
