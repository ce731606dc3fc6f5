/**
 * What every contender offers, as data: so that all of them answer the same requests with the same content.
 *
 * `echo` takes any text, behind a schema that checks next to nothing; `checked` has the schema of a realistic tool,
 * which a server must check; `progress` reports a number of times before it answers, and in ours and the floor's
 * the caller may say how often in one turn of the event loop.
 */

import type { JsonObject } from '../../src/protocol/wire-types.ts'

export const SERVER_INFO = { name: 'bench', version: '1.0.0' }

export interface ToolFact {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
}

export const ECHO: ToolFact = {
  name: 'echo',
  description: 'Returns the text that it is given',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
}

export const CHECKED_SCHEMA = {
  type: 'object',
  properties: {
    query: { type: 'string', minLength: 1, maxLength: 200 },
    limit: { type: 'integer', minimum: 1, maximum: 100 },
    sort: { enum: ['relevance', 'newest', 'oldest'] },
    filters: {
      type: 'array',
      maxItems: 10,
      items: {
        type: 'object',
        properties: {
          field: { type: 'string', pattern: '^[a-z][a-z0-9_]*$' },
          op: { enum: ['eq', 'lt', 'gt', 'in'] },
          value: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
        },
        required: ['field', 'op', 'value'],
        additionalProperties: false,
      },
    },
    page: { type: 'object', properties: { size: { type: 'integer' }, after: { type: 'string' } } },
  },
  required: ['query', 'limit'],
  additionalProperties: false,
} as const

export const CHECKED: ToolFact = {
  name: 'checked',
  description: 'Searches; its arguments are described in detail',
  inputSchema: CHECKED_SCHEMA,
}

export const CHECKED_ARGUMENTS = {
  query: 'streamable http',
  limit: 20,
  sort: 'newest',
  filters: [
    { field: 'year', op: 'gt', value: 2024 },
    { field: 'language', op: 'eq', value: 'en' },
  ],
  page: { size: 20, after: 'c2Vzc2lvbg' },
}

/** What `checked` answers to the arguments above. */
export const CHECKED_ANSWER = 'streamable http: 20 newest'

export const PROGRESS: ToolFact = {
  name: 'progress',
  description: 'Reports progress a number of times',
  inputSchema: {
    type: 'object',
    properties: { count: { type: 'integer' }, batch: { type: 'integer' } },
    required: ['count'],
  },
}

/** Tools that are only there to be listed. */
export function fillers(total: number): ToolFact[] {
  return Array.from({ length: Math.max(0, total - 3) }, (_, i) => ({
    name: `tool_${i + 1}`,
    description: `Looks up record ${i + 1} and returns what is known about it, newest first`,
    inputSchema: {
      type: 'object',
      properties: {
        id: { type: 'string', description: 'Identifier of the record' },
        depth: { type: 'integer', description: 'How many related records to follow' },
      },
      required: ['id'],
    },
  }))
}

/**
 * Progress messages between two turns of the event loop. A tool that never yields would have its whole output
 * buffered, and measure the buffer.
 */
export const PROGRESS_BATCH = 50

/** The turn that every contender's `progress` takes after a batch. */
export function yieldTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
