import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { adaptSchema, type SchemaLike } from '../../../src/json-schema/adapter/standard-schema.ts'

test('a member that cannot be described is named by its path, with what to use instead', () => {
  const date = 'Date cannot be represented in JSON Schema: use z.iso.datetime(), the text of a date'
  const rows: readonly (readonly [object, string])[] = [
    [z.object({ a: z.object({ when: z.date() }) }), ` at a.when: ${date}`],
    [
      z.object({ ok: z.string(), list: z.array(z.object({ when: z.date().optional() })) }),
      ` at list[].when: ${date}`,
    ],
    [z.object({ a: z.record(z.string(), z.date()) }), ` at a{}: ${date}`],
    [z.object({ a: z.union([z.string(), z.object({ b: z.date() })]) }), ` at a.b: ${date}`],
    [z.date(), `: ${date}`],
    [{ when: z.date() }, `: member "when": ${date}`],
    [
      z.object({ n: z.bigint() }),
      ' at n: BigInt cannot be represented in JSON Schema: use z.int(), or the text of the number',
    ],
    [
      z.object({ m: z.map(z.string(), z.string()) }),
      ' at m: Map cannot be represented in JSON Schema: use z.record(...) or z.array(...)',
    ],
  ]
  for (const [schema, problem] of rows) {
    for (const io of ['input', 'output'] as const) {
      const use = { name: 'tool "t" schema', io }
      const message = `tool "t" schema: the zod schema cannot describe its ${io} in JSON Schema${problem}`
      assert.throws(() => adaptSchema(schema as SchemaLike, use), { name: 'TypeError', message })
    }
  }
})
