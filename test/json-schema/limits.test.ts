/** Hostile schemas and hostile values: each must end in an answer, soon, and without an exception. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { CompileOptions } from '../../src/json-schema/compile.ts'
import { compile } from '../../src/json-schema/compile.ts'
import { SchemaError } from '../../src/json-schema/explain/result.ts'
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

test('uniqueItems takes steps in proportion to the value, also for items that were made to look alike', () => {
  const prefix = 'x'.repeat(1_000)
  const makers: ReadonlyArray<(i: number) => unknown> = [
    (i) => i * 2 ** 20,
    (i) => i + 0.5,
    (i) => `${prefix.slice(0, 100)}${i}`,
    (i) => [[[[[i]]]]],
    (i) => [...Array(20).fill(0), i],
    (i) => [`${prefix.slice(0, 100)}${i}`],
    (i) => ({ a: { b: { c: { d: { e: i } } } } }),
    (i) => ({ [`${prefix.slice(0, 100)}${i}`]: 1 }),
    (i) => ({ a: i, b: -i }),
  ]
  for (const make of makers) {
    const items = Array.from({ length: 10_000 }, (_, i) => make(i))
    assert.equal(limitOf({ uniqueItems: true }, items, { maxSteps: 700_000 }), undefined, String(make))
    assert.equal(limitOf({ uniqueItems: true }, [...items, make(77)]), 'uniqueItems', String(make))
  }
  // Few items are compared with each other: what that takes is counted, too.
  const long = Array.from({ length: 12 }, (_, i) => `${prefix.repeat(100)}${String(i).padStart(2, '0')}`)
  assert.equal(limitOf({ uniqueItems: true }, long, { maxSteps: 10_000 }), 'maxSteps')
  assert.equal(limitOf({ uniqueItems: true }, long), undefined)
})

test('enum and const take steps in proportion to the value, however many values are allowed', () => {
  const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`k${i}`, i]))
  const near = Array.from({ length: 1_000 }, (_, i) => ({ k0: 0, k1: i }))
  assert.equal(limitOf({ enum: near }, wide, { maxSteps: 60_000 }), 'enum')
  assert.equal(limitOf({ enum: [...near, wide] }, { ...wide }), undefined)
  assert.equal(
    limitOf({ anyOf: near.map((value) => ({ const: value })) }, wide, { maxSteps: 200_000 }),
    'anyOf',
  )
  assert.equal(
    limitOf({ allOf: Array(40).fill({ enum: [{}, []] }) }, wide, { maxSteps: 200_000 }),
    'maxSteps',
  )
})

test('lengths, multiples and defaults are counted as what they take', () => {
  const units = 'a'.repeat(100_000)
  const lengths = Array.from({ length: 100 }, (_, i) => ({ maxLength: 60_000 + i }))
  assert.equal(limitOf({ allOf: lengths }, units.slice(0, 60_000), { maxSteps: 10_000 }), undefined)
  assert.equal(limitOf({ anyOf: lengths }, units, { maxSteps: 100_000 }), 'maxSteps')
  assert.equal(
    limitOf({ items: { multipleOf: 0.01 } }, Array(10_000).fill(1e300), { maxSteps: 1e6 }),
    'maxSteps',
  )
  const large = { items: { type: 'object', properties: { a: { default: 'x'.repeat(1_000) } } } }
  const empty = () => Array.from({ length: 1_000 }, () => ({}))
  assert.equal(limitOf(large, empty(), { defaults: true, maxSteps: 100_000 }), 'maxSteps')
  assert.equal(limitOf(large, empty(), { defaults: true }), undefined)
})

test('an object of many members is gone through twice at most, whatever looks at it', () => {
  const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]))
  const shapes = Array.from({ length: 200 }, (_, i) => ({ properties: { [`k${i}`]: { type: 'integer' } } }))
  assert.equal(limitOf({ allOf: shapes }, wide, { maxSteps: 20_000 }), undefined)
  assert.equal(limitOf({ allOf: [...shapes, { properties: { k19999: { type: 'string' } } }] }, wide), 'type')
  assert.equal(limitOf({ allOf: [...shapes, { required: ['k19999', 'none'] }] }, wide), 'required')
  const counts = (times: number) => ({ allOf: Array(times).fill({ maxProperties: 20_000 }) })
  assert.equal(limitOf(counts(1), wide, { maxSteps: 300_000 }), undefined)
  assert.equal(limitOf(counts(50), wide, { maxSteps: 300_000 }), 'maxSteps')
})

test('uniqueItems is not quadratic for many different items', () => {
  const objects = Array.from({ length: 20_000 }, (_, i) => ({ id: i, name: `item ${i}` }))
  assert.equal(limitOf({ uniqueItems: true }, objects, { maxSteps: 1_000_000 }), undefined)
  assert.equal(limitOf({ uniqueItems: true }, [...objects, { name: 'item 5', id: 5 }]), 'uniqueItems')
})

test('patterns that would stop a backtracking engine get their verdict, on long strings and names', () => {
  const rows: ReadonlyArray<readonly [pattern: string, text: string, matches: boolean]> = [
    ['^(a+)+$', `${'a'.repeat(70_000)}b`, false],
    ['^(a+)+$', 'a'.repeat(70_000), true],
    ['a*a*b', 'a'.repeat(1_500), false],
    ['a*b', 'a'.repeat(65_536), false],
    ['^(\\w+\\s?)*$', `${'word '.repeat(10_000)}!`, false],
    ['^[A-Za-z0-9+/]+={0,2}$', 'QUJD'.repeat(500_000), true],
  ]
  for (const [pattern, text, matches] of rows) {
    assert.equal(limitOf({ pattern }, text), matches ? undefined : 'pattern')
    const named = { [text]: 1 }
    assert.equal(limitOf({ propertyNames: { pattern } }, named), matches ? undefined : 'propertyNames')
    const only = { patternProperties: { [pattern]: true }, additionalProperties: false }
    assert.equal(limitOf(only, named), matches ? undefined : 'additionalProperties')
  }
})

test('what a pattern takes is counted in steps: a long string, many patterns, many names', () => {
  assert.equal(limitOf({ pattern: '(a+)+$' }, `${'a'.repeat(4_000_000)}b`), 'maxSteps')
  const long = Object.fromEntries(Array.from({ length: 4_000 }, (_, i) => [`${'x'.repeat(1_000)}${i}`, 1]))
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x.*${i}y`, true]))
  assert.equal(limitOf({ patternProperties: many }, long), 'maxSteps')
  assert.equal(limitOf({ patternProperties: many }, { x: 1 }), undefined)
  assert.equal(limitOf({ pattern: '^x' }, 'x'.repeat(100), { maxSteps: 50 }), 'maxSteps')
})

test('a string above maxPatternLength is refused before a pattern with back-references sees it', () => {
  const schema = { pattern: '^(a+)\\1$' }
  assert.equal(limitOf(schema, 'a'.repeat(256)), undefined)
  assert.equal(limitOf(schema, 'a'.repeat(258)), 'maxPatternLength')
  assert.equal(limitOf(schema, 'aaaaaa', { maxPatternLength: 5 }), 'maxPatternLength')
  const named = { patternProperties: { '^(a)\\1': true } }
  assert.equal(limitOf(named, { aaaaab: 1 }, { maxPatternLength: 5 }), 'maxPatternLength')
})

test('large arguments of everyday use are accepted', () => {
  const record = {
    type: 'object',
    properties: { id: { type: 'integer' }, name: { type: 'string' } },
    required: ['id'],
  }
  const ids = Array.from({ length: 150_000 }, (_, i) => i)
  const rows: ReadonlyArray<readonly [schema: object, value: unknown]> = [
    [{ items: { type: 'number' } }, Array.from({ length: 1_000_000 }, (_, i) => i / 2)],
    [{ items: record, uniqueItems: true }, ids.map((id) => ({ id, name: `item ${id}` }))],
    [{ items: { pattern: '^[a-z]+-\\d+$' } }, ids.map((id) => `item-${id}`)],
    [{ items: { pattern: '^[^@]+@[^@]+\\.[^@]+$' } }, ids.map((id) => `u${id}@example.com`)],
    [
      { patternProperties: { '^k': { type: 'integer' } } },
      Object.fromEntries(ids.map((id) => [`k${id}`, id])),
    ],
    [{ pattern: '^(?:[\\w+/]{4})*(?:[\\w+/]{2}==)?$' }, 'QUJD'.repeat(1_000_000)],
    [{ items: { enum: [{ a: 1 }, { a: 2 }, [3]] } }, ids.map((id) => ({ a: (id % 2) + 1 }))],
  ]
  for (const [schema, value] of rows) assert.equal(limitOf(schema, value), undefined, JSON.stringify(schema))
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
