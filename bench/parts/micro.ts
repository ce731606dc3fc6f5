/**
 * `micro`: the hot paths of one call in a process of their own each, without any socket: nanoseconds and allocated
 * bytes for one operation. What is timed, and which tricks are defeated, is said in micro/cases.ts and micro/child.ts.
 *
 * JSON Schema has a benchmark of its own against other validators, micro/json-schema.bench.ts.
 */

import { run } from '../../scripts/lib/child.ts'
import type { Part } from '../lib/bench.ts'
import { pinned } from '../lib/cores.ts'
import { MICRO_CASES } from '../micro/cases.ts'
import type { MicroFigures } from '../micro/child.ts'

export const micro: Part = {
  name: 'micro',
  about:
    'decode, encode, frames, replay ring, header checks, dispatch, validation: time and bytes per operation',
  plan(bench) {
    const rounds = bench.quick ? 1 : 3
    const seconds = bench.quick ? 0.1 : 0.2
    const families = new Set(bench.contenders.map(({ family }) => family))
    const cases = MICRO_CASES.filter(({ contender }) => families.has(contender))
    return Array.from({ length: rounds }, (_, round) =>
      cases.map((each) => ({
        label: `micro ${each.name}, ${each.contender}`,
        seconds: seconds * 1.5 + 0.4,
        run: async () => {
          const [command, args] = pinned(bench.cores.server, bench.node, [
            '--expose-gc',
            '--min-semi-space-size=256',
            '--max-semi-space-size=256',
            bench.build.path('bench/micro/child.ts'),
            each.name,
            each.contender,
            `${seconds}`,
          ])
          const { code, stdout, stderr } = await run(command, args)
          if (code !== 0) {
            bench.failures.push(`micro ${each.name}, ${each.contender}: ${stderr.slice(0, 500)}`)
            return
          }
          const { nanoseconds, bytes } = JSON.parse(stdout) as MicroFigures
          const key = { part: 'micro', case: each.name, n: 1, contender: each.contender }
          bench.collector.add({ ...key, metric: 'time' }, 'ns/op', nanoseconds, round)
          bench.collector.add({ ...key, metric: 'allocated' }, 'bytes/op', bytes, round)
        },
      })),
    ).flat()
  },
}
