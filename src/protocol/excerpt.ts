/**
 * Excerpts: how much of a text that came from outside is repeated in an error.
 *
 * A client can send a key, a name or a URI of megabytes. An error that repeats it whole would cost the server that
 * much again, and fill the log or the context window of whoever reads it.
 */

/** Characters of one text that an error repeats. */
export const MAX_EXCERPT = 100

/** Shortens a text, never in the middle of a surrogate pair. */
export function excerpt(text: string, max = MAX_EXCERPT): string {
  if (text.length <= max) return text
  const end = (text.charCodeAt(max - 1) & 0xfc00) === 0xd800 ? max - 1 : max
  return `${text.slice(0, end)}...`
}

/** A text from outside, shortened, in quotes and with its control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(excerpt(text))
}
