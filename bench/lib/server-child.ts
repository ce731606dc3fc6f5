/**
 * The process around a contender: `node --expose-gc server-child.js MODULE SETUP`. It imports the module, starts the
 * server, says on the IPC channel where it listens, and answers questions about itself there.
 */

import { answerCalls } from './remote.ts'
import type { Running, Setup, Start } from './setup.ts'

export interface Memory {
  /** Live JavaScript objects after collection, in bytes. */
  readonly heap: number
  /** Buffers and other memory that belongs to objects of the heap, in bytes. */
  readonly external: number
  /** What the operating system has given to the process, in bytes. */
  readonly rss: number
}

export interface Cpu {
  /** User and system time of the process, in microseconds. */
  readonly cpu: number
  /** Of a clock that all processes of the machine share, in microseconds. */
  readonly at: number
}

const [, , modulePath = '', setupText = '{}'] = process.argv
// A failing server must not look like a slow one.
process.on('unhandledRejection', (error) => {
  console.error(error)
  process.exit(70)
})
const { start } = (await import(modulePath)) as { start: Start }
const running: Running = await start(JSON.parse(setupText) as Setup)

answerCalls({
  memory,
  cpu: (): Cpu => {
    const { user, system } = process.cpuUsage()
    return { cpu: user + system, at: now() }
  },
  change: () => {
    if (running.change === undefined) throw new Error('this server cannot announce a change')
    const at = now()
    running.change()
    return at
  },
  changeBare: () => {
    if (running.changeBare === undefined) throw new Error('this server has no bare way to announce a change')
    const at = now()
    running.changeBare()
    return at
  },
  sessions: () => running.sessions?.() ?? null,
})
process.send?.({ port: running.port, canChange: running.change !== undefined })

/** Collects until the heap does not shrink any more: one collection leaves what finalizers and caches let go of. */
async function memory(): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('the server was started without --expose-gc')
  let last = Number.POSITIVE_INFINITY
  for (let i = 0; i < 12; i++) {
    gc()
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    const { heapUsed } = process.memoryUsage()
    if (i > 2 && last - heapUsed < 2048) break
    last = heapUsed
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed, external, rss }
}

function now(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
