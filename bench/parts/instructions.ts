/**
 * `instructions`: what one `tools/call` makes the server's processor do, counted by callgrind (valgrind) and not timed.
 * Nearly the same on a busy machine as on a quiet one: runs of the same code differ by about 2 %.
 *
 * Measured: instructions of the process per call, those of the engine and of its collector included; and misses of a
 * second-level cache of 512 KiB. Not the kernel's: `strace -c` counts system calls, which are the same for the floor.
 *
 * Defeated: a cold engine (as many calls again come first). One process, and one count: there is nothing to take a
 * median of.
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../scripts/lib/child.ts'
import { type Contender, isPeer } from '../contenders/index.ts'
import type { Bench, Part } from '../lib/bench.ts'
import { ask, expectText } from '../lib/check-answer.ts'
import { openSessions } from '../lib/open-sessions.ts'
import { type ServerProcess, startServer } from '../lib/process.ts'
import { callTool } from '../lib/wire.ts'
import type { RequestFigures } from '../load/requests.ts'
import { openSession } from './latency.ts'

const TEXT = 'hello benchmark'
const CONNECTIONS = 64
/** Size, ways and bytes of a line, of the caches that callgrind models. */
const CACHES = ['--cache-sim=yes', '--I1=32768,8,64', '--D1=32768,8,64', '--LL=524288,8,64']

export const instructions: Part = {
  name: 'instructions',
  about: 'instructions and cache misses of a tools/call, counted by valgrind',
  byNameOnly: true,
  plan(bench) {
    if (spawnSync('callgrind_control', ['--version'], { stdio: 'ignore' }).status !== 0) {
      bench.collector.note('instructions needs valgrind, whose callgrind_control was not found')
      return []
    }
    const calls = bench.quick ? 500 : 15_000
    const contenders = bench
      .able('instructions')
      .filter((contender) => !isPeer(contender) && contender.wire !== 'sessionless')
    return contenders.map((contender) => ({
      label: `instructions, ${contender.name}`,
      seconds: 40 + calls / 140,
      run: () => bench.attempt(contender, 'instructions', () => count(bench, contender, calls)),
    }))
  },
}

async function count(bench: Bench, contender: Contender, calls: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-bench-'))
  const output = join(folder, 'counts')
  // Without `smc-check` valgrind would go on running code that V8 has replaced.
  const valgrind = [
    '--tool=callgrind',
    '--smc-check=all-non-file',
    `--callgrind-out-file=${output}`,
    ...CACHES,
  ]
  try {
    const server = await startServer(bench.modulePath(contender), bench.setupOf(contender), {
      ...bench.spawnOptions(),
      under: ['valgrind', ...valgrind],
    })
    const requests = await countedLoad(bench, contender, server, calls).finally(() => server.stop())
    const counts = readCounts(readFileSync(`${output}.2`, 'latin1'))
    const key = { part: 'instructions', case: 'echo', n: CONNECTIONS, contender: contender.name }
    const add = (metric: string, value: number) =>
      bench.collector.add({ ...key, metric }, `${metric}/call`, value / requests, 0)
    add('instructions', counts.instructions)
    add('misses', counts.misses)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns the number of calls that the second file of counts is about; the first is of what came before */
async function countedLoad(
  bench: Bench,
  contender: Contender,
  server: ServerProcess,
  calls: number,
): Promise<number> {
  const load = await bench.load
  const { wire, version } = contender
  const { port, pid } = server
  const group = `instructions ${contender.name}`
  const sessionId = await openSession(contender, port)
  expectText(await ask(port, callTool(wire, 'echo', { text: TEXT }, { sessionId, version })), TEXT)
  if (wire === 'session') await openSessions(load, contender, { group, port, count: CONNECTIONS })
  let counted = 0
  for (let file = 1; file <= 2; file++) {
    const { requests } = await load.call<RequestFigures>('loadRequests', {
      port,
      connections: CONNECTIONS,
      amount: calls,
      request: callTool(wire, 'echo', { text: TEXT }, { version }),
      ...(wire === 'session' && { group }),
      status: 200,
      needle: TEXT,
    })
    counted = requests
    // Writes what was counted, and begins anew.
    const { code, stderr } = await run('callgrind_control', ['--dump', `${pid}`])
    if (code !== 0) throw new Error(`callgrind_control: ${stderr}`)
  }
  return counted
}

/**
 * Reads the totals of a file that callgrind wrote.
 *
 * @throws {Error} when it has none
 */
export function readCounts(text: string): { readonly instructions: number; readonly misses: number } {
  const names = /^events: (.+)$/m.exec(text)?.[1]?.split(' ') ?? []
  const values = /^(?:summary|totals): (.+)$/m.exec(text)?.[1]?.split(' ').map(Number) ?? []
  const of = (name: string) => {
    const value = values[names.indexOf(name)]
    if (value === undefined || Number.isNaN(value)) throw new Error(`callgrind counted no ${name}`)
    return value
  }
  return { instructions: of('Ir'), misses: of('ILmr') + of('DLmr') + of('DLmw') }
}
