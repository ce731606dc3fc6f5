/**
 * `client`: barewire/client next to the official clients, all on one server of ours: tool calls, 1 and 16 at a time, on
 * one connected client; what a connected client holds; what importing it takes.
 *
 * Measured: calls/s, calls per second of CPU time of the client's process (the figure to compare: calls/s wait for the
 * server too), heap per connected client after a collection, milliseconds and bytes of an import. Each client has a
 * process of its own, on the core of the load, and they take turns.
 *
 * Defeated: answers that nobody looks at (each text is compared), the order of contenders, a cold engine, a client that
 * connects with its first call (each is used once before it is weighed).
 */

import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { run } from '../../scripts/lib/child.ts'
import { CLIENTS, importsOf } from '../clients/index.ts'
import { CONTENDERS, type Contender } from '../contenders/index.ts'
import type { Bench, Part, Step } from '../lib/bench.ts'
import { ROOT } from '../lib/build.ts'
import type { Memory } from '../lib/live-memory.ts'
import { type LoadProcess, startLoad } from '../lib/process.ts'
import type { CallFigures } from '../load/client-child.ts'

const CONCURRENCY = [1, 16]
const CONNECTED = 200

export const client: Part = {
  name: 'client',
  about: 'our client next to the official ones: calls, memory, import',
  byNameOnly: true,
  plan(bench) {
    const processes = new Map<string, Promise<LoadProcess>>()
    const seconds = bench.quick ? 0.3 : 1.5
    const warmUp = bench.quick ? 0.3 : 3
    const rounds = bench.quick ? 1 : 7
    const steps: Step[] = CLIENTS.map((contender) => ({
      label: `client, warm-up, ${contender.name}`,
      seconds: warmUp + 0.5,
      run: () =>
        bench.attempt(contender, 'client', async () => {
          const started = start(bench, contender)
          processes.set(contender.name, started)
          const load = await started
          await load.call('connect', { count: 1 })
          await load.call('calls', { concurrency: 16, seconds: warmUp })
        }),
    }))
    for (const n of CONCURRENCY) {
      steps.push(
        ...bench.inTurn(`client calls ${n}`, seconds + 0.1, rounds, CLIENTS, async (contender, round) => {
          const load = await processes.get(contender.name)
          if (load !== undefined) await calls(bench, contender, load, n, seconds, round)
        }),
      )
    }
    steps.push({
      label: 'client, done with calls',
      seconds: 0.5,
      run: async () => {
        for (const started of processes.values()) await (await started).stop()
      },
    })
    steps.push(
      ...bench.inTurn('client connected', 2, bench.quick ? 1 : 3, CLIENTS, (contender, round) =>
        connected(bench, contender, round),
      ),
    )
    const families = CLIENTS.filter(({ name, family }) => name === family)
    steps.push(
      ...bench.inTurn('client import', 0.5, bench.quick ? 1 : 9, families, (contender, round) =>
        imported(bench, contender, round),
      ),
    )
    return steps
  },
}

async function start(bench: Bench, contender: Contender): Promise<LoadProcess> {
  const { wire, mode } = contender
  const ours = CONTENDERS.find((each) => each.family === 'barewire' && each.wire === wire)
  if (ours === undefined) throw new Error(`barewire has no server for ${wire}`)
  const { port } = await bench.server(ours)
  const load = await startLoad(bench.build.path('bench/load/client-child.ts'), bench.cores.load)
  const module = pathToFileURL(bench.modulePath(contender)).href
  await load.call('use', { module, url: `http://127.0.0.1:${port}/mcp`, contender: { wire, mode } })
  return load
}

async function calls(
  bench: Bench,
  { name: contender }: Contender,
  load: LoadProcess,
  n: number,
  seconds: number,
  round: number,
): Promise<void> {
  const figures = await load.call<CallFigures>('calls', { concurrency: n, seconds })
  const key = { part: 'client', case: 'calls', n, contender }
  const add = (metric: string, unit: string, value: number) =>
    bench.collector.add({ ...key, metric }, unit, value, round)
  add('throughput', 'calls/s', figures.calls / figures.seconds)
  add('calls-per-cpu-second', 'calls', figures.calls / figures.cpuSeconds)
  add('cpu', 'us/call', (figures.cpuSeconds / figures.calls) * 1e6)
}

async function connected(bench: Bench, contender: Contender, round: number): Promise<void> {
  const load = await start(bench, contender)
  try {
    // What the first one loads is not what each of them holds.
    await load.call('connect', { count: 2 })
    const before = await load.call<Memory>('memory')
    await load.call('connect', { count: CONNECTED })
    const after = await load.call<Memory>('memory')
    const held = after.heap + after.external - before.heap - before.external
    const key = { part: 'client', case: 'connected', n: CONNECTED, contender: contender.name }
    bench.collector.add({ ...key, metric: 'heap' }, 'bytes/client', held / CONNECTED, round)
    await load.call('close')
  } finally {
    await load.stop()
  }
}

async function imported(bench: Bench, { family }: Contender, round: number): Promise<void> {
  const modules = importsOf((source) => bench.build.path(source))[family] ?? []
  const key = { part: 'client', case: 'import', n: 1, contender: family }
  const imports = modules.map((name) => `await import(${JSON.stringify(name)})`).join('\n')
  const program = `const began = performance.now()\n${imports}\nprocess.stdout.write(String(performance.now() - began))`
  const { stdout, stderr } = await run(bench.node, ['--input-type=module', '-e', program], { cwd: ROOT })
  if (!(Number(stdout) > 0)) throw new Error(stderr)
  bench.collector.add({ ...key, metric: 'time' }, 'ms', Number(stdout), round)
  if (round === 0) bench.collector.add({ ...key, metric: 'bytes' }, 'bytes', await bytesOf(modules))
}

/** Of the files that an import loads; those that `import()` loads later are not counted. */
async function bytesOf(modules: readonly string[]): Promise<number> {
  const { metafile } = await build({
    stdin: {
      contents: modules.map((name) => `import ${JSON.stringify(name)}`).join('\n'),
      resolveDir: ROOT,
      sourcefile: 'imports.js',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    // Packages say that nothing happens when they are imported, and would be left out.
    ignoreAnnotations: true,
    metafile: true,
    logLevel: 'silent',
  })
  const { inputs } = metafile
  const loaded = new Set(['imports.js'])
  for (const path of loaded) {
    for (const { path: next, kind, external } of inputs[path]?.imports ?? []) {
      if (kind !== 'dynamic-import' && external !== true) loaded.add(next)
    }
  }
  loaded.delete('imports.js')
  return [...loaded].reduce((sum, path) => sum + (inputs[path]?.bytes ?? 0), 0)
}
