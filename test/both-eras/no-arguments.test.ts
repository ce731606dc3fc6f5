/** Tools and prompts without parameters, in both eras: how they are listed, and that what clients add is ignored. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import type { ToolConfig } from '../../src/index.ts'
import { define, start } from '../features/offering.ts'
import { clientOf, ERAS } from '../helpers/streamed-call.ts'
import { TestSession, type WireJson } from '../helpers/wire.ts'

const none = { type: 'object', properties: {} }

/** By name: the schema, and what is listed; undefined: a library writes it. */
const nothing: Record<string, [ToolConfig['inputSchema'], object | undefined]> = {
  absent: [undefined, { ...none, additionalProperties: false }],
  empty: [{}, none],
  closed: [
    { type: 'object', additionalProperties: false },
    { ...none, additionalProperties: false },
  ],
  whole: [
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      ...none,
      required: [],
      title: 'None',
    } as never,
    { $schema: 'https://json-schema.org/draft/2020-12/schema', ...none, required: [], title: 'None' },
  ],
  undefinedMembers: [{ ...none, properties: { a: undefined }, required: undefined } as never, none],
  zod: [z.object({}), undefined],
  zodStrict: [z.strictObject({}), undefined],
  arktypeStrict: [type({ '+': 'reject' }), undefined],
  valibot: [toStandardJsonSchema(v.strictObject({})), undefined],
}

/** Schemas that say nothing of members, or speak of them without naming one in `properties`. */
const free: Record<string, ToolConfig['inputSchema']> = {
  bare: { type: 'object' },
  any: { type: 'object', additionalProperties: true },
  arktype: type({}),
  record: { type: 'object', additionalProperties: { type: 'string' } },
  patterns: { type: 'object', patternProperties: { '^k': { type: 'string' } } },
  needs: { type: 'object', required: ['key'] },
  some: { type: 'object', minProperties: 1 },
  parts: { type: 'object', allOf: [{ properties: { key: { type: 'string' } } }] },
  zodRecord: z.record(z.string(), z.string()),
  zodLoose: z.looseObject({}),
}

const added = [
  { _meta: { progressToken: 1 }, toolCallId: 'call_1' },
  { dummy: '', random_string: 'x', n: 5, list: [null] },
  JSON.parse('{"__proto__":{"x":1},"constructor":null}'),
]

