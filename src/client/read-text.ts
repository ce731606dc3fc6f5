/** Bodies of responses as text, bounded in bytes after decompression. */

import { onAbort } from './on-abort.ts'

/**
 * @param tooLarge - makes the error for a body with more bytes; nothing more is read then
 * @param enough - when it aborts, what came until then is the text
 * @throws that error, and what reading throws
 */
export async function readText(
  response: Response,
  maxBytes: number,
  tooLarge: () => Error,
  enough?: AbortSignal,
): Promise<string> {
  if (enough === undefined && isDeclaredWithin(response, maxBytes)) return await response.text()
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const release = onAbort(enough, () => void reader.cancel().catch(() => {}))
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return text + decoder.decode()
      bytes += value.length
      if (bytes > maxBytes) {
        void reader.cancel().catch(() => {})
        throw tooLarge()
      }
      text += decoder.decode(value, { stream: true })
    }
  } finally {
    release()
  }
}

/**
 * HTTP holds the server to the length that it declared, unless it is that of a compressed body; and of a response from
 * another origin a page does not see whether it was compressed.
 */
function isDeclaredWithin({ headers, type }: Response, maxBytes: number): boolean {
  const declared = Number(headers.get('content-length') ?? Number.NaN)
  return declared <= maxBytes && type !== 'cors' && !headers.has('content-encoding')
}
