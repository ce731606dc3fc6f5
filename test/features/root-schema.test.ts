/** Schemas whose root is not that of an object, as people write them: the error says what to write. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { ToolConfig } from '../../src/index.ts'
import { define } from './offering.ts'

test('members without the object around them are refused, with what to write', () => {
  const { server } = define()
  const text = { type: 'string' } as const
  const wrap = (key: string, inside = '...') =>
    `: ${JSON.stringify(key)} is no keyword of JSON Schema; for a member of an object, wrap it: { type: 'object', properties: { ${/^\w+$/.test(key) ? key : JSON.stringify(key)}: ${inside} } }`
  const rows: readonly (readonly [object, string])[] = [
    [{ city: text }, wrap('city')],
    [{ city: text, days: { type: 'integer' } }, wrap('city')],
    [{ city: 'string' }, wrap('city', '{ type: "string" }')],
    [{ title: text }, wrap('title')],
    [{ type: { type: 'string' } }, wrap('type')],
    [{ 'a b': { enum: ['x'] } }, wrap('a b')],
    [
      { properties: { city: text } },
      ': must have type "object" at its root: add type: "object" beside "properties"',
    ],
  ]
  for (const [schema, problem] of rows) {
    const config = { inputSchema: schema } as ToolConfig
    assert.throws(() => server.registerTool('x', config, () => ''), {
      name: 'TypeError',
      message: `tool "x" inputSchema${problem}`,
    })
    assert.throws(() => server.registerPrompt('x', { argsSchema: schema as never }, () => ''), {
      name: 'TypeError',
      message: `prompt "x" argsSchema${problem}`,
    })
    if ('properties' in schema) continue
    assert.throws(() => server.registerTool('x', { outputSchema: schema as never }, () => '' as never), {
      message: `tool "x" outputSchema${problem}`,
    })
  }
  const fine: readonly object[] = [{}, { type: 'string' }, { items: text }, { not: text }, { anyOf: [text] }]
  for (const [index, schema] of fine.entries()) {
    server.registerTool(`fine${index}`, { outputSchema: schema as never }, () => '' as never)
  }
  const inputSchema = { type: 'object', properties: { type: text, title: text } } as const
  server.registerTool('fine', { inputSchema }, () => '')
  server.registerTool('library', { inputSchema: { city: z.string(), title: z.string() } }, () => '')
})

test('a "$ref" at the root is spoken of as one, not as a union', () => {
  const { server } = define()
  for (const [$ref, name] of [
    ['#/$defs/text', 'tool'],
    ['#/$defs/none', 'prompt'],
  ] as const) {
    const schema = { $ref, $defs: { text: { type: 'string' }, none: { type: 'object' } } } as never
    const register = () =>
      name === 'tool'
        ? server.registerTool('r', { inputSchema: schema }, () => '')
        : server.registerPrompt('r', { argsSchema: schema }, () => '')
    assert.throws(
      register,
      ({ message }: Error) => /got a "\$ref" alone\. Write/.test(message) && !/union/.test(message),
    )
  }
})
