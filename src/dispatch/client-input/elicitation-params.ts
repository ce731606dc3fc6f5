/**
 * Params of elicitation: the form that a schema describes, and checks that come before an input request is sent. A
 * request that breaks a rule is its handler's mistake; a client could only refuse it, or show it wrongly.
 *
 * Spec: 2025-11-25 elicitation {@link spec.elicitation}, "Requested Schema".
 * Not here: what the client declared (client-capabilities.ts), what it responds (input-requests.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
import { kindOf, shown } from '../../bounds/quote.ts'
import {
  adaptSchema,
  type SchemaAdapter,
  type SchemaLike,
} from '../../json-schema/adapter/standard-schema.ts'
import { refuseUnwrapped } from '../../json-schema/read/unwrapped.ts'
import type { JsonObject } from '../../protocol/wire-types.ts'
import {
  arrayProblem,
  at,
  booleanProblem,
  type FindProblem,
  memberProblem,
  stringProblem,
  wrong,
} from '../shape.ts'

export interface Form {
  /** The schema as the client gets it. */
  readonly requestedSchema: JsonObject
  readonly answer: SchemaAdapter
}

const FORMATS: readonly unknown[] = ['date', 'date-time', 'email', 'uri']
const PRIMITIVES: readonly unknown[] = ['string', 'number', 'integer', 'boolean']

/** Lifecycle: one entry for each `requestedSchema` object that is still referenced by its handler. */
const forms = new WeakMap<object, Form>()

/**
 * Makes the form that a schema describes; once for each schema object.
 *
 * @throws {TypeError} the schema is invalid, or not a flat object of primitive properties
 */
export function formOf(schema: SchemaLike): Form {
  const known = forms.get(schema)
  if (known !== undefined) return known
  refuseUnwrapped(schema, 'requestedSchema')
  const answer = adaptSchema(schema, {
    name: 'requestedSchema',
    io: 'input',
    options: { defaults: true, formats: true },
  })
  const json = answer.json as JsonObject
  const requestedSchema = withoutOtherFormats(answer.isStandard ? formSchema(json) : json)
  checkFlat(requestedSchema)
  const form = { requestedSchema, answer }
  forms.set(schema, form)
  return form
}

/** @throws {TypeError} not an absolute URL */
export function checkUrl(url: unknown): void {
  if (typeof url === 'string' && URL.canParse(url)) return
  throw new TypeError(`An elicitation needs "url", an absolute URL; got ${shown(url)}`)
}

/** @throws {TypeError} no text to show to the user */
export function checkMessage(message: unknown): void {
  if (typeof message === 'string') return
  throw new TypeError(`An elicitation needs "message", a string; got ${kindOf(message)}`)
}

/**
 * For a handler that writes the params of an elicitation itself.
 *
 * @throws {TypeError} no message, no absolute URL, or no flat form
 */
export function checkElicitParams({ mode = 'form', message, url, requestedSchema }: JsonObject): void {
  checkMessage(message)
  if (mode !== 'form' && mode !== 'url')
    throw new TypeError(`An elicitation has the mode form or url; got ${shown(mode)}`)
  if (mode === 'url') checkUrl(url)
  else checkFlat(isObject(requestedSchema) ? requestedSchema : {})
}

/**
 * The schema of a form from that of a library, which adds members that a form does not have. A property with `enum` or
 * `const` and no `type` gets one.
 */
function formSchema({ type, properties, required }: JsonObject): JsonObject {
  const fields = Object.entries((properties ?? {}) as JsonObject).map(([name, field]) => {
    const { enum: values, const: only, ...rest } = (field ?? {}) as JsonObject
    const choices = values ?? (typeof only === 'string' ? [only] : undefined)
    const isChoice = isStrings(choices) && (rest['type'] === undefined || rest['type'] === 'string')
    return [name, isChoice ? { ...rest, type: 'string', enum: choices } : field] as const
  })
  return {
    type,
    properties: Object.fromEntries(fields),
    ...(Array.isArray(required) && required.length > 0 && { required }),
  }
}

function checkFlat(schema: JsonObject): void {
  const { type, properties } = schema
  if (type !== 'object' || typeof properties !== 'object' || properties === null) {
    throw new TypeError('requestedSchema must have type "object" and "properties"')
  }
  for (const [name, field] of Object.entries(properties)) {
    if (isPrimitive(field) || isMultiSelect(field)) {
      const problem = memberProblem(field, [['default', defaultProblem(field)]])
      if (problem === undefined) continue
      throw new TypeError(`requestedSchema property ${JSON.stringify(name)}: ${at(problem)}`)
    }
    throw new TypeError(
      `requestedSchema property ${JSON.stringify(name)}: a form takes strings, numbers, integers, booleans, ` +
        'and arrays of the values of an enum',
    )
  }
}

/** Clients refuse a format that forms do not have; the response is checked against it all the same. */
function withoutOtherFormats(schema: JsonObject): JsonObject {
  const { properties } = schema
  if (!isObject(properties) || !Object.values(properties).some(hasOtherFormat)) return schema
  const fields = Object.entries(properties).map(([name, field]) => {
    if (!hasOtherFormat(field)) return [name, field] as const
    const { format: _, ...rest } = field as JsonObject
    return [name, rest] as const
  })
  return { ...schema, properties: Object.fromEntries(fields) }
}

function hasOtherFormat(field: unknown): boolean {
  return isObject(field) && field['format'] !== undefined && !FORMATS.includes(field['format'])
}

function defaultProblem({ type }: { readonly type?: unknown }): FindProblem {
  if (type === 'string') return stringProblem
  if (type === 'boolean') return booleanProblem
  if (type === 'array') return (value) => arrayProblem(value, 'strings', stringProblem)
  return (value) => (Number.isFinite(value) ? undefined : wrong('a number', value))
}

function isPrimitive(field: unknown): field is JsonObject {
  return isObject(field) && PRIMITIVES.includes(field['type'])
}

function isMultiSelect(field: unknown): field is JsonObject {
  if (!isObject(field) || field['type'] !== 'array' || !isObject(field['items'])) return false
  const { enum: values, anyOf: titled } = field['items']
  return isStrings(values) || (Array.isArray(titled) && titled.every((one) => isStrings([one?.const])))
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
