/**
 * `fetch`: one `tools/call` at a time of a handler that takes a `Request` and gives a `Response`, without a socket.
 *
 * Measured: calls/s and CPU time a call, with the reading of the answer. The floor parses the body and answers the same
 * JSON.
 *
 * Defeated: lazy answers (each body is read to its end, some are looked at), the cost of a `Request`, which would be
 * most of what is measured (fetch/child.ts), a cold engine, the order of contenders.
 */

import { type Contender, isPeer } from '../contenders/index.ts'
import type { Asked, FetchFigures } from '../fetch/child.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { textIn } from '../lib/check-answer.ts'
import { type LoadProcess, startChild } from '../lib/process.ts'
import { callTool, initialize, initialized, type WireRequest } from '../lib/wire.ts'

const TEXT = 'hello from the benchmark'

export const fetchPart: Part = {
  name: 'fetch',
  about: 'tools/call of a fetch handler, in process',
  plan(bench) {
    const seconds = bench.quick ? 0.3 : 0.7
    // One with more code compiles for longer.
    const warmUp = (contender: Contender) => (bench.quick ? 0.2 : isPeer(contender) ? 3 : 1.5)
    const contenders = bench.able('fetch')
    /** Lifecycle: this part. */
    const running = new Map<string, { readonly process: LoadProcess; readonly request: WireRequest }>()
    const steps: Step[] = contenders.map((contender) => ({
      label: `fetch, check and warm-up, ${contender.name}`,
      seconds: warmUp(contender) + 0.5,
      run: () =>
        bench.attempt(contender, 'fetch', async () => {
          const process = await startFetch(bench, contender)
          const request = await open(process, contender)
          running.set(contender.name, { process, request })
          await process.call('load', { request, seconds: warmUp(contender), needle: TEXT })
        }),
    }))
    const measure = async (contender: Contender, round: number) => {
      const { process, request } = running.get(contender.name) ?? {}
      const figures = await process?.call<FetchFigures>('load', { request, seconds, needle: TEXT })
      if (figures === undefined) throw new Error('it was not started')
      const { calls, milliseconds, cpu } = figures
      const key = { part: 'fetch', case: 'echo', n: 1, contender: contender.name }
      bench.collector.add({ ...key, metric: 'throughput' }, 'calls/s', (calls / milliseconds) * 1000, round)
      bench.collector.add({ ...key, metric: 'cpu' }, 'µs/call', cpu / calls, round)
    }
    steps.push(...bench.inTurn('fetch', seconds + 0.1, bench.quick ? 1 : 3, contenders, measure))
    steps.push({
      label: 'fetch, done',
      seconds: 0.1,
      async run() {
        for (const { process } of running.values()) await process.stop()
      },
    })
    return steps
  },
}

function startFetch(bench: Bench, contender: Contender): Promise<LoadProcess> {
  const { node, core } = bench.spawnOptions()
  const args = [bench.moduleUrl(contender), JSON.stringify(bench.setupOf(contender))]
  return startChild({ node, core, args, entry: bench.build.path('bench/fetch/child.ts') })
}

/** Does the handshake where there is one, and checks an answer. @returns the request that is measured */
async function open(process: LoadProcess, { wire, version }: Contender): Promise<WireRequest> {
  let sessionId: string | undefined
  if (wire !== 'stateless') {
    const hello = await process.call<Asked>('ask', initialize({ version }))
    if (hello.status !== 200) throw new Error(`initialize: status ${hello.status}, ${hello.text}`)
    if (wire === 'session') {
      sessionId = hello.sessionId
      const { status, text } = await process.call<Asked>('ask', initialized({ sessionId, version }))
      if (status !== 202) throw new Error(`notifications/initialized: status ${status}, ${text}`)
    }
  }
  const request = callTool(wire, 'echo', { text: TEXT }, { sessionId, version })
  const { status, text } = await process.call<Asked>('ask', request)
  const said = textIn(text)
  if (status !== 200 || said !== TEXT) throw new Error(`expected ${TEXT}, received ${status} ${text}`)
  return request
}
