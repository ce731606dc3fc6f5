/** Hostile schemas and hostile values: each must end in an answer, soon, and without an exception. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { CompileOptions } from '../../src/json-schema/compile.ts'
import { compile } from '../../src/json-schema/compile.ts'
import { SchemaError } from '../../src/json-schema/result.ts'
import { typescript } from '../helpers/typescript.ts'

/** The keyword of the only error. */
function limitOf(schema: unknown, value: unknown, options?: CompileOptions): string | undefined {
  const result = compile(schema, options)(value)
  return result.valid ? undefined : result.errors.at(-1)?.keyword
}

const deepArray = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
const tree = { type: 'array', items: { $ref: '#' } }

test('a schema that is nested too deeply is refused', () => {
  const nest = (keyword: string, depth: number): unknown => {
    let schema: unknown = {}
    for (let i = 0; i < depth; i++) schema = { [keyword]: schema }
    return schema
  }
  for (const keyword of ['not', 'items', 'additionalProperties', 'contentSchema']) {
    assert.throws(() => compile(nest(keyword, 50_000)), SchemaError)
    compile(nest(keyword, 100))
  }
  const cyclic: Record<string, unknown> = {}
  cyclic['not'] = cyclic
  assert.throws(() => compile(cyclic), SchemaError)
  assert.throws(() => compile({ const: deepArray(20_000) }), SchemaError)
  assert.throws(() => compile({ enum: [deepArray(20_000)] }), SchemaError)
})

test('a schema with too many subschemas is refused, also when objects are shared', () => {
  assert.throws(() => compile({ anyOf: Array(30_000).fill({}) }), /maxSubschemas/)
  let schema: unknown = {}
  for (let i = 0; i < 60; i++) schema = { allOf: [schema, schema] }
  assert.throws(() => compile(schema), /maxSubschemas/)
  assert.throws(() => compile({ anyOf: [true, true, true] }, { maxSubschemas: 3 }), /maxSubschemas/)
})

test('references that double at every step end at the step budget', () => {
  const $defs: Record<string, unknown> = {}
  for (let i = 0; i < 60; i++) {
    const next = { $ref: `#/$defs/d${i + 1}` }
    $defs[`d${i}`] = { allOf: [next, next] }
  }
  $defs['d60'] = { type: 'string' }
  assert.equal(limitOf({ $defs, $ref: '#/$defs/d0' }, 'a', { maxSteps: 100_000 }), 'maxSteps')
})

test('a long chain of references compiles, and is followed up to maxRefDepth', () => {
  const $defs: Record<string, unknown> = {}
  for (let i = 0; i < 5_000; i++) $defs[`d${i}`] = { $ref: `#/$defs/d${i + 1}` }
  $defs['d5000'] = { type: 'string' }
  assert.equal(limitOf({ $defs, $ref: '#/$defs/d0' }, 'a'), 'maxRefDepth')
  assert.equal(limitOf({ $defs, $ref: '#/$defs/d4900' }, 'a'), undefined)
  assert.equal(limitOf({ $defs, $ref: '#/$defs/d4900' }, 'a', { maxRefDepth: 50 }), 'maxRefDepth')
})

test('the value depth is bounded where the schema follows it, and only there', () => {
  const deep = deepArray(20_000)
  assert.equal(limitOf(tree, deep), 'maxValueDepth')
  assert.equal(limitOf(tree, deepArray(200)), undefined)
  assert.equal(limitOf(tree, deepArray(7), { maxValueDepth: 5 }), 'maxValueDepth')
  assert.equal(limitOf(tree, deepArray(6), { maxValueDepth: 5 }), undefined)
  for (const schema of [{}, { type: 'array' }, { items: { type: 'array' } }, { maxItems: 1 }]) {
    assert.equal(limitOf(schema, deep), undefined)
  }
  assert.equal(limitOf({ const: [[[1]]] }, deep), 'const')
  assert.equal(limitOf({ uniqueItems: true }, [deep, deepArray(20_000)]), 'maxValueDepth')
})