for (const era of ERAS) {
  test(`a tool without parameters lists properties, and gets {} whatever is sent, in the ${era} era`, async (t) => {
    const { server } = define()
    const seen: unknown[] = []
    for (const [name, [inputSchema]] of Object.entries(nothing)) {
      server.registerTool(name, { inputSchema } as ToolConfig, (args) => {
        seen.push(args)
        return name
      })
    }
    const client = await clientOf(await start(t, server), era)
    if (client instanceof TestSession) t.after(() => client.close())
    const { tools } = (await client.request('tools/list')).result
    for (const { name, inputSchema } of tools) {
      assert.deepEqual(inputSchema.properties, {}, name)
      const [, listed] = nothing[name] ?? []
      if (listed !== undefined) assert.deepEqual(inputSchema, listed, name)
      for (const args of [undefined, {}, ...added]) {
        const { result } = await client.request('tools/call', { name, arguments: args })
        assert.deepEqual([result.isError, result.content[0].text], [undefined, name])
        assert.deepEqual(seen.pop(), {}, name)
      }
      const { error } = await client.request('tools/call', { name, arguments: [] }, { check: false })
      assert.deepEqual(
        [error.code, error.message],
        [-32602, 'tools/call needs "arguments" to be an object; got an array'],
      )
    }
    assert.equal(tools.length, Object.keys(nothing).length)
    assert.deepEqual(seen, [])
  })

  test(`a schema of free members lists properties too, and its tool gets what is sent, in the ${era} era`, async (t) => {
    const { server } = define()
    for (const [name, inputSchema] of Object.entries(free)) {
      server.registerTool(name, { inputSchema } as ToolConfig, (args) => JSON.stringify(args))
    }
    const client = await clientOf(await start(t, server), era)
    if (client instanceof TestSession) t.after(() => client.close())
    for (const { name, inputSchema } of (await client.request('tools/list')).result.tools as WireJson[]) {
      assert.deepEqual(inputSchema.properties, {}, name)
      const { result } = await client.request('tools/call', { name, arguments: { key: 'v' } })
      assert.equal(result.content[0].text, '{"key":"v"}', name)
    }
  })

  test(`a prompt without arguments gets {} whatever is sent, in the ${era} era`, async (t) => {
    const { server } = define()
    const show = (args: unknown) => JSON.stringify(args)
    server.registerPrompt('absent', {}, show)
    server.registerPrompt('empty', { argsSchema: {} }, show)
    server.registerPrompt('zod', { argsSchema: z.strictObject({}) }, show)
    const client = await clientOf(await start(t, server), era)
    if (client instanceof TestSession) t.after(() => client.close())
    for (const name of ['absent', 'empty', 'zod']) {
      for (const args of [undefined, { dummy: 'x' }, ...added]) {
        const params = { name, arguments: args }
        const { result } = await client.request('prompts/get', params, { check: false })
        assert.equal(result.messages[0].content.text, '{}', name)
      }
    }
  })

  test(`a cursor that is null or empty is the first page of every list in the ${era} era`, async (t) => {
    const { server } = define({ pageSize: 1 })
    for (const name of ['a', 'b']) {
      server.registerTool(name, {}, () => '')
      server.registerPrompt(name, {}, () => '')
      server.registerResource(name, `memo://${name}`, {}, () => '')
      server.registerResourceTemplate(name, `memo://${name}/{id}`, {}, () => '')
    }
    const client = await clientOf(await start(t, server), era)
    if (client instanceof TestSession) t.after(() => client.close())
    const listed = server.registerResourceTemplate('listing', 'note://{id}', {}, () => '')
    for (const list of [undefined, () => [{ uri: 'note://1', name: 'one' }]]) {
      listed.update({ list })
      for (const kind of ['tools', 'prompts', 'resources', 'resources/templates']) {
        const first = (await client.request(`${kind}/list`)).result
        assert.equal(typeof first.nextCursor, 'string', kind)
        for (const cursor of [null, '']) {
          const { result } = await client.request(`${kind}/list`, { cursor }, { check: false })
          assert.deepEqual(result, first, kind)
        }
      }
    }
  })

  test(`messages say null and array, not object, in the ${era} era`, async (t) => {
    const { server } = define()
    const argsSchema = { type: 'object', properties: { a: { type: 'string' } } } as const
    server.registerTool('t', {}, () => '')
    server.registerPrompt('p', { argsSchema, complete: { a: () => [] } }, () => '')
    const client = await clientOf(await start(t, server), era)
    if (client instanceof TestSession) t.after(() => client.close())
    const rows: [string, object, RegExp][] = [
      ['tools/call', { name: 't', arguments: [1] }, /to be an object; got an array$/],
      ['tools/call', { name: 't', arguments: 'x' }, /to be an object; got a string$/],
      ['tools/call', { name: null }, /"name", a string; got null$/],
      ['tools/call', { name: ['t'] }, /"name", a string; got an array$/],
      ['prompts/get', { name: 'p', arguments: [1] }, /to be an object; got an array$/],
      ['prompts/get', { name: {} }, /"name", a string; got an object$/],
      ['prompts/get', { name: 'p', arguments: { a: ['x'] } }, /expected a string, got an array$/],
      ['resources/read', { uri: null }, /"uri", a string; got null$/],
      ['resources/read', { uri: ['a:b'] }, /"uri", a string; got an array$/],
      ['completion/complete', { argument: ['a'] }, /"argument" to be an object; got an array$/],
    ]
    for (const [method, params, message] of rows) {
      const { error } = await client.request(method, params, { check: false })
      assert.equal(error.code, -32602, method)
      assert.match(error.message, message)
    }
  })
}
