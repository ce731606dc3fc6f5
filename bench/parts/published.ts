/**
 * `published`: the workload of the comparison that mcp-use publishes, so that these figures can be set beside that
 * table: nine `tools/call` to one `tools/list`, by 5 and by 50 users; how long a process takes until its port accepts;
 * and what an installation brings.
 *
 * Measured: operations a second, and for each second of CPU time of the server, which is the figure to trust; p50, p95.
 * A server that can talk in several ways is there in each of them.
 *
 * Defeated: lazy answers (every status is looked at, bodies are sampled), a cold engine, the order of contenders.
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { ask, expectText, resultOf } from '../lib/check-answer.ts'
import { startServer } from '../lib/process.ts'
import { callTool, rpc } from '../lib/wire.ts'
import type { MixFigures } from '../load/mix.ts'
import { openSession } from './latency.ts'
import { installed } from './start.ts'

const USERS = [5, 50]
const TEXT = 'hello from the benchmark'

export const published: Part = {
  name: 'published',
  about: 'the workload that mcp-use publishes: nine calls to one list, cold launch, installed size',
  byNameOnly: true,
  plan(bench) {
    const seconds = bench.quick ? 0.4 : 3
    const warmUp = bench.quick ? 0.3 : 4
    const contenders = bench.able('published')
    const steps: Step[] = contenders.map((contender) => ({
      label: `published, check and warm-up, ${contender.name}`,
      seconds: warmUp + 0.5,
      run: () =>
        bench.attempt(contender, 'published', async () => {
          await check(bench, contender)
          await load(bench, contender, USERS.at(-1) as number, warmUp)
        }),
    }))
    for (const users of USERS) {
      const rounds = bench.quick ? 1 : 3
      steps.push(
        ...bench.inTurn(`published ${users} users`, seconds + 0.2, rounds, contenders, (contender, round) =>
          measure(bench, contender, users, seconds, round),
        ),
      )
    }
    steps.push({ label: 'published, servers end', seconds: 0.1, run: () => bench.stopServers() })
    const launches = (contender: Contender) => (bench.quick ? 2 : isPeer(contender) ? 7 : 15)
    steps.push(
      ...bench.inTurn('published, cold launch', 0.4, launches, contenders, (contender, round) =>
        launch(bench, contender, round),
      ),
    )
    steps.push({
      label: 'published, installed size',
      seconds: 3,
      run: async () => installed(bench, contenders, 'published'),
    })
    return steps
  },
}

async function check(bench: Bench, contender: Contender): Promise<void> {
  const { wire, version } = contender
  const { port } = await bench.server(contender)
  const sessionId = await openSession(contender, port)
  expectText(await ask(port, callTool(wire, 'echo', { text: TEXT }, { sessionId, version })), TEXT)
  const { tools } = resultOf(await ask(port, rpc(wire, 'tools/list', {}, { sessionId, version }))) as {
    readonly tools?: readonly { readonly name?: string }[]
  }
  const names = tools?.map(({ name }) => name).sort()
  if (names?.join(' ') !== 'checked echo progress') throw new Error(`its tools are ${names}`)
}

async function load(
  bench: Bench,
  { wire, version, ...contender }: Contender,
  users: number,
  seconds: number,
) {
  const { port } = await bench.server({ ...contender, wire })
  const process = await bench.load
  return await process.call<MixFigures>('loadMix', {
    port,
    wire,
    users,
    seconds,
    text: TEXT,
    ...(version !== undefined && { version }),
  })
}

async function measure(
  bench: Bench,
  contender: Contender,
  users: number,
  seconds: number,
  round: number,
): Promise<void> {
  const server = await bench.server(contender)
  const before = await server.cpu()
  const figures = await load(bench, contender, users, seconds)
  const after = await server.cpu()
  const cpu = after.cpu - before.cpu
  const add = (metric: string, unit: string, value: number) =>
    bench.collector.add(
      { part: 'published', case: 'mix', n: users, contender: contender.name, metric },
      unit,
      value,
      round,
    )
  add('throughput', 'operations/s', figures.perSecond)
  add('per-cpu-second', 'operations', (figures.operations / cpu) * 1e6)
  add('p50', 'µs', figures.p50)
  add('p95', 'µs', figures.p95)
  add('server-busy', 'of a core', cpu / (after.at - before.at))
  add('load-busy', 'of a core', figures.loadBusy)
}

/** From the start of the process until its port accepts a connection. */
async function launch(bench: Bench, contender: Contender, round: number): Promise<void> {
  const setup = bench.setupOf(contender)
  const server = await startServer(bench.modulePath(contender), setup, bench.spawnOptions())
  try {
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    const milliseconds = performance.now() - server.beganAt
    socket.destroy()
    const key = { part: 'published', case: 'launch', n: 1, contender: contender.name }
    bench.collector.add({ ...key, metric: 'accepts' }, 'ms', milliseconds, round)
  } finally {
    await server.stop()
  }
}
