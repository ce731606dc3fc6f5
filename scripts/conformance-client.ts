/**
 * `npm run conformance:client [-- run-name...]`: the official MCP conformance suite in its client mode, against
 * test/conformance/client.ts.
 *
 * Clean means: every scenario that the pinned suite has for a run did run, at least one check of each succeeded, and
 * none ended in FAILURE or WARNING, whether the revision scores it or not. A client that does nothing is "passed, 0 of
 * 0" for the suite, and not for us. The suite needs Node 22 or newer; the client runs on the Node that runs this script.
 *
 * Results, one folder a scenario with what the client printed, stay in test/conformance/results/.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildSync } from 'esbuild'
import { run } from './lib/child.ts'
import { acceptedClientSkips, conformanceClientRuns } from './lib/conformance-client-runs.ts'
import { findReasons, readRun, tableLine } from './lib/conformance-report.ts'
import { findNode, ownMajor } from './lib/find-node.ts'
import { installApart } from './lib/install-apart.ts'

const TIMEOUT_MS = 180_000

const root = fileURLToPath(new URL('..', import.meta.url))
const home = join(root, 'test', 'conformance')

const { positionals } = parseArgs({ allowPositionals: true })
for (const name of positionals) {
  if (conformanceClientRuns.some((known) => known.name === name)) continue
  const names = conformanceClientRuns.map((known) => known.name).join(', ')
  console.error(`unknown run "${name}", expected one of: ${names}`)
  process.exit(1)
}

const suite = await installApart(home, '@modelcontextprotocol/conformance')
const node = ownMajor >= 22 ? process.execPath : await findNode(22)
// All scenarios of a run begin at the same time: as one file the program starts in a tenth of the time that the
// transpiler takes, and none waits for so long that a server closes its connection. The suite splits the command at
// spaces, so that it must not hold a path with one.
const program = join('results', 'client.mjs')
buildSync({
  entryPoints: [join(home, 'client.ts')],
  outfile: join(home, program),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
})
const command = `node ${program}`

const lines = [tableLine(['run', 'scenarios', 'passed', 'failed', 'warned', 'skipped', 'other', 'verdict'])]
let clean = true
for (const { name, args, scenarios } of conformanceClientRuns) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const results = join(home, 'results', name)
  rmSync(results, { recursive: true, force: true })
  const cli = [
    join(suite, 'dist', 'index.js'),
    'client',
    '--command',
    command,
    '--timeout',
    String(TIMEOUT_MS),
  ]
  const finished = await run(node, [...cli, ...args, '-o', results], { cwd: home })
  const report = readRun(results, acceptedClientSkips)
  const reasons = findReasons(report, scenarios, finished.code)
  for (const reason of reasons) console.error(`${name}: ${reason}`)
  if (reasons.length > 0) console.error(`${finished.stdout}${finished.stderr}`)
  clean &&= reasons.length === 0
  const count = (status: string) => report.counts.get(status) ?? 0
  const named = [count('SUCCESS'), count('FAILURE'), count('WARNING'), count('SKIPPED')]
  const all = [...report.counts.values()].reduce((total, n) => total + n, 0)
  const other = all - named.reduce((total, n) => total + n, 0)
  lines.push(
    tableLine([name, report.scenarios, ...named, other, reasons.length === 0 ? 'clean' : 'NOT CLEAN']),
  )
}
console.log(lines.join('\n'))
process.exitCode = clean ? 0 : 1
