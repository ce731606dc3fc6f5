/**
 * Arguments of prompts: strings on the wire, converted to the type of the schema where only one value can be meant.
 *
 *    "12"     a schema of numbers    -> 12          anything that may be a string stays one
 *    "true"   a schema of booleans   -> true        other text for a number or a boolean is refused
 *
 * Spec: 2025-11-25 prompts {@link spec.prompts}: the type of `arguments` in GetPromptRequestParams.
 * Not here: whether the values fit (json-schema), the list of arguments (prompts.ts).
 */

import { kindOf, quote } from '../bounds/quote.ts'
import { BIT } from '../json-schema/check/check-basic.ts'
import { acceptedTypes, typeNames } from '../json-schema/read/accepted-types.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { JsonObject } from '../protocol/wire-types.ts'

/** Masks of the types of those arguments that are no strings, by name. */
export type Conversions = ReadonlyMap<string, number>

const NUMBERS = BIT.number | BIT.integer

/**
 * @param schema - of all arguments, as it is shown to clients
 * @param use - names it in the message
 * @throws {TypeError} an argument of which no string can be a value
 */
export function findConversions(schema: object | undefined, use: string): Conversions {
  const { properties = {} } = (schema ?? {}) as { readonly properties?: object }
  const found = new Map<string, number>()
  for (const [name, property] of Object.entries(properties)) {
    const types = acceptedTypes(property, schema)
    if ((types & BIT.string) !== 0) continue
    if ((types & (NUMBERS | BIT.boolean)) === 0) {
      throw new TypeError(
        `${use}: arguments of a prompt are strings, so ${JSON.stringify(name)} must be a string, a number or a boolean; ` +
          `it accepts ${typeNames(types)}`,
      )
    }
    found.set(name, types)
  }
  return found
}

/**
 * Converts arguments in place.
 *
 * @param nullAsAbsent - whether null is removed, before the schema is checked
 * @throws {RpcError} -32602, an argument that is no string, or that cannot be converted
 */
export function readArguments(args: JsonObject, conversions: Conversions, nullAsAbsent: boolean): void {
  const read = args as Record<string, unknown>
  for (const [name, value] of Object.entries(args)) {
    if (value === null && nullAsAbsent) {
      delete read[name]
      continue
    }
    if (typeof value !== 'string') throw invalid(name, `expected a string, got ${kindOf(value)}`)
    const types = conversions.get(name)
    if (types === undefined) continue
    const converted = convert(value, types)
    if (converted === undefined) {
      throw invalid(name, `expected ${typeNames(types & ~BIT.null)} as text, got ${quote(value)}`)
    }
    read[name] = converted
  }
}

function convert(text: string, types: number): number | boolean | undefined {
  if ((types & BIT.boolean) !== 0 && (text === 'true' || text === 'false')) return text === 'true'
  // Number() would read "" as 0, and hexadecimal digits, too.
  if ((types & NUMBERS) === 0 || !/^[\d.eE+-]+$/.test(text)) return undefined
  const number = Number(text)
  const isExact = Number.isSafeInteger(number) || !/^[+-]?\d+$/.test(text)
  return Number.isFinite(number) && isExact ? number : undefined
}

function invalid(name: string, problem: string): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `Prompt argument ${quote(name)}: ${problem}`)
}
