/**
 * JSON Schema of a zod 3 schema, which is a Standard Schema but does not describe itself: read from its definition
 * (`_def`), without the library. zod 3 does not change any more, and many servers written for MCP use it.
 *
 * What only the library can check (refinements, the text of most formats) is left out: it is checked, and not shown.
 * Not here: zod 4, which describes itself.
 */

import { isObject } from '../../bounds/is-object.ts'
import { escapeSegment } from '../explain/result.ts'

type Json = Record<string, unknown>

/** What is read of a definition; which members there are depends on `typeName`. */
interface Definition {
  readonly typeName: string
  readonly description?: string
  readonly [member: string]: unknown
}

interface Zod3 {
  readonly _def: Definition
  isOptional(): boolean
}

/** Formats of strings that JSON Schema has, by the kind of zod's check. */
const FORMATS: Readonly<Record<string, string>> = {
  email: 'email',
  uuid: 'uuid',
  url: 'uri',
  datetime: 'date-time',
  date: 'date',
  time: 'time',
}

/** Whether a schema is one of zod 3. */
export function isZod3(schema: unknown): schema is Zod3 {
  const definition = (schema as { readonly _def?: unknown } | null)?._def
  return isObject(definition) && typeof definition['typeName'] === 'string'
}

/** @throws {Error} a type that JSON does not have, or an output behind a transform */
export function zod3Json(schema: Zod3, io: 'input' | 'output'): Json {
  /** The place of each schema that is being read: `z.lazy` may lead back to it. */
  const open = new Map<Zod3, string>()

  const read = (each: unknown, at: string): Json => {
    const schema = each as Zod3
    const known = open.get(schema)
    if (known !== undefined) return { $ref: known }
    open.set(schema, at)
    const json = readDefinition(schema._def, at)
    open.delete(schema)
    const { description } = schema._def
    return description === undefined ? json : { ...json, description }
  }

  const list = (schemas: unknown, at: string): Json[] =>
    [...(schemas as Iterable<unknown>)].map((each, index) => read(each, `${at}/${index}`))

  const readDefinition = (d: Definition, at: string): Json => {
    const unfit = (why = `${d.typeName} cannot be represented in JSON Schema`): never => {
      throw new Error(why)
    }
    switch (d.typeName.slice(3)) {
      case 'String':
        return { type: 'string', ...stringRules(d['checks']) }
      case 'Number':
        return numberRules(d['checks'])
      case 'Boolean':
        return { type: 'boolean' }
      case 'Null':
        return { type: 'null' }
      case 'Any':
      case 'Unknown':
        return {}
      case 'Literal':
        return d['value'] === undefined || typeof d['value'] === 'bigint' ? unfit() : { const: d['value'] }
      case 'Enum':
        return { type: 'string', enum: d['values'] }
      case 'NativeEnum':
        return { enum: enumValues(d['values'] as Json) }
      case 'Array': {
        const [min, max] = ['minLength', 'maxLength'].map((name) => d['exactLength'] ?? d[name]) as Bound[]
        return {
          type: 'array',
          items: read(d['type'], `${at}/items`),
          ...(min && { minItems: min.value }),
          ...(max && { maxItems: max.value }),
        }
      }
      case 'Object':
        return readObject(d, at)
      case 'Record':
        return { type: 'object', additionalProperties: read(d['valueType'], `${at}/additionalProperties`) }
      case 'Tuple': {
        const prefixItems = list(d['items'], `${at}/prefixItems`)
        const items = d['rest'] === null ? false : read(d['rest'], `${at}/items`)
        return { type: 'array', prefixItems, items, minItems: prefixItems.length }
      }
      case 'Union':
      case 'DiscriminatedUnion':
        return { anyOf: list(d['options'], `${at}/anyOf`) }
      case 'Intersection':
        return { allOf: list([d['left'], d['right']], `${at}/allOf`) }
      case 'Nullable':
        return { anyOf: [read(d['innerType'], `${at}/anyOf/0`), { type: 'null' }] }
      case 'Default':
        return { ...read(d['innerType'], at), default: (d['defaultValue'] as () => unknown)() }
      case 'Optional':
      case 'Readonly':
      case 'Catch':
        return read(d['innerType'], at)
      case 'Branded':
        return read(d['type'], at)
      case 'Effects': {
        const isTransform = (d['effect'] as Json)['type'] === 'transform'
        return isTransform && io === 'output'
          ? unfit('Transforms cannot be represented')
          : read(d['schema'], at)
      }
      case 'Pipeline':
        return read(d[io === 'input' ? 'in' : 'out'], at)
      case 'Lazy':
        return read((d['getter'] as () => unknown)(), at)
      default:
        return unfit()
    }
  }

  const readObject = (d: Definition, at: string): Json => {
    const shape = Object.entries((d['shape'] as () => Record<string, Zod3>)())
    const required = shape.filter(([, member]) => !mayLack(member)).map(([name]) => name)
    const properties = shape.map(([name, member]) => {
      const place = encodeURIComponent(escapeSegment(name))
      return [name, read(member, `${at}/properties/${place}`)]
    })
    const rest = d['catchall'] as Zod3
    const closed = d['unknownKeys'] === 'strict' ? { additionalProperties: false } : {}
    const isOpen = rest._def.typeName === 'ZodNever'
    return {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required }),
      ...(isOpen ? closed : { additionalProperties: read(rest, `${at}/additionalProperties`) }),
    }
  }

  /** In an output, a member with a default is always present. */
  const mayLack = (member: Zod3): boolean => {
    if (io === 'output' && member._def.typeName === 'ZodDefault') return false
    try {
      return member.isOptional()
    } catch {
      // Asynchronous.
      return false
    }
  }

  return read(schema, '#')
}

type Bound = { readonly value: number } | null
type Rule = {
  readonly kind: string
  readonly value?: number
  readonly inclusive?: boolean
  readonly regex?: RegExp
}

function stringRules(checks: unknown): Json {
  const json: Json = {}
  for (const { kind, value, regex } of checks as readonly Rule[]) {
    if (kind === 'min' || kind === 'length') json['minLength'] = value
    if (kind === 'max' || kind === 'length') json['maxLength'] = value
    if (FORMATS[kind] !== undefined) json['format'] = FORMATS[kind]
    // A pattern of JSON Schema has no flags.
    if (regex !== undefined && /^u?$/.test(regex.flags)) json['pattern'] = regex.source
  }
  return json
}

function numberRules(checks: unknown): Json {
  const json: Json = { type: 'number' }
  for (const { kind, value, inclusive } of checks as readonly Rule[]) {
    if (kind === 'int') json['type'] = 'integer'
    if (kind === 'min') json[inclusive ? 'minimum' : 'exclusiveMinimum'] = value
    if (kind === 'max') json[inclusive ? 'maximum' : 'exclusiveMaximum'] = value
    if (kind === 'multipleOf') json['multipleOf'] = value
  }
  return json
}

/** TypeScript writes the names of numbers into the same object. */
function enumValues(values: Json): unknown[] {
  return Object.keys(values)
    .filter((name) => typeof values[values[name] as string] !== 'number')
    .map((name) => values[name])
}
