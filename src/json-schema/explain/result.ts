/**
 * What validation and compilation return: results, validation errors and schema errors.
 *
 * Invariant: a message is one line, names what was received and what was expected, and its length does not
 * grow with the value.
 *
 * Not here: finding the errors (explain.ts).
 */

import { excerpt, quote } from '../../bounds/quote.ts'
import type { McpErrorCode } from '../../protocol/local-error-codes.ts'

/** One place where a value is not valid against its schema. */
export interface ValidationError {
  /** JSON Pointer (RFC 6901) into the value; `''` is the value itself. */
  readonly path: string
  /** The schema keyword that failed, or the name of the limit that was reached. */
  readonly keyword: string
  /** What was received and what was expected, in one line, without the path. */
  readonly message: string
}

/** The result of a validator. */
export type ValidationResult =
  | { readonly valid: true }
  | { readonly valid: false; readonly errors: readonly ValidationError[] }

/** The one success value: shared by all validators, so that a valid value costs no allocation. */
export const VALID: ValidationResult = Object.freeze({ valid: true })

/** Characters of all lines of one value, and of one line. A library's messages may quote the whole value. */
const MAX_LINES = 4000
const MAX_LINE = 1000
/** Characters of a path; its beginning and its end are the parts that help. */
const MAX_PATH = 200

/**
 * Writes an error as one line.
 *
 * @param error - an error of a {@link ValidationResult}
 * @returns `/age: expected integer, got string "12"`; the message alone when the path is the root
 */
export function formatError({ path, message }: ValidationError): string {
  if (path === '') return excerpt(message, MAX_LINE)
  const half = MAX_PATH / 2
  const at = path.length <= MAX_PATH ? path : `${excerpt(path, half)}${path.slice(-half)}`
  return excerpt(`${at}: ${message}`, MAX_LINE)
}

/**
 * Writes the errors of a value, one line each, as many as fit.
 *
 * @param separator - between the lines
 */
export function formatErrors(errors: readonly ValidationError[], separator: string): string {
  const lines: string[] = []
  let length = 0
  for (const error of errors) {
    const line = formatError(error)
    length += line.length + separator.length
    if (length > MAX_LINES) return [...lines, `and ${errors.length - lines.length} more`].join(separator)
    lines.push(line)
  }
  return lines.join(separator)
}

/** A schema that cannot be used: malformed, too big, of an unsupported dialect, or with an unresolved reference. */
export class SchemaError extends Error {
  readonly code = 'ERR_SCHEMA' satisfies McpErrorCode
  /** Where in the schema: a URI fragment such as `#/properties/age`, after the document's URI if it has one. */
  readonly pointer: string

  constructor(pointer: string, message: string) {
    super(`Invalid JSON Schema at ${pointer}: ${message}`)
    this.name = 'SchemaError'
    this.pointer = pointer
  }
}

const MAX_TEXT = 60

/** Quotes text; of a long one, the beginning, and its length. */
export function quoteText(text: string): string {
  const quoted = quote(text, MAX_TEXT)
  return text.length <= MAX_TEXT ? quoted : `${quoted} (${text.length} characters)`
}

/** Names a value for a message: `string "12"`, `integer 3`, `array of 2 items`. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `string ${quoteText(value)}`
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
  if (typeof value === 'string') return quoteText(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const text = JSON.stringify(value)
  return excerpt(text, MAX_TEXT)
}

/** The path of a member of a value. A long name is shortened, so that the path does not grow with the value. */
export function memberPath(path: string, name: string): string {
  return `${path}/${escapeSegment(excerpt(name))}`
}

/** Escapes one JSON Pointer segment (RFC 6901, section 3). */
export function escapeSegment(segment: string): string {
  return segment.includes('~') || segment.includes('/')
    ? segment.replaceAll('~', '~0').replaceAll('/', '~1')
    : segment
}