test('a recursive schema with much between its references does not overflow the stack', () => {
  let inner: unknown = { items: { $ref: '#' } }
  for (let i = 0; i < 110; i++) inner = { allOf: [inner] }
  const result = compile(inner)(deepArray(240))
  assert.ok(result.valid || result.errors.at(-1)?.keyword === 'maxValueDepth')
})

test('a limit inside not does not make a value valid', () => {
  const schema = { not: { $ref: '#/$defs/tree' }, $defs: { tree: { items: { $ref: '#/$defs/tree' } } } }
  assert.equal(limitOf(schema, deepArray(20_000)), 'maxValueDepth')
})

test('a validator works as before after a limit was reached', () => {
  const validate = compile({ $dynamicAnchor: 'a', unevaluatedItems: { type: 'array' }, items: { $ref: '#' } })
  assert.equal(validate(deepArray(20_000)).valid, false)
  for (let i = 0; i < 2_000; i++) assert.equal(validate([[[]]]).valid, true)
})

test('maxSteps bounds long values', () => {
  const schema = { items: { anyOf: Array(100).fill({ type: 'string' }) } }
  assert.equal(limitOf(schema, Array(1_000).fill('a'), { maxSteps: 10_000 }), 'maxSteps')
  assert.equal(limitOf(schema, Array(1_000).fill('a')), undefined)
  const wide = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, 1]))
  for (const slow of [
    { additionalProperties: { type: 'integer' } },
    { patternProperties: { '^k': true } },
    { propertyNames: { minLength: 1 } },
    { anyOf: [{ properties: { k1: true } }], unevaluatedProperties: { type: 'integer' } },
  ]) {
    assert.equal(limitOf(slow, wide, { maxSteps: 500 }), 'maxSteps')
    assert.equal(limitOf(slow, wide), undefined)
  }
  assert.equal(
    limitOf({ contains: { type: 'string' } }, Array(1_000).fill('a'), { maxSteps: 500 }),
    'maxSteps',
  )
})

test('uniqueItems is not quadratic for many different items', () => {
  const objects = Array.from({ length: 20_000 }, (_, i) => ({ id: i, name: `item ${i}` }))
  assert.equal(limitOf({ uniqueItems: true }, objects, { maxSteps: 1_000_000 }), undefined)
  assert.equal(limitOf({ uniqueItems: true }, [...objects, { name: 'item 5', id: 5 }]), 'uniqueItems')
})

test('a string above maxPatternLength is refused before it is matched', () => {
  const schema = { pattern: '^(a+)+$' }
  assert.equal(limitOf(schema, `${'a'.repeat(70_000)}b`), 'maxPatternLength')
  assert.equal(limitOf(schema, 'a'.repeat(20)), undefined)
  assert.equal(limitOf(schema, 'aaaaab', { maxPatternLength: 5 }), 'maxPatternLength')
  assert.equal(
    limitOf({ patternProperties: { b: true } }, { aaaaab: 1 }, { maxPatternLength: 5 }),
    'maxPatternLength',
  )
})

test('objects with 100 000 members are answered', () => {
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]))
  const schema = { properties: { k5: { type: 'integer' } }, required: ['k99999'], type: 'object' }
  assert.equal(limitOf(schema, wide), undefined)
  assert.equal(limitOf({ ...schema, additionalProperties: false }, wide), 'additionalProperties')
})

test('compile and validate generate no code', () => {
  const module = new URL('../../src/json-schema/compile.ts', import.meta.url).href
  const program = `
    const { compile } = await import(${JSON.stringify(module)})
    const result = compile({ properties: { a: { pattern: '^x' } } })({ a: 'y' })
    if (result.valid) process.exit(3)
    try { new Function('return 1'); process.exit(4) } catch {}
  `
  const flags = [
    '--disallow-code-generation-from-strings',
    ...typescript,
    '--input-type=module',
    '--eval',
    program,
  ]
  const { status, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})
