/**
 * Tool parameters that a client repeats outside of the message, so that a gateway can route by them: properties of
 * the input schema annotated with `x-mcp-header`.
 *
 * Found and checked once: by a server when the tool is registered, by a client when it has listed it. A client must
 * drop a tool whose annotations break a rule, so a server must not offer one.
 *
 * Spec: 2026-07-28 Streamable HTTP, "Custom Headers from Tool Parameters" {@link spec.customHeaders}, SEP-2243.
 * Not here: the comparison with what a request carries (stateless-era/http/mirrored-headers.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { DATA } from './read/schema-walk.ts'

export interface HeaderParameter {
  /** As annotated; case does not matter. */
  readonly name: string
  /** Keys that lead from the arguments to the value. */
  readonly path: readonly string[]
  readonly type: 'string' | 'integer' | 'boolean'
}

const ANNOTATION = 'x-mcp-header'
/** RFC 9110 section 5.6.2 */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const TYPES: readonly unknown[] = ['string', 'integer', 'boolean']
const MAX_DEPTH = 64

/**
 * @param schema - the input schema as it is shown to clients
 * @param use - names the tool in messages
 * @throws {TypeError} an annotation that breaks a rule, with the place and the rule
 */
export function findHeaderParameters(schema: object, use: string): readonly HeaderParameter[] {
  const found: HeaderParameter[] = []
  const names = new Set<string>()

  const refuse = (path: readonly string[], rule: string): never => {
    throw new TypeError(`${use}: ${ANNOTATION} at /${path.join('/')} ${rule}`)
  }

  /** A schema that arguments reach by `properties` alone. */
  const visitReachable = (value: unknown, path: readonly string[], at: readonly string[]): void => {
    if (!isObject(value) || path.length > MAX_DEPTH) return
    if (ANNOTATION in value) found.push(read(value, path, at))
    for (const [key, member] of Object.entries(value)) {
      if (key === ANNOTATION || DATA.has(key)) continue
      if (key === 'properties' && isObject(member)) {
        for (const [name, property] of Object.entries(member)) {
          visitReachable(property, [...path, name], [...at, key, name])
        }
      } else {
        visitElsewhere(member, [...at, key], 0)
      }
    }
  }

  /** Anything else, where an annotation is an error. */
  const visitElsewhere = (value: unknown, at: readonly string[], depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
    if (!Array.isArray(value) && ANNOTATION in value && !isSchema((value as Schema)[ANNOTATION])) {
      refuse(at, 'must be on a property that is reached by "properties" alone')
    }
    for (const [key, member] of Object.entries(value)) {
      if (!DATA.has(key)) visitElsewhere(member, [...at, key], depth + 1)
    }
  }

  const read = (property: Schema, path: readonly string[], at: readonly string[]): HeaderParameter => {
    const name = property[ANNOTATION]
    const { type } = property
    if (path.length === 0) return refuse(at, 'must be on a property, not on the whole schema')
    if (typeof name !== 'string' || !TOKEN.test(name)) {
      return refuse(at, `must be an HTTP token of at least one character; got ${JSON.stringify(name)}`)
    }
    if (!TYPES.includes(type)) {
      return refuse(at, `must be on a string, an integer or a boolean; got type ${JSON.stringify(type)}`)
    }
    if (names.has(name.toLowerCase()))
      return refuse(at, `must be unique; ${JSON.stringify(name)} occurs twice`)
    names.add(name.toLowerCase())
    return { name, path, type: type as HeaderParameter['type'] }
  }

  visitReachable(schema, [], [])
  return found
}

type Schema = { readonly [key: string]: unknown }

/** The schema of a property that happens to have the name of the annotation. */
function isSchema(value: unknown): boolean {
  return typeof value === 'boolean' || isObject(value)
}

/** What the arguments of a call have for a parameter; undefined: nothing. */
export function parameterValue(args: unknown, { path }: Pick<HeaderParameter, 'path'>): unknown {
  let value = args
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as { readonly [key: string]: unknown })[key]
  }
  return value
}
