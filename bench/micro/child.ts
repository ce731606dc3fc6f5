/**
 * Times one case in a process of its own, so that no case runs in code that another one has shaped:
 * `node --expose-gc --min-semi-space-size=256 --max-semi-space-size=256 child.js NAME CONTENDER SECONDS`. Prints JSON.
 *
 * Time is by tinybench, in batches, since one operation is shorter than the clock's step. Bytes are what the heap
 * grows by over many operations without a collection between: the young generation is made large enough for that.
 */

import { Bench } from 'tinybench'
import { MICRO_CASES } from './cases.ts'

export interface MicroFigures {
  /** Median nanoseconds of one operation. */
  readonly nanoseconds: number
  /** Bytes of the heap that one operation allocates. */
  readonly bytes: number
}

const BATCH = 100
/** A collection between would hide what was allocated: 1 000 times 100 KB still fit. */
const ALLOCATIONS = 1000

const [, , name, contender, seconds] = process.argv
const found = MICRO_CASES.find((each) => each.name === name && each.contender === contender)
if (found === undefined) throw new Error(`there is no case ${name} of ${contender}`)
const { run, expected } = found
if (run(0) !== expected) throw new Error(`${name} of ${contender} gives ${run(0)}, expected ${expected}`)

let i = 0
let sum = 0
const time = Number(seconds) * 1000
const bench = new Bench({ time, warmupTime: time / 2 })
bench.add(found.name, () => {
  for (let n = 0; n < BATCH; n++) sum += run(i++)
})
await bench.run()
const [task] = bench.tasks
if (task?.result.state !== 'completed') throw new Error(`${name} did not complete`)
const nanoseconds = (task.result.latency.p50 * 1e6) / BATCH

const { gc } = globalThis as { gc?: () => void }
if (gc === undefined) throw new Error('run it with --expose-gc')
const trials: number[] = []
for (let trial = 0; trial < 5; trial++) {
  gc()
  const before = process.memoryUsage().heapUsed
  for (let n = 0; n < ALLOCATIONS; n++) sum += run(i++)
  trials.push((process.memoryUsage().heapUsed - before) / ALLOCATIONS)
}
if (sum <= 0) throw new Error('nothing was measured')
const bytes = trials.sort((a, b) => a - b)[trials.length >> 1] as number
process.stdout.write(JSON.stringify({ nanoseconds, bytes } satisfies MicroFigures))
