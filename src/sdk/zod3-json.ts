/**
 * JSON Schema of a zod 3 schema, read from its definition (`_def`): draft-07, and the same text that clients of such a
 * program are used to. It differs from json-schema/adapter/zod3.ts, which describes for 2020-12 what is accepted.
 *
 * A schema that occurs twice is written twice; only one that contains itself becomes a `$ref`.
 */

import { escapeSegment } from '../json-schema/explain/result.ts'

type Io = 'input' | 'output'
type Json = Record<string, unknown>

interface Definition {
  readonly typeName: string
  readonly description?: string
  readonly [member: string]: unknown
}
interface Zod3 {
  readonly _def: Definition
  isOptional(): boolean
}
interface Rule {
  readonly kind: string
  readonly value?: number | string
  readonly inclusive?: boolean
  readonly regex?: RegExp
  readonly version?: string
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  ZodString: 'string',
  ZodNumber: 'number',
  ZodBigInt: 'integer',
  ZodBoolean: 'boolean',
  ZodNull: 'null',
}
const FORMATS: Readonly<Record<string, string>> = {
  email: 'email',
  url: 'uri',
  uuid: 'uuid',
  datetime: 'date-time',
  date: 'date',
  time: 'time',
  duration: 'duration',
}

export function zod3Schema(schema: unknown, io: Io): Json {
  return new Reader(io).read(schema as Zod3, '#')
}

class Reader {
  readonly #io: Io
  /** Where the schemas are that are being read. */
  readonly #open = new Map<Zod3, string>()

  constructor(io: Io) {
    this.#io = io
  }

  read(schema: Zod3, at: string): Json {
    const known = this.#open.get(schema)
    if (known !== undefined) return { $ref: known }
    this.#open.set(schema, at)
    const json = this.#definition(schema._def, at)
    this.#open.delete(schema)
    const { description } = schema._def
    return description === undefined ? json : { ...json, description }
  }

  #definition(d: Definition, at: string): Json {
    const inner = (member: string, path = at) => this.read(d[member] as Zod3, path)
    switch (d.typeName.slice(3)) {
      case 'String':
        return { type: 'string', ...stringRules(d['checks'] as readonly Rule[]) }
      case 'Number':
        return numberRules(d['checks'] as readonly Rule[])
      case 'BigInt':
        return { type: 'integer', format: 'int64' }
      case 'Boolean':
        return { type: 'boolean' }
      case 'Date':
        return { type: 'string', format: 'date-time' }
      case 'Null':
        return { type: 'null' }
      case 'Undefined':
      case 'Never':
        return { not: {} }
      case 'Literal':
        return literal(d['value'])
      case 'Enum':
        return { type: 'string', enum: [...(d['values'] as string[])] }
      case 'NativeEnum':
        return nativeEnum(d['values'] as Json)
      case 'Array':
        return this.#array(d, at)
      case 'Object':
        return this.#object(d, at)
      case 'Record':
        return { type: 'object', additionalProperties: inner('valueType', `${at}/additionalProperties`) }
      case 'Set':
        return { type: 'array', uniqueItems: true, items: inner('valueType', `${at}/items`) }
      case 'Tuple':
        return this.#tuple(d, at)
      case 'Union':
      case 'DiscriminatedUnion':
        return this.#union(d, at)
      case 'Intersection':
        return { allOf: [inner('left', `${at}/allOf/0`), inner('right', `${at}/allOf/1`)] }
      case 'Nullable':
        return this.#nullable(d['innerType'] as Zod3, at)
      case 'Default':
        return { ...inner('innerType'), default: (d['defaultValue'] as () => unknown)() }
      case 'Optional':
      case 'Readonly':
      case 'Catch':
        return inner('innerType')
      case 'Branded':
      case 'Promise':
        return inner('type')
      case 'Effects':
        return inner('schema')
      case 'Pipeline':
        return inner(this.#io === 'input' ? 'in' : 'out')
      case 'Lazy':
        return this.read((d['getter'] as () => Zod3)(), at)
      default:
        return {}
    }
  }

