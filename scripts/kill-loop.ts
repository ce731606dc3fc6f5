/**
 * `npm run kill-loop -- [--minutes 2] [--mode term|kill|term-outage|kill-outage] [--clients 60] [--lease-ms 10000]`: the
 * kill loop of test/cluster/load/, once in each mode, for so many minutes each.
 *
 *    term          every 5 s a node is replaced, by SIGTERM
 *    kill          the same by SIGKILL
 *    ...-outage    and in between the store is restarted, and paused for 20 s
 *
 * Prints what was done and what was wrong; nothing may be. With `--histories FOLDER` what the clients saw is written
 * there, as JSON lines.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type KillLoopReport, killLoop } from '../test/cluster/load/kill-loop.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    mode: { type: 'string', multiple: true, default: ['term', 'kill', 'term-outage', 'kill-outage'] },
    clients: { type: 'string', default: '60' },
    'lease-ms': { type: 'string', default: '10000' },
    'pause-ms': { type: 'string', default: '20000' },
    client: { type: 'string', default: 'node-redis' },
    seed: { type: 'string', default: '1' },
    histories: { type: 'string' },
  },
})

for (const mode of values.mode) {
  if (!/^(term|kill)(-outage)?$/.test(mode)) {
    throw new Error(`unknown mode "${mode}", expected term, kill, term-outage or kill-outage`)
  }
  const report = await killLoop({
    signal: mode.startsWith('term') ? 'SIGTERM' : 'SIGKILL',
    durationMs: Number(values.minutes) * 60_000,
    clients: Number(values.clients),
    replaceEveryMs: 5000,
    leaseMs: Number(values['lease-ms']),
    drainMs: 8000,
    pauseMs: mode.endsWith('-outage') ? Number(values['pause-ms']) : 0,
    redisClient: values.client === 'ioredis' ? 'ioredis' : 'node-redis',
    seed: Number(values.seed),
  })
  print(mode, report)
  if (report.problems.length > 0) process.exitCode = 1
  if (values.histories !== undefined) {
    mkdirSync(values.histories, { recursive: true })
    const lines = report.entries.map((entry) => JSON.stringify(entry))
    writeFileSync(join(values.histories, `${mode}.jsonl`), `${lines.join('\n')}\n`)
  }
}

function print(mode: string, report: KillLoopReport): void {
  const outcomes = [...report.outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
  console.log(
    `${mode}: ${report.replaced} nodes replaced, ${report.calls} calls (${outcomes}), ${report.messages} messages, ` +
      `the slowest call took ${report.slowestMs} ms beyond its work, lag ${report.lagMs} ms`,
  )
  for (const error of report.errors) console.log(`  onError: ${error}`)
  for (const problem of report.problems.slice(0, 50)) console.log(`  PROBLEM ${problem}`)
  if (report.problems.length > 50) console.log(`  and ${report.problems.length - 50} more`)
}
