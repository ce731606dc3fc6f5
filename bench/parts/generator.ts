/**
 * `generator`: how many stream messages a second the load generator itself can read, from a server that does nothing but
 * send (contenders/firehose.ts). Results of `streaming` and `replay` that come near it are limited by it.
 */

import { FIREHOSE_MESSAGES } from '../contenders/firehose.ts'
import type { Contender } from '../contenders/index.ts'
import type { Part } from '../lib/bench.ts'

const FIREHOSE: Contender = {
  name: 'firehose',
  family: 'firehose',
  wire: 'stateless',
  module: 'bench/contenders/firehose.ts',
  packages: [],
}

export const generator: Part = {
  name: 'generator',
  about: 'what the load generator can read',
  plan(bench) {
    const calls = bench.quick ? 20 : 500
    return bench.inTurn(
      'generator',
      bench.quick ? 0.3 : 1,
      bench.quick ? 1 : 5,
      [FIREHOSE],
      async (_, round) => {
        const { port } = await bench.server(FIREHOSE)
        const load = await bench.load
        const options = { port, wire: 'stateless', connections: 8, count: FIREHOSE_MESSAGES }
        if (round === 0) await load.call('streamCalls', { ...options, calls: 50 })
        const { messages, milliseconds } = await load.call<{ messages: number; milliseconds: number }>(
          'streamCalls',
          { ...options, calls },
        )
        const key = { part: 'generator', case: 'read', n: FIREHOSE_MESSAGES, contender: 'firehose' }
        const perSecond = (messages / milliseconds) * 1000
        bench.collector.add({ ...key, metric: 'throughput' }, 'messages/s', perSecond, round)
      },
    )
  },
}
