/**
 * JSON Schema of a schema of zod 4.0 and 4.1 (also those in zod 3.25), which cannot describe itself: draft-07, read from
 * its definition. From 4.2 on zod does it.
 */

import { escapeSegment } from '../json-schema/explain/result.ts'

type Io = 'input' | 'output'
type Json = Record<string, unknown>

interface Zod4 {
  readonly description?: string
  readonly _zod: {
    readonly def: { readonly type: string; readonly [member: string]: unknown }
    readonly bag?: Readonly<Record<string, unknown>>
    readonly optin?: unknown
    readonly optout?: unknown
  }
}

const FORMATS: Readonly<Record<string, string>> = { guid: 'uuid', url: 'uri', datetime: 'date-time' }

/** @throws {Error} a type that JSON does not have */
export function zod4Schema(schema: unknown, io: Io): Json {
  const open = new Map<Zod4, string>()

  const read = (each: unknown, at: string): Json => {
    const schema = each as Zod4
    const known = open.get(schema)
    if (known !== undefined) return { $ref: known }
    open.set(schema, at)
    const json = definition(schema, at)
    open.delete(schema)
    const { description } = schema
    return description === undefined ? json : { ...json, description }
  }
  const list = (schemas: unknown, at: string): Json[] =>
    (schemas as unknown[]).map((each, index) => read(each, `${at}/${index}`))

  const definition = ({ _zod: { def, bag = {} } }: Zod4, at: string): Json => {
    const inner = (member = 'innerType', path = at) => read(def[member], path)
    switch (def.type) {
      case 'string':
        return { type: 'string', ...stringRules(bag) }
      case 'number':
        return numberRules(bag)
      case 'boolean':
      case 'null':
        return { type: def.type }
      case 'any':
      case 'unknown':
      case 'custom':
        return {}
      case 'never':
        return { not: {} }
      case 'literal':
        return literal(def['values'] as readonly unknown[])
      case 'enum': {
        const values = enumValues(def['entries'] as Json)
        return {
          type: values.every((value) => typeof value === 'number') ? 'number' : 'string',
          enum: values,
        }
      }
      case 'array':
        return {
          type: 'array',
          ...(bag['minimum'] !== undefined && { minItems: bag['minimum'] }),
          ...(bag['maximum'] !== undefined && { maxItems: bag['maximum'] }),
          items: inner('element', `${at}/items`),
        }
      case 'object':
        return objectOf(def, at)
      case 'record':
        return {
          type: 'object',
          propertyNames: inner('keyType', `${at}/propertyNames`),
          additionalProperties: inner('valueType', `${at}/additionalProperties`),
        }
      case 'tuple':
        return {
          type: 'array',
          items: list(def['items'], `${at}/items`),
          ...(def['rest'] != null && { additionalItems: inner('rest', `${at}/additionalItems`) }),
        }
      case 'union':
        return { anyOf: list(def['options'], `${at}/anyOf`) }
      case 'intersection':
        return { allOf: list([def['left'], def['right']], `${at}/allOf`) }
      case 'nullable':
        return { anyOf: [inner('innerType', `${at}/anyOf/0`), { type: 'null' }] }
      case 'default':
        return { ...inner(), default: def['defaultValue'] }
      case 'prefault':
        return io === 'input' ? { ...inner(), default: def['defaultValue'] } : inner()
      case 'optional':
      case 'nonoptional':
      case 'readonly':
      case 'catch':
      case 'success':
      case 'promise':
        return inner()
      case 'pipe': {
        const from = def['in'] as Zod4
        return inner(io === 'input' && from._zod.def.type !== 'transform' ? 'in' : 'out')
      }
      case 'lazy':
        return read((def['getter'] as () => unknown)(), at)
      default:
        throw new Error(`${def.type} cannot be represented in JSON Schema`)
    }
  }

  const objectOf = (def: Zod4['_zod']['def'], at: string): Json => {
    const members = Object.entries(def['shape'] as Record<string, Zod4>)
    const isRequired = ({ _zod }: Zod4) => (io === 'input' ? _zod.optin : _zod.optout) === undefined
    const required = members.filter(([, member]) => isRequired(member)).map(([name]) => name)
    const properties = members.map(([name, member]) => {
      const place = encodeURIComponent(escapeSegment(name))
      return [name, read(member, `${at}/properties/${place}`)]
    })
    const rest = def['catchall'] as Zod4 | undefined
    const closed = rest === undefined ? io === 'output' : rest._zod.def.type === 'never'
    return {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required }),
      ...(closed && { additionalProperties: false }),
      ...(rest !== undefined &&
        !closed && { additionalProperties: read(rest, `${at}/additionalProperties`) }),
    }
  }

  return read(schema, '#')
}

function literal(values: readonly unknown[]): Json {
  const [first] = values
  const type = first === null ? 'null' : typeof first
  if (values.length === 1) return type === 'null' ? { type } : { type, const: first }
  const isOne = values.every((value) => typeof value === typeof first)
  return { ...(isOne && { type }), enum: [...values] }
}

/** TypeScript writes the names of numbers into the same object. */
function enumValues(entries: Json): unknown[] {
  const numbers = Object.values(entries).filter((value) => typeof value === 'number')
  return Object.entries(entries)
    .filter(([name]) => !numbers.includes(Number(name)))
    .map(([, value]) => value)
}

function stringRules({ minimum, maximum, format, patterns }: Readonly<Record<string, unknown>>): Json {
  const all = [...((patterns as Iterable<RegExp> | undefined) ?? [])]
  const named = typeof format === 'string' ? (FORMATS[format] ?? format) : undefined
  return {
    ...(minimum !== undefined && { minLength: minimum }),
    ...(maximum !== undefined && { maxLength: maximum }),
    ...(named !== undefined && named !== 'regex' && { format: named }),
    ...(all.length === 1 && { pattern: all[0]?.source }),
    ...(all.length > 1 && { allOf: all.map(({ source }) => ({ type: 'string', pattern: source })) }),
  }
}

function numberRules(bag: Readonly<Record<string, unknown>>): Json {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = bag
  const isInteger = typeof format === 'string' && format.includes('int')
  return {
    type: isInteger ? 'integer' : 'number',
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(exclusiveMinimum !== undefined && { exclusiveMinimum }),
    ...(exclusiveMaximum !== undefined && { exclusiveMaximum }),
    ...(multipleOf !== undefined && { multipleOf }),
  }
}
