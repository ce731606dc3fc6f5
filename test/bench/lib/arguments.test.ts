import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTENDERS, floorOf, pick } from '../../../bench/contenders/index.ts'
import { parseArguments } from '../../../bench/lib/arguments.ts'
import { parseCoreList } from '../../../bench/lib/cores.ts'
import { PARTS, pickParts } from '../../../bench/parts/index.ts'

test('parseArguments reads parts, options and lists', () => {
  const args = parseArguments(['latency', '--only', 'barewire,floor', '--check', '--node', '/n', 'start'])
  assert.deepEqual(args.parts, ['latency', 'start'])
  assert.deepEqual(args.only, ['barewire', 'floor'])
  assert.equal(args.check, true)
  assert.equal(args.node, '/n')
  assert.equal(args.base, undefined)
  assert.equal(parseArguments(['--base', 'HEAD~3']).base, 'HEAD~3')
})

test('parseArguments names what is wrong, and does not judge a quick run', () => {
  assert.throws(() => parseArguments(['--colour']), /no option "--colour"/)
  assert.throws(() => parseArguments(['--only']), /--only needs a value/)
  assert.throws(() => parseArguments(['--only', '--quick']), /--only needs a value/)
  assert.throws(() => parseArguments(['--quick', '--check']), /--check needs a whole run/)
})

test('pick takes families and names, always with the floor that they are compared with', () => {
  const names = (only: string[]) => pick(CONTENDERS, only).map(({ name }) => name)
  assert.deepEqual(names(['barewire-stateless']), ['floor-stateless', 'barewire-stateless'])
  assert.deepEqual(names(['tmcp']), ['floor', 'floor-stateless', 'tmcp', 'tmcp-stateless'])
  assert.equal(names([]).length, CONTENDERS.length)
  assert.throws(() => names(['nobody']), /no contender "nobody"; there are floor, barewire/)
})

test('CONTENDERS have names of their own, and a floor each', () => {
  const names = CONTENDERS.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const contender of CONTENDERS) assert.ok(names.includes(floorOf(contender)), contender.name)
})

test('pickParts leaves out what runs by name only, unless it is named', () => {
  const names = (wanted: string[]) => pickParts(PARTS, wanted).map(({ name }) => name)
  assert.ok(!names([]).includes('soak'))
  assert.deepEqual(names(['soak']), ['soak'])
  assert.throws(() => names(['everything']), /no part "everything"/)
})

test('parseCoreList reads single cores and ranges', () => {
  assert.deepEqual(parseCoreList('0-2,5\n'), [0, 1, 2, 5])
  assert.deepEqual(parseCoreList(''), [])
})
