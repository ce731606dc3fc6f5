/**
 * Values in messages: what was received, in a few words, whatever it was.
 *
 * A client can send a key, a name or a URI of megabytes. An error that repeats all of it would cost the server as much
 * again, and fill the log or the context window of its reader. So every text is shortened here before it is repeated.
 *
 * Not here: values that a schema refused, which are described in the words of JSON Schema
 * (json-schema/explain/result.ts).
 */

/** Characters of one text that an error repeats. */
const MAX_EXCERPT = 100

/** Characters of an option's value that an error repeats. */
const MAX_OPTION_EXCERPT = 60

/** Shortens a text, never in the middle of a surrogate pair. */
export function excerpt(text: string, max = MAX_EXCERPT): string {
  if (text.length <= max) return text
  const end = (text.charCodeAt(max - 1) & 0xfc00) === 0xd800 ? max - 1 : max
  return `${text.slice(0, end)}...`
}

/** A text from outside, shortened, in quotes and with its control characters escaped. */
export function quote(text: string, max = MAX_EXCERPT): string {
  return JSON.stringify(excerpt(text, max))
}

/** Names the kind of a value: `null`, `the number 5`, `a string`, `an array`, `a Date`, `an Error`. */
export function kindOf(value: unknown): string {
  try {
    return nameOfKind(value)
  } catch {
    // A Proxy, or a getter of the application.
    return `a ${typeof value} that cannot be read`
  }
}

function nameOfKind(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value !== 'object') return `a ${typeof value}`
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' && name !== 'Object' ? withArticle(name) : 'an object'
}

/** A name with its article, by how most names of classes begin to be read. */
function withArticle(name: string): string {
  return `${/^(?:[aeio]|mcp)/i.test(name) ? 'an' : 'a'} ${name}`
}

/** A value as source code would write it, where it is short ("5" is not 5); otherwise its kind. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quote(value, MAX_OPTION_EXCERPT)
  return value === null || !/^(object|function|symbol)$/.test(typeof value) ? String(value) : kindOf(value)
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    // An object without a prototype, or a Proxy.
    return `${kindOf(error)} was thrown`
  }
}

/** The message of what an error goes back to, such as a refused connection: `fetch failed` says nothing. */
export function rootMessage(error: unknown): string {
  let root = error
  // Bounded, since errors may be each other's cause.
  for (let depth = 0; depth < 5; depth++) {
    const { cause, errors } = (root ?? {}) as { readonly cause?: unknown; readonly errors?: unknown }
    const next = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
    if (!(next instanceof Error)) break
    root = next
  }
  return messageOf(root)
}
