/** Bodies of responses as text, bounded in bytes after decompression. */

/**
 * @param tooLarge - makes the error for a body with more bytes; nothing more is read then
 * @throws that error, and what reading throws
 */
export async function readText(response: Response, maxBytes: number, tooLarge: () => Error): Promise<string> {
  if (isDeclaredWithin(response, maxBytes)) return await response.text()
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
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
}

/**
 * HTTP holds the server to the length that it declared, unless it is that of a compressed body; and of a response from
 * another origin a page does not see whether it was compressed.
 */
function isDeclaredWithin({ headers, type }: Response, maxBytes: number): boolean {
  const declared = Number(headers.get('content-length') ?? Number.NaN)
  return declared <= maxBytes && type !== 'cors' && !headers.has('content-encoding')
}
