/**
 * What a function of `ctx.once` returned, in a form that is the same whether it stays in memory (session era) or travels
 * in the sealed request state (stateless era): a handler that runs in both must not get a Date in one and its text in the
 * other.
 *
 *    undefined             []             given back as undefined
 *    a JSON value          [value]        given back as it is
 *    anything else         { problem }    a TypeError, each time: the function has run, and must not run again
 */

import { kindOf } from '../../bounds/quote.ts'
import { isPlain } from '../shape.ts'
import type { ReceivedInput } from './client-input.ts'
import { checkKey } from './handler-calls.ts'

type OnceValue = readonly unknown[] | { readonly problem: string }

/** Deeper values, and circular ones, are refused. */
const MAX_DEPTH = 256

/** @throws {TypeError} no key or no function, or the function did not return a JSON value */
export async function runOnce<T>(input: ReceivedInput, key: string, run: () => T | Promise<T>): Promise<T> {
  checkKey('once', key)
  if (typeof run !== 'function') {
    throw new TypeError(`ctx.once needs a function as its second argument; got ${kindOf(run)}`)
  }
  const kept = await input.once(key, async () => toOnceValue(key, await run()))
  if ('problem' in kept) throw new TypeError(kept.problem)
  return kept[0] as T
}

function toOnceValue(key: string, value: unknown): OnceValue {
  if (value === undefined) return []
  const problem = findOther(value, '', 0)
  if (problem === undefined) return [value]
  const advice = 'return plain data, such as the ISO text of a Date'
  return {
    problem: `ctx.once(${JSON.stringify(key)}) must return a JSON value, or nothing; ${problem}: ${advice}`,
  }
}

/** @returns what JSON would change or refuse, and where; a member that is undefined is the same as none */
function findOther(value: unknown, path: string, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : got(value, path)
    case 'object':
      return value === null ? undefined : findIn(value, path, depth)
    default:
      return got(value, path)
  }
}

function findIn(value: object, path: string, depth: number): string | undefined {
  if (depth === MAX_DEPTH) return 'got an object that is circular, or nested too deeply'
  if (!Array.isArray(value) && !isPlain(value)) return got(value, path)
  for (const [name, member] of Object.entries(value)) {
    const isItem = Array.isArray(value)
    if (member === undefined && !isItem) continue
    const problem = findOther(member, isItem ? `${path}[${name}]` : `${path}.${name}`, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

function got(value: unknown, path: string): string {
  return `got ${kindOf(value)}${path === '' ? '' : ` at ${path.replace(/^\./, '')}`}`
}
