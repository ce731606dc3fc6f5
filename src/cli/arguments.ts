/**
 * Reads the command line: options may stand anywhere. And the arguments of a tool: `key=value` by the schema of the
 * tool, or JSON.
 */

import { parseArgs } from 'node:util'
import { isObject } from '../bounds/is-object.ts'
import { suggestion } from '../bounds/option-names.ts'
import { REVISIONS, type RevisionName } from '../protocol/revisions.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { COMMANDS, HIDDEN, OPTIONS, UsageError } from './usage.ts'

export interface CommandLine {
  readonly command: string | undefined
  readonly operands: readonly string[]
  readonly json: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly token: string | undefined
  readonly stdio: readonly string[] | undefined
  readonly revision: RevisionName | undefined
  readonly timeoutMs: number | undefined
  readonly colors: boolean
  readonly help: boolean
  readonly version: boolean
}

/** @throws {UsageError} */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args)
  const [command, ...operands] = positionals
  if (command !== undefined && command !== HIDDEN && !Object.hasOwn(COMMANDS, command)) {
    const meant = suggestion(command, Object.keys(COMMANDS))
    throw new UsageError(
      `There is no command ${JSON.stringify(command)}${meant || `; there are ${Object.keys(COMMANDS).join(', ')}`}`,
    )
  }
  const { revision, timeout, stdio } = values
  return {
    command,
    operands,
    json: values.json === true,
    headers: readHeaders(values.header ?? []),
    token: values.token,
    stdio: stdio === undefined ? undefined : words(stdio),
    revision: revision === undefined ? undefined : readRevision(revision),
    timeoutMs: timeout === undefined ? undefined : readSeconds(timeout),
    colors: values['no-color'] !== true,
    help: values.help === true,
    version: values.version === true,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string }
    const [, name = ''] = /'-{1,2}([^'=]+)'/.exec(message) ?? []
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UsageError(message)
    throw new UsageError(`There is no option --${name}${suggestion(name, Object.keys(OPTIONS))}`)
  }
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*)$/.exec(line) ?? []
      if (name === undefined || value === undefined) {
        throw new UsageError(`--header needs 'Name: value'; got ${JSON.stringify(line)}`)
      }
      return [name, value]
    }),
  )
}

function readRevision(text: string): RevisionName {
  const known: readonly string[] = REVISIONS
  if (known.includes(text)) return text as RevisionName
  throw new UsageError(`--revision must be one of ${known.join(', ')}; got ${JSON.stringify(text)}`)
}

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (text.trim() !== '' && seconds >= 0 && seconds <= 2_000_000) return Math.ceil(seconds * 1000)
  throw new UsageError(`--timeout must be a number of seconds; got ${JSON.stringify(text)}`)
}

/** The words of a command, as a shell would take them apart: spaces, quotes, backslashes; nothing is replaced. */
export function words(text: string): readonly string[] {
  const found: string[] = []
  const word = /\s*((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)\s*/gy
  let end = 0
  for (const match of text.matchAll(word)) {
    end = match.index + match[0].length
    found.push(
      (match[1] ?? '').replace(/\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/g, (_, escaped, single, double) => {
        return escaped ?? single ?? String(double).replace(/\\(.)/g, '$1')
      }),
    )
  }
  if (end === text.length && found.length > 0) return found
  throw new UsageError(`--stdio needs a command; got ${JSON.stringify(text)}`)
}

/**
 * The arguments of a tool or a prompt.
 *
 * @param schema - the input schema of the tool; undefined: every value is a string
 * @param known - the names that there are; undefined: any
 * @throws {UsageError}
 */
export function readArguments(
  operands: readonly string[],
  schema: unknown,
  stdin: string | undefined,
  known: readonly string[] | undefined = knownNames(schema),
): JsonObject {
  const [first] = operands
  const json = first === '-' ? stdin : first?.trimStart().startsWith('{') ? first : undefined
  if (json !== undefined) {
    if (operands.length > 1) throw new UsageError('JSON must be the only argument of the tool')
    return readJson(json)
  }
  const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {}
  const args: { [key: string]: unknown } = {}
  for (const operand of operands) {
    const at = operand.indexOf('=')
    if (at < 1)
      throw new UsageError(`Arguments are key=value or one JSON object; got ${JSON.stringify(operand)}`)
    const key = operand.slice(0, at)
    const value = operand.slice(at + 1)
    if (known?.includes(key) === false) {
      const others = known.length === 0 ? '; there are none' : `; there are ${known.slice(0, 20).join(', ')}`
      throw new UsageError(`There is no argument ${JSON.stringify(key)}${suggestion(key, known) || others}`)
    }
    Object.defineProperty(args, key, {
      value: schema === undefined ? value : readValue(key, value, properties[key]),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return args
}

/** Undefined where the schema may take names that it does not list. */
function knownNames(schema: unknown): readonly string[] | undefined {
  if (!isObject(schema) || !isObject(schema['properties'])) return undefined
  const { additionalProperties = false } = schema
  const isOpen = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'if', 'patternProperties'].some(
    (word) => word in schema,
  )
  return isOpen || additionalProperties !== false ? undefined : Object.keys(schema['properties'])
}

function readJson(text: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`The arguments are not JSON: ${(error as Error).message}`)
  }
  if (isObject(value)) return value
  throw new UsageError('The arguments must be a JSON object')
}

/** A string where the schema takes one; otherwise what the text is as JSON. */
function readValue(key: string, text: string, schema: unknown): unknown {
  const { type, enum: choices } = isObject(schema) ? schema : {}
  const types = Array.isArray(type) ? type : [type]
  if (types.includes('string') || (Array.isArray(choices) && choices.includes(text))) return text
  try {
    return JSON.parse(text)
  } catch {
    if (type === undefined) return text
    const what = types.join(' or ')
    throw new UsageError(
      `${key} must be ${/^[aio]/.test(what) ? 'an' : 'a'} ${what}; got ${JSON.stringify(text)}`,
    )
  }
}
