/**
 * Warnings for what the specification allows and some hosts in use do not: they then drop a tool, or all tools of a
 * server, without an error. Each is given once.
 */

import { warnOnce } from '../bounds/warn-once.ts'
import { forEachSchema } from '../json-schema/read/schema-walk.ts'
import { warnOfTypos } from './schema-typos.ts'

/** Also what the APIs of models accept as the name of a function. */
const SAFE_NAME = /^[A-Za-z0-9_-]{1,64}$/

export function warnOfName(name: string): void {
  if (SAFE_NAME.test(name)) return
  warnOnce(
    `tool ${JSON.stringify(name)}: Claude Desktop loses all tools of a server over a name that is not 1 to 64 of A-Z a-z 0-9 _ -`,
    'BAREWIRE_TOOL_NAME',
  )
}

/** Valid, but some model APIs refuse a tool for it. @param use - names the schema */
export function warnOfInput(schema: object, use: string): void {
  const keyword = ['anyOf', 'oneOf', 'allOf', '$ref'].find((each) => each in schema)
  if (keyword !== undefined) {
    warn(`${use}: some clients cannot use a tool with "${keyword}" at the root of its schema`)
  }
  warnOfKeywords(schema, use)
}

export function warnOfOutput(schema: object, use: string): void {
  const { $schema } = schema as { readonly $schema?: unknown }
  if (typeof $schema === 'string' && /draft-0\d\b/.test($schema)) {
    warn(
      `${use}: Claude Code loses all tools of a server over an output schema of draft-07: write 2020-12, without $schema`,
    )
  }
  warnOfKeywords(schema, use)
}

/** Keywords that do not do what they were written for. */
export function warnOfKeywords(schema: object, use: string): void {
  warnOfNullable(schema, use)
  warnOfTypos(schema, use)
}

/** The keyword of OpenAPI 3.0 has no meaning in JSON Schema, so that null is refused where it was meant to be allowed. */
function warnOfNullable(schema: object, use: string): void {
  let at: string | undefined
  forEachSchema(schema, ({ nullable }, place) => {
    if (nullable === true) at ??= place || 'the root'
  })
  if (at === undefined) return
  warn(`${use}: "nullable" at ${at} is a word of OpenAPI, not of JSON Schema: write type: ["string", "null"]`)
}

function warn(problem: string): void {
  warnOnce(problem, 'BAREWIRE_TOOL_SCHEMA')
}
