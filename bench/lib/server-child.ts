/**
 * The process around a contender: `node --expose-gc server-child.js MODULE SETUP`. It imports the module, starts the
 * server, says on the IPC channel where it listens, and answers questions about itself there.
 */

import { liveMemory } from './live-memory.ts'
import { answerCalls } from './remote.ts'
import type { Running, Setup, Start } from './setup.ts'

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
  memory: liveMemory,
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

function now(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
