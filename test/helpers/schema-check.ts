/**
 * Schema check: holds one JSON-RPC message against the published JSON Schema of its protocol revision.
 *
 * Three questions are asked of each message: is the envelope right, may this party send this method in this
 * revision, and does it fit the definition made for that method (`tools/call` -> `CallToolRequest`, its answer
 * -> `CallToolResult`). The published result definitions are open objects, so a misspelt optional member would
 * pass; members that no session-era revision knows are therefore reported too.
 *
 * The data in test/schemas is the published data, unchanged. Its two known faults are corrected on load:
 * `number` written as `integer` in unions of primitives, and (before 2025-11-25) no form for the error answer
 * to a message whose id could not be read, which JSON-RPC 2.0 section 5 has.
 *
 * Not here: the wire (wire.ts), and rules that a schema cannot state (test/requirements.ts).
 */

import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as formats from 'ajv-formats'

/**
 * For the published schemas: compiled anew in every test process, so with little effort. That they are schemas at all
 * is tested once (schema-check.test.ts).
 */
export const ajvOptions = {
  strict: false,
  allErrors: true,
  validateSchema: false,
  inlineRefs: false,
  code: { optimize: false },
}

/** The revisions whose schema is in test/schemas. */
export const checkedRevisions = ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const

export type CheckedRevision = (typeof checkedRevisions)[number]

/** Who sends the message. */
export type Direction = 'client-to-server' | 'server-to-client'

export interface CheckOptions {
  /** The method that a response answers. Without it only the envelope of a response is checked. */
  method?: string | undefined
  /** Allows result members that no revision of the era defines. */
  allowExtraMembers?: boolean
}

/** Thrown by {@link checkMessage}: the message on the wire is not what its revision defines. */
export class SchemaViolation extends Error {
  override readonly name = 'SchemaViolation'
  readonly problems: readonly string[]
  constructor(revision: string, direction: Direction, message: unknown, problems: readonly string[]) {
    const shown = String(JSON.stringify(message)).slice(0, 600)
    super(`${direction} message is not valid ${revision}:\n  ${problems.join('\n  ')}\n  message: ${shown}`)
    this.problems = problems
  }
}

/**
 * Checks one message (not a batch).
 *
 * @throws {SchemaViolation} with every problem found.
 * @throws {TypeError} for a revision that has no schema here.
 */
export function checkMessage(
  revision: string,
  direction: Direction,
  message: unknown,
  options: CheckOptions = {},
): void {
  const problems = problemsOf(revision, direction, message, options)
  if (problems.length > 0) throw new SchemaViolation(revision, direction, message, problems)
}

/** Like {@link checkMessage}, but gives the list of problems: empty when the message is right. */
export function problemsOf(
  revision: string,
  direction: Direction,
  message: unknown,
  options: CheckOptions = {},
): string[] {
  if (!isChecked(revision)) {
    throw new TypeError(`no schema for revision ${revision}; expected one of ${checkedRevisions.join(', ')}`)
  }
  const schema = load(revision)
  if (!isObject(message)) return [`expected a JSON object, got ${kindOf(message)}`]
  if (message['jsonrpc'] !== '2.0') {
    return [`/jsonrpc: expected "2.0", got ${JSON.stringify(message['jsonrpc'])}`]
  }
  const parts = ['method', 'result', 'error'].filter((name) => Object.hasOwn(message, name))
  if (parts.length !== 1) {
    return [`expected exactly one of method, result, error; got ${parts.join(' and ') || 'none'}`]
  }
  if (parts[0] === 'error') return schema.errorProblems(message)
  if (parts[0] === 'result') return schema.resultProblems(direction, message, options)
  return schema.methodProblems(direction, message)
}

/** The definition that a request or notification of this method must fit, if the revision has the method. */
export function definitionFor(revision: CheckedRevision, direction: Direction, method: string) {
  const schema = load(revision)
  return schema.requests(direction).get(method) ?? schema.notifications(direction).get(method)
}

/** The definition that the answer to this method must fit. `direction` is that of the answer. */
export function resultDefinitionFor(revision: CheckedRevision, direction: Direction, method: string) {
  return load(revision).resultDefinition(direction, method)
}

