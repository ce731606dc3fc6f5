/**
 * What validation and compilation give back: results, validation errors and schema errors.
 *
 * Invariant: a message is one line, names what was received and what was expected, and its length does not
 * grow with the value.
 *
 * Not here: finding the errors (explain.ts).
 */

/** One place where a value does not meet its schema. */
export interface ValidationError {
  /** JSON Pointer (RFC 6901) into the value; `''` is the value itself. */
  readonly path: string
  /** The schema keyword that failed, or the name of the limit that was reached. */
  readonly keyword: string
  /** What was received and what was expected, in one line, without the path. */
  readonly message: string
}

/** The answer of a validator. */
export type ValidationResult =
  | { readonly valid: true }
  | { readonly valid: false; readonly errors: readonly ValidationError[] }

/** The one success value: shared by all validators, so that a valid value costs no allocation. */
export const VALID: ValidationResult = Object.freeze({ valid: true })

/**
 * Writes an error as one line.
 *
 * @param error - an error of a {@link ValidationResult}
 * @returns `/age: expected integer, got string "12"`; the message alone when the path is the root
 */
export function formatError(error: ValidationError): string {
  return error.path === '' ? error.message : `${error.path}: ${error.message}`
}

/** A schema that cannot be used: malformed, too big, of a foreign dialect, or with a reference to nowhere. */
export class SchemaError extends Error {
  readonly code = 'ERR_SCHEMA'
  /** Where in the schema: a URI fragment such as `#/properties/age`, after the document's URI if it has one. */
  readonly pointer: string

  constructor(pointer: string, message: string) {
    super(`Invalid JSON Schema at ${pointer}: ${message}`)
    this.name = 'SchemaError'
    this.pointer = pointer
  }
}

const MAX_TEXT = 60

/** Shortens and quotes text, so that hostile input cannot flood or break a message. */
export function quote(text: string): string {
  if (text.length <= MAX_TEXT) return JSON.stringify(text)
  return `${JSON.stringify(text.slice(0, MAX_TEXT))}... (${text.length} characters)`
}

/** Names a value for a message: `string "12"`, `integer 3`, `array of 2 items`. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `string ${quote(value)}`
    case 'number':
      return `${Number.isInteger(value) ? 'integer' : 'number'} ${value}`
    case 'boolean':
      return `boolean ${value}`
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value))
        return value.length === 1 ? 'array of 1 item' : `array of ${value.length} items`
      return 'object'
    default:
      return typeof value
  }
}

/** Writes a schema's constant for a message, shortened. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const text = JSON.stringify(value)
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}...`
}

/** Escapes one JSON Pointer segment (RFC 6901, section 3). */
export function escapeSegment(segment: string): string {
  return segment.includes('~') || segment.includes('/')
    ? segment.replaceAll('~', '~0').replaceAll('/', '~1')
    : segment
}
