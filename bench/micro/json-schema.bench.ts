/**
 * JSON Schema validation and compilation, against ajv 8 (2020-12), @cfworker/json-schema and zod 4.
 *
 *   node --import tsx bench/micro/json-schema.bench.ts          (all; `-- flat` runs the cases whose name has "flat")
 *
 * Measured: one valid value parsed from JSON text, checked by a validator made before; and making a validator.
 * Each case has several values in turn, so that no engine can specialise for one object, and the verdicts are
 * counted, so that no call can be dropped. All validators must agree on each valid and invalid value before
 * anything is timed (zod takes part by its own conversion of the schema).
 * Bars: validate >= 0.3x of ajv in each case and >= 0.75x in the geometric mean, >= 5x of cfworker, compile >= 20x of
 * ajv. All ratios are of one run.
 */

import { availableParallelism, cpus, loadavg } from 'node:os'
import { Validator as Cfworker } from '@cfworker/json-schema'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Bench } from 'tinybench'
import { z } from 'zod'
import { compile } from '../../src/json-schema/compile.ts'
import { CASES } from './json-schema-cases.ts'

type Verdict = (value: unknown) => boolean

const filter = process.argv[2] ?? ''
const cases = CASES.filter(({ name }) => name.includes(filter))

interface Row {
  readonly name: string
  readonly ours: number
  readonly ajv: number
  readonly cfworker: number
  readonly zod: number
  readonly compile: number
}

async function measure(
  tasks: Readonly<Record<string, () => unknown>>,
  time: number,
): Promise<Map<string, number>> {
  const bench = new Bench({ time, warmupTime: time / 4 })
  for (const [name, task] of Object.entries(tasks)) bench.add(name, task)
  await bench.run()
  const medians = new Map<string, number>()
  for (const { name, result } of bench.tasks) {
    if (result.state !== 'completed') throw new Error(`${name} did not complete: ${result.state}`)
    medians.set(name, result.latency.p50)
  }
  return medians
}

const ajvOptions = { strict: false, validateFormats: false, logger: false } as const
const ajvCompiler = new Ajv2020(ajvOptions)
const rows: Row[] = []
let accepted = 0

for (const { name, schema, valid, invalid } of cases) {
  const ours = compile(schema)
  const ajv = new Ajv2020(ajvOptions).compile(schema)
  // The most favourable mode: stop at the first error.
  const cfworker = new Cfworker(schema as never, '2020-12', true)
  const zod = z.fromJSONSchema(schema as never)
  const verdicts: Record<string, Verdict> = {
    ours: (value) => ours(value).valid,
    ajv: (value) => ajv(value),
    cfworker: (value) => cfworker.validate(value).valid,
    zod: (value) => zod.safeParse(value).success,
  }
  const values = valid.map((value) => JSON.parse(JSON.stringify(value)) as unknown)
  for (const [which, verdict] of Object.entries(verdicts)) {
    for (const value of values)
      if (!verdict(value)) throw new Error(`${name}: ${which} refuses a valid value`)
    for (const value of invalid)
      if (verdict(value)) throw new Error(`${name}: ${which} accepts ${JSON.stringify(value)}`)
  }
  // Many calls for each sample: one call is shorter than the clock's step.
  const rounds = Math.max(1, Math.round(400 / (JSON.stringify(values[0]).length / 100)))
  const loop = (verdict: Verdict) => () => {
    for (let i = 0; i < rounds; i++) if (verdict(values[i % values.length])) accepted++
  }
  const tasks = Object.fromEntries(Object.entries(verdicts).map(([which, verdict]) => [which, loop(verdict)]))
  const medians = await measure(tasks, 300)
  const compiling = await measure(
    {
      ours: () => compile(schema), // A copy: ajv keeps what it has compiled by the identity of the schema.
      ajv: () => ajvCompiler.compile({ ...schema }),
    },
    200,
  )
  const of = (which: string): number => ((medians.get(which) ?? Number.NaN) * 1e6) / rounds
  rows.push({
    name,
    ours: of('ours'),
    ajv: of('ajv'),
    cfworker: of('cfworker'),
    zod: of('zod'),
    compile: (compiling.get('ajv') ?? Number.NaN) / (compiling.get('ours') ?? Number.NaN),
  })
}

if (accepted === 0) throw new Error('nothing was measured')
console.log(
  `Node ${process.version}, ${cpus()[0]?.model} x${availableParallelism()}, load ${loadavg()[0]?.toFixed(2)}`,
)
console.log('Median ns for each value; ratios above 1 mean barewire is faster.\n')
console.log(
  'case'.padEnd(22),
  'ns'.padStart(8),
  'x ajv'.padStart(8),
  'x cfworker'.padStart(11),
  'x zod'.padStart(8),
  'compile x ajv'.padStart(14),
)
for (const row of rows) {
  console.log(
    row.name.padEnd(22),
    row.ours.toFixed(0).padStart(8),
    (row.ajv / row.ours).toFixed(2).padStart(8),
    (row.cfworker / row.ours).toFixed(1).padStart(11),
    (row.zod / row.ours).toFixed(2).padStart(8),
    row.compile.toFixed(0).padStart(14),
  )
}
const worst = (of: (row: Row) => number): number => Math.min(...rows.map(of))
const mean = Math.exp(rows.reduce((sum, row) => sum + Math.log(row.ajv / row.ours), 0) / rows.length)
const figures = [
  ['validate / ajv', worst((row) => row.ajv / row.ours), 0.3],
  ['validate / ajv, geometric mean', mean, 0.75],
  ['validate / cfworker', worst((row) => row.cfworker / row.ours), 5],
  ['compile / ajv', worst((row) => row.compile), 20],
] as const
console.log()
for (const [name, lowest, bar] of figures) {
  console.log(`${lowest >= bar ? 'met   ' : 'MISSED'} ${name}: ${lowest.toFixed(2)} at least, bar ${bar}`)
  if (lowest < bar) process.exitCode = 1
}
