/**
 * `stdio`: `tools/call` as lines on standard input and output, 64 of them ahead of the answers.
 *
 * Measured: calls/s, and CPU time of the server per call. The floor splits lines, parses and answers the same JSON.
 *
 * Defeated: see stdio/client.ts; a cold engine, the order of contenders.
 */

import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { startChild } from '../lib/process.ts'
import { LineClient, WINDOW } from '../stdio/client.ts'

type Child = Awaited<ReturnType<typeof startChild>>

const TEXT = 'hello from the benchmark'

export const stdioPart: Part = {
  name: 'stdio',
  about: 'tools/call on standard input and output',
  plan(bench) {
    const seconds = bench.quick ? 0.3 : 0.7
    // One with more code compiles for longer.
    const warmUp = (contender: Contender) => (bench.quick ? 0.2 : isPeer(contender) ? 3 : 1.5)
    // There are no sessions to be without: the handshake is that of the connection.
    const contenders = bench.able('stdio').filter(({ wire }) => wire !== 'sessionless')
    /** Lifecycle: this part. */
    const running = new Map<string, { readonly child: Child; readonly client: LineClient }>()
    const steps: Step[] = contenders.map((contender) => ({
      label: `stdio, check and warm-up, ${contender.name}`,
      seconds: warmUp(contender) + 0.5,
      run: () =>
        bench.attempt(contender, 'stdio', async () => {
          const child = await startStdio(bench, contender)
          const client = new LineClient(child.child, contender.wire, TEXT)
          await client.open(contender.wire)
          await client.check()
          running.set(contender.name, { child, client })
          await client.load(warmUp(contender))
        }),
    }))
    const measure = async (contender: Contender, round: number) => {
      const run = running.get(contender.name)
      if (run === undefined) throw new Error('it was not started')
      const before = await run.child.call<number>('cpu')
      const { calls, milliseconds } = await run.client.load(seconds)
      const cpu = (await run.child.call<number>('cpu')) - before
      const key = { part: 'stdio', case: 'echo', n: WINDOW, contender: contender.name }
      bench.collector.add({ ...key, metric: 'throughput' }, 'calls/s', (calls / milliseconds) * 1000, round)
      bench.collector.add({ ...key, metric: 'cpu' }, 'µs/call', cpu / calls, round)
    }
    steps.push(...bench.inTurn('stdio', seconds + 0.1, bench.quick ? 1 : 3, contenders, measure))
    steps.push({
      label: 'stdio, done',
      seconds: 0.1,
      async run() {
        for (const { child } of running.values()) await child.stop()
      },
    })
    return steps
  },
}

function startStdio(bench: Bench, contender: Contender): Promise<Child> {
  const { node, core } = bench.spawnOptions()
  const args = [bench.moduleUrl(contender), JSON.stringify(bench.setupOf(contender))]
  return startChild({ node, core, args, entry: bench.build.path('bench/stdio/child.ts'), piped: true })
}