type Json = { [key: string]: unknown }

const loaded = new Map<CheckedRevision, RevisionSchema>()

function load(revision: CheckedRevision): RevisionSchema {
  let schema = loaded.get(revision)
  if (schema === undefined) {
    schema = new RevisionSchema(revision)
    loaded.set(revision, schema)
  }
  return schema
}

/** One revision's definitions, with the tables from method to definition name that they imply. */
class RevisionSchema {
  readonly #revision: CheckedRevision
  readonly #definitions: { [name: string]: Json }
  readonly #ajv: Ajv
  readonly #prefix: string
  readonly #tables = new Map<string, Map<string, string>>()

  constructor(revision: CheckedRevision) {
    const text = readFileSync(new URL(`../schemas/${revision}.json`, import.meta.url), 'utf8')
    const document = widenIntegers(JSON.parse(text)) as Json
    const keyword = Object.hasOwn(document, '$defs') ? '$defs' : 'definitions'
    const draft2020 = String(document['$schema']).includes('2020-12')
    this.#revision = revision
    this.#definitions = document[keyword] as { [name: string]: Json }
    this.#ajv = draft2020 ? new Ajv2020(ajvOptions) : new Ajv(ajvOptions)
    formats.default.default(this.#ajv)
    this.#ajv.addSchema(document, 'mcp')
    this.#prefix = `mcp#/${keyword}/`
  }

  requests(direction: Direction): ReadonlyMap<string, string> {
    return this.#table(direction === 'client-to-server' ? 'ClientRequest' : 'ServerRequest')
  }

  notifications(direction: Direction): ReadonlyMap<string, string> {
    return this.#table(direction === 'client-to-server' ? 'ClientNotification' : 'ServerNotification')
  }

  methodProblems(direction: Direction, message: Json): string[] {
    const isRequest = Object.hasOwn(message, 'id')
    const envelope = this.#problems(isRequest ? 'JSONRPCRequest' : 'JSONRPCNotification', message)
    if (envelope.length > 0) return envelope
    const method = String(message['method'])
    const definition = (isRequest ? this.requests(direction) : this.notifications(direction)).get(method)
    if (definition !== undefined) return this.#problems(definition, message)
    const kind = isRequest ? 'request' : 'notification'
    return [`/method: ${this.#revision} has no ${direction} ${kind} "${method}"`]
  }

  resultProblems(direction: Direction, message: Json, options: CheckOptions): string[] {
    const envelope = this.#problems(
      Object.hasOwn(this.#definitions, 'JSONRPCResultResponse') ? 'JSONRPCResultResponse' : 'JSONRPCResponse',
      message,
    )
    if (envelope.length > 0 || options.method === undefined) return envelope
    const result = message['result'] as Json
    const definition = this.resultDefinition(direction, options.method, result)
    if (definition === undefined) {
      return [`${this.#revision} has no method "${options.method}" whose answer goes ${direction}`]
    }
    const problems = this.#problems(definition, result).map((problem) => `/result${problem}`)
    if (options.allowExtraMembers === true) return problems
    const known = knownMembers(this.#revision, definition)
    if (known === undefined) return problems
    for (const member of Object.keys(result)) {
      if (!known.has(member)) problems.push(`/result/${member}: ${definition} defines no such member`)
    }
    return problems
  }

  errorProblems(message: Json): string[] {
    const current = Object.hasOwn(this.#definitions, 'JSONRPCErrorResponse')
    if (current) return this.#problems('JSONRPCErrorResponse', message)
    const unread = message['id'] === undefined || message['id'] === null
    return this.#problems('JSONRPCError', unread ? { ...message, id: 0 } : message)
  }

  resultDefinition(direction: Direction, method: string, result: Json = {}): string | undefined {
    const asked = direction === 'server-to-client' ? 'client-to-server' : 'server-to-client'
    const request = this.requests(asked).get(method)
    if (request === undefined) return undefined
    const name = request.replace(/Request$/, 'Result')
    if (result['resultType'] === 'input_required' && this.#takesInput(request)) return 'InputRequiredResult'
    if (isObject(result['task']) && this.#isTaskAugmented(request)) return 'CreateTaskResult'
    return Object.hasOwn(this.#definitions, name) ? name : 'EmptyResult'
  }

  /** Member names of an object definition, through `$ref` and `allOf`; `undefined` for a free-form one. */
  members(definition: string): ReadonlySet<string> | undefined {
    const found = new Set<string>()
    if (definition === 'GetTaskPayloadResult' || !Object.hasOwn(this.#definitions, definition))
      return undefined
    this.#collect({ $ref: `/${definition}` }, found)
    return found
  }

  #collect(schema: Json, found: Set<string>): void {
    for (const member of Object.keys((schema['properties'] ?? {}) as Json)) found.add(member)
    for (const part of (schema['allOf'] ?? []) as Json[]) this.#collect(part, found)
    const target = this.#definitions[refName(schema)]
    if (target !== undefined) this.#collect(target, found)
  }

  #takesInput(request: string): boolean {
    return this.members(`${request}Params`)?.has('inputResponses') === true
  }

  #isTaskAugmented(request: string): boolean {
    if (!Object.hasOwn(this.#definitions, 'CreateTaskResult')) return false
    return request === 'ElicitRequest' || this.members(`${request}Params`)?.has('task') === true
  }

  /** Method -> definition name, for the members of one union such as `ClientRequest`. */
  #table(union: string): Map<string, string> {
    let table = this.#tables.get(union)
    if (table !== undefined) return table
    table = new Map()
    this.#tables.set(union, table)
    const schema = this.#definitions[union]
    if (schema === undefined) return table
    const names = ((schema['anyOf'] ?? []) as Json[]).map(refName)
    for (const name of names.length > 0 ? names : [union]) {
      const properties = this.#definitions[name]?.['properties'] as { [key: string]: Json } | undefined
      const method = properties?.['method']?.['const']
      if (typeof method === 'string') table.set(method, name)
    }
    return table
  }

  #problems(definition: string, value: unknown): string[] {
    const validate = this.#ajv.getSchema(this.#prefix + definition) as ValidateFunction | undefined
    if (validate === undefined) throw new TypeError(`${this.#revision} has no definition ${definition}`)
    return validate(value) ? [] : (validate.errors ?? []).map((error) => describe(definition, error))
  }
}

/**
 * Members that a result may have. Session-era revisions share one set: a member that a later revision added is
 * harmless to an older client, a member that none of them has is a mistake.
 */
function knownMembers(revision: CheckedRevision, definition: string): ReadonlySet<string> | undefined {
  if (revision === '2026-07-28') return load(revision).members(definition)
  const known = new Set<string>()
  for (const other of checkedRevisions) {
    if (other === '2026-07-28') continue
    for (const member of load(other).members(definition) ?? []) known.add(member)
  }
  return load(revision).members(definition) === undefined ? undefined : known
}

/** The schemas are generated from TypeScript, and `number` in a union of primitives came out as `integer`. */
function widenIntegers(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(widenIntegers)
  if (!isObject(node)) return node
  const copy: Json = {}
  for (const [key, value] of Object.entries(node)) copy[key] = widenIntegers(value)
  const type = copy['type']
  if (Array.isArray(type) && type.includes('integer') && type.includes('boolean')) {
    copy['type'] = type.map((name) => (name === 'integer' ? 'number' : name))
  }
  return copy
}

function refName(schema: Json): string {
  return (
    String(schema['$ref'] ?? '')
      .split('/')
      .at(-1) ?? ''
  )
}

function describe(definition: string, error: ErrorObject): string {
  const detail = error.keyword === 'const' ? ` ${JSON.stringify(error.params['allowedValue'])}` : ''
  const extra = error.keyword === 'enum' ? ` ${JSON.stringify(error.params['allowedValues'])}` : ''
  return `${error.instancePath}: ${error.message ?? error.keyword}${detail}${extra} (${definition})`
}

function isChecked(revision: string): revision is CheckedRevision {
  return (checkedRevisions as readonly string[]).includes(revision)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
}