  #array(d: Definition, at: string): Json {
    const bound = (name: string) =>
      ((d['exactLength'] ?? d[name]) as { readonly value: number } | null)?.value
    const [minItems, maxItems] = [bound('minLength'), bound('maxLength')]
    const item = d['type'] as Zod3
    return {
      type: 'array',
      ...(item._def.typeName !== 'ZodAny' && { items: this.read(item, `${at}/items`) }),
      ...(minItems !== undefined && { minItems }),
      ...(maxItems !== undefined && { maxItems }),
    }
  }

  #tuple(d: Definition, at: string): Json {
    const items = (d['items'] as Zod3[]).map((item, index) => this.read(item, `${at}/items/${index}`))
    const rest = d['rest'] as Zod3 | null
    return {
      type: 'array',
      minItems: items.length,
      ...(rest === null
        ? { maxItems: items.length }
        : { additionalItems: this.read(rest, `${at}/additionalItems`) }),
      items,
    }
  }

  #object(d: Definition, at: string): Json {
    const members = Object.entries((d['shape'] as () => Record<string, Zod3>)())
    const required = members.filter(([, member]) => !mayLack(member)).map(([name]) => name)
    const properties = members.map(([name, member]) => {
      const place = encodeURIComponent(escapeSegment(name))
      return [name, this.read(member, `${at}/properties/${place}`)]
    })
    const rest = d['catchall'] as Zod3
    const isClosed = rest._def.typeName === 'ZodNever'
    return {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required }),
      additionalProperties: isClosed
        ? d['unknownKeys'] === 'passthrough'
        : this.read(rest, `${at}/additionalProperties`),
    }
  }

  #union(d: Definition, at: string): Json {
    const options = [...(d['options'] as Iterable<Zod3>)].map((each) =>
      // Of a discriminated union, the options are the values of a map.
      Array.isArray(each) ? (each[1] as Zod3) : each,
    )
    if (options.every(isBarePrimitive)) {
      const types = [...new Set(options.map(({ _def }) => PRIMITIVES[_def.typeName]))]
      return { type: types.length > 1 ? types : types[0] }
    }
    if (options.every(({ _def }) => _def.typeName === 'ZodLiteral' && _def.description === undefined)) {
      const values = [...new Set(options.map(({ _def }) => _def['value']))]
      const types = [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))]
      return { type: types.length > 1 ? types : types[0], enum: values }
    }
    if (options.every(({ _def }) => _def.typeName === 'ZodEnum')) {
      return {
        type: 'string',
        enum: [...new Set(options.flatMap(({ _def }) => _def['values'] as string[]))],
      }
    }
    const anyOf = options
      .map((each, index) => this.read(each, `${at}/anyOf/${index}`))
      .filter((json) => Object.keys(json).length > 0)
    return anyOf.length > 0 ? { anyOf } : {}
  }

  #nullable(inner: Zod3, at: string): Json {
    if (isBarePrimitive(inner)) return { type: [PRIMITIVES[inner._def.typeName], 'null'] }
    return { anyOf: [this.read(inner, `${at}/anyOf/0`), { type: 'null' }] }
  }
}

function isBarePrimitive({ _def: { typeName, checks } }: Zod3): boolean {
  return typeName in PRIMITIVES && ((checks as unknown[] | undefined) ?? []).length === 0
}

function mayLack(member: Zod3): boolean {
  try {
    return member.isOptional()
  } catch {
    // Asynchronous.
    return true
  }
}

function literal(value: unknown): Json {
  if (value === null) return { type: 'null' }
  const type = typeof value
  if (type === 'bigint') return { type: 'integer', const: value }
  const isScalar = type === 'string' || type === 'number' || type === 'boolean'
  return isScalar ? { type, const: value } : { type: Array.isArray(value) ? 'array' : 'object' }
}

/** TypeScript writes the names of numbers into the same object. */
function nativeEnum(values: Json): Json {
  const own = Object.keys(values)
    .filter((name) => typeof values[values[name] as string] !== 'number')
    .map((name) => values[name])
  const types = [...new Set(own.map((value) => typeof value))]
  return { type: types.length > 1 ? ['string', 'number'] : types[0], enum: own }
}

function stringRules(checks: readonly Rule[]): Json {
  const json: Json = {}
  const escaped = (value: unknown) => String(value).replace(/[^A-Za-z0-9]/g, '\\$&')
  for (const { kind, value, regex, version } of checks) {
    if (kind === 'min' || kind === 'length') json['minLength'] = value
    if (kind === 'max' || kind === 'length') json['maxLength'] = value
    if (FORMATS[kind] !== undefined) json['format'] = FORMATS[kind]
    if (kind === 'ip' && version !== undefined) json['format'] = version === 'v4' ? 'ipv4' : 'ipv6'
    if (kind === 'startsWith') json['pattern'] = `^${escaped(value)}`
    if (kind === 'endsWith') json['pattern'] = `${escaped(value)}$`
    if (kind === 'includes') json['pattern'] = escaped(value)
    if (kind === 'regex') json['pattern'] = regex?.source
  }
  return json
}

function numberRules(checks: readonly Rule[]): Json {
  const json: Json = { type: 'number' }
  for (const { kind, value, inclusive } of checks) {
    if (kind === 'int') json['type'] = 'integer'
    if (kind === 'min') json[inclusive ? 'minimum' : 'exclusiveMinimum'] = value
    if (kind === 'max') json[inclusive ? 'maximum' : 'exclusiveMaximum'] = value
    if (kind === 'multipleOf') json['multipleOf'] = value
  }
  return json
}
