/**
 * Shapes: small checks of values that the application returns, before they are sent.
 *
 * A check returns what is wrong, as text that begins with the path below the checked value, or undefined:
 *
 *    blockProblem({ type: 'text', text: 5 })     '.text must be a string; got a number'
 *    its caller puts its own path in front       '.content[0].text must be a string; got a number'
 *
 * so that a correct value costs no text, no path and no object.
 *
 * A value that JSON writes as something else (it has a `toJSON`, or its members may be inherited) gives a problem that
 * ends with `NOT_PLAIN`; `checked` then checks its JSON form.
 *
 * Not here: the shapes themselves (content.ts; features/result-check.ts, features/entry-check.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { kindOf, messageOf, shown } from '../bounds/quote.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'

export type Members = { readonly [key: string]: unknown }

/** @returns what is wrong with the value; undefined when nothing is */
export type FindProblem = (value: unknown) => string | undefined

export type MemberCheck = readonly [name: string, findProblem: FindProblem]

export const NOT_PLAIN = ' is not a plain object'

/** A result that cannot be sent. Its client gets an internal error, and `onError` this. */
export class ResultError extends McpError {
  /** Name or URI of the tool, prompt or resource that gave it. */
  readonly entry: string | undefined

  constructor(message: string, entry?: string, options?: ErrorOptions) {
    super('ERR_RESULT', message, options)
    this.entry = entry
  }
}

/**
 * Checks a value that the application returned.
 *
 * @param place - begins the message, as in `tool "add"`
 * @param entry - name or URI for `onError`
 * @returns the value; or its JSON form, where that differs
 * @throws {ResultError} naming the place, the path, what was expected and what was returned
 */
export function checked<T>(value: T, findProblem: FindProblem, place: string, entry?: string): T {
  let problem = findProblem(value)
  if (problem === undefined) return value
  if (problem.endsWith(NOT_PLAIN)) {
    const sent = asJson(value, `${place}: the result`, entry)
    problem = findProblem(sent)
    if (problem === undefined) return sent as T
  }
  throw new ResultError(`${place}: ${at(problem)}`, entry)
}

/** The problem of a value, or of its JSON form where that differs. The value itself is not replaced. */
export function problemAsSent(value: unknown, findProblem: FindProblem): string | undefined {
  const problem = findProblem(value)
  return problem?.endsWith(NOT_PLAIN) ? findProblem(JSON.parse(JSON.stringify(value))) : problem
}

/**
 * What a client reads, once the value has been written as JSON.
 *
 * @throws {ResultError} JSON cannot hold it
 */
export function asJson(value: unknown, place: string, entry?: string): unknown {
  const text = jsonText(value, place, entry)
  return text === undefined ? undefined : JSON.parse(text)
}

/** @throws {ResultError} JSON cannot hold it (a cycle, a BigInt, a `toJSON` that throws) */
export function jsonText(value: unknown, place: string, entry?: string): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new ResultError(`${place} cannot be written as JSON: ${messageOf(cause)}`, entry, { cause })
  }
}

/** The text of a problem for people: a path, or a word for the value as a whole. */
export function at(problem: string, whole = 'the result'): string {
  return problem.startsWith('.') ? problem.slice(1) : `${whole}${problem}`
}

/** Whether JSON writes exactly the members that can be read here. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return (value as { toJSON?: unknown }).toJSON === undefined
}

/** @param expected - with its article, as in `a string` */
export function wrong(expected: string, value: unknown): string {
  if (typeof value === 'string') return ` must be ${expected}; got ${shown(value)}`
  // A Buffer has a `toJSON` too, but its result is never meant.
  const isBytes = ArrayBuffer.isView(value)
  if (isPromise(value)) return ` must be ${expected}; got a Promise: await it`
  if (!isBytes && typeof (value as { toJSON?: unknown } | null | undefined)?.toJSON === 'function')
    return NOT_PLAIN
  return ` must be ${expected}; got ${kindOf(value)}${isBytes ? ": use .toString('base64') of a Buffer" : ''}`
}

export function stringProblem(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : wrong('a string', value)
}

export function booleanProblem(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : wrong('true or false', value)
}

/** An object whose members are free, as `_meta` is. */
export function objectProblem(value: unknown, expected = 'an object'): string | undefined {
  if (!isObject(value)) return wrong(expected, value)
  if (isPlain(value)) return undefined
  return isPromise(value) ? wrong(expected, value) : NOT_PLAIN
}

/** Puts the path of a value before what is wrong with it. */
export function under(path: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${path}${problem}`
}

/** Checks each item of an array. */
export function arrayProblem(value: unknown, what: string, findProblem: FindProblem): string | undefined {
  if (!Array.isArray(value)) return wrong(`an array of ${what}`, value)
  for (let index = 0; index < value.length; index++) {
    const problem = findProblem(value[index])
    if (problem !== undefined) return `[${index}]${problem}`
  }
  return undefined
}

/** The first problem of a member. JSON omits a member that is undefined, so it counts as absent. */
export function memberProblem(value: Members, checks: readonly MemberCheck[]): string | undefined {
  // By index: an iterator and destructuring cost more than the check of a member.
  for (let index = 0; index < checks.length; index++) {
    const check = checks[index] as MemberCheck
    const member = value[check[0]]
    if (member === undefined) continue
    const problem = check[1](member)
    if (problem !== undefined) return `.${check[0]}${problem}`
  }
  return undefined
}
