/**
 * `replay`: clients that lost their connection and come back with `Last-Event-ID`.
 *
 * Measured: the time from the request to the last missed message, for one client at a time after 10 and 256 missed
 * messages, and for 1 000 clients at once. The floor keeps nothing, so its figure is what it takes to send as many
 * messages afresh: the same bytes without the memory.
 *
 * Defeated: partial replays (each client must get exactly what it missed, or the part fails); the cost of connecting
 * (connections are there before the clock starts).
 */

import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { openSessions } from '../lib/open-sessions.ts'

export const replay: Part = {
  name: 'replay',
  about: 'resuming streams after a lost connection',
  plan(bench) {
    const contenders = bench.able('replay').filter(({ wire }) => wire === 'session')
    const crowd = bench.quick ? 50 : 1000
    const steps: Step[] = []
    for (const [missed, clients] of [
      [10, 1],
      [256, 1],
      [256, crowd],
    ] as const) {
      const alone = clients === 1
      // Alone, the floor would only show a round trip; and making a thousand peers' sessions miss something takes a minute.
      const among = contenders.filter((each) => (alone ? each.family !== 'floor' : !isPeer(each)))
      steps.push(
        ...bench.inTurn(
          `replay ${missed} to ${clients}`,
          (contender) => (isPeer(contender) ? 0.8 : alone ? 0.1 : bench.quick ? 0.7 : 2),
          (contender) => (bench.quick ? 1 : isPeer(contender) ? 3 : alone ? 10 : 5),
          among,
          (contender, round) => catchUp(bench, contender, missed, clients, round),
        ),
      )
    }
    return steps
  },
}

async function catchUp(
  bench: Bench,
  contender: Contender,
  missed: number,
  clients: number,
  round: number,
): Promise<void> {
  const server = await bench.server(contender, { maxStreamBufferBytes: 64 * 1024 * 1024 })
  const load = await bench.load
  const { port } = server
  const key = { part: 'replay', case: `missed-${missed}`, n: clients, contender: contender.name }
  const group = `replay ${contender.name} ${clients}`
  await openSessions(load, contender, { group, port, count: clients })
  let milliseconds: number
  if (contender.family === 'floor') {
    const calls = { port, wire: contender.wire, group, connections: clients, count: missed - 1, calls: 1 }
    ;({ milliseconds } = await load.call<{ milliseconds: number }>('streamCalls', calls))
  } else {
    await load.call('prepareResume', { group, port, missed })
    ;({ milliseconds } = await load.call<{ milliseconds: number }>('resume', {
      group,
      port,
      missed,
      clients,
    }))
  }
  // What is kept of finished streams counts against one limit for all of them: a next round must find it free.
  await load.call('deleteSessions', { group, port })
  if (clients === 1) bench.collector.add({ ...key, metric: 'catch-up' }, 'ms', milliseconds, round)
  else {
    const perSecond = ((missed * clients) / milliseconds) * 1000
    bench.collector.add({ ...key, metric: 'throughput' }, 'messages/s', perSecond, round)
  }
}
