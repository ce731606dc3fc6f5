/**
 * `npm run conformance [-- --carrier node|fetch|cluster] [--url URL] [run-name...]`: the official MCP conformance suite against our
 * fixture, on one of its carriers. `cluster`: on three nodes that share a Redis, where each request reaches another one.
 *
 * Clean means: every scenario that the pinned suite has for a run did run, no check ended in FAILURE or WARNING,
 * whether the revision scores it or not, and none was skipped but those that are named. The suite lives in test/conformance/ with a lock file of its
 * own and needs Node 22 or newer; the server under test runs on the Node that runs this script.
 *
 * With `--url`, a server that is already running is tested instead of the fixture. Results, one `checks.json` a
 * scenario, stay in test/conformance/results/.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { run, start } from './lib/child.ts'
import { findReasons, readRun, tableLine } from './lib/conformance-report.ts'
import { acceptedSkips, conformanceRuns } from './lib/conformance-runs.ts'
import { findNode, ownMajor } from './lib/find-node.ts'
import { installApart } from './lib/install-apart.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const home = join(root, 'test', 'conformance')

const { values, positionals } = parseArgs({
  options: { url: { type: 'string' }, carrier: { type: 'string', default: 'node' } },
  allowPositionals: true,
})
for (const name of positionals) {
  if (conformanceRuns.some((known) => known.name === name)) continue
  const names = conformanceRuns.map((known) => known.name).join(', ')
  console.error(`unknown run "${name}", expected one of: ${names}`)
  process.exit(1)
}
const runs = conformanceRuns.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

const suite = await installApart(home, '@modelcontextprotocol/conformance')
const node = ownMajor >= 22 ? process.execPath : await findNode(22)
const fixture = values.url === undefined ? await startFixture() : undefined
const url = values.url ?? fixture?.match[1] ?? ''
try {
  process.exitCode = (await runAll(url)) ? 0 : 1
} finally {
  await fixture?.stop()
}

function startFixture() {
  const { carrier } = values
  const program =
    carrier === 'cluster'
      ? ['test/cluster/serve.ts']
      : ['test/fixture/server.ts', '--port', '0', '--carrier', carrier]
  const args = ['--import', 'tsx', ...program]
  return start(process.execPath, args, /listening on (http:\/\/\S+)/, { cwd: root })
}

/** Runs every row of the table, prints the outcome, and says whether all were clean. */
async function runAll(target: string): Promise<boolean> {
  const lines = [tableLine(['run', 'scenarios', 'passed', 'failed', 'warned', 'skipped', 'other', 'verdict'])]
  const skipped = new Set<string>()
  let clean = true
  for (const { name, args, scenarios } of runs) {
    const results = join(home, 'results', name)
    rmSync(results, { recursive: true, force: true })
    const cli = [join(suite, 'dist', 'index.js'), 'server', '--url', target, ...args, '-o', results]
    const finished = await run(node, cli, { cwd: home })
    const report = readRun(results, acceptedSkips)
    const reasons = findReasons(report, scenarios, finished.code)
    for (const reason of reasons) console.error(`${name}: ${reason}`)
    if (report.scenarios === 0) console.error(`${finished.stdout}${finished.stderr}`)
    clean &&= reasons.length === 0

    const count = (status: string) => report.counts.get(status) ?? 0
    const named = [count('SUCCESS'), count('FAILURE'), count('WARNING'), count('SKIPPED')]
    const sum = (counts: Iterable<number>) => [...counts].reduce((total, n) => total + n, 0)
    const other = sum(report.counts.values()) - sum(named)
    const verdict = reasons.length === 0 ? 'clean' : 'NOT CLEAN'
    lines.push(tableLine([name, report.scenarios, ...named, other, verdict]))
    for (const scenario of report.skipped) skipped.add(scenario)
  }
  for (const scenario of skipped) lines.push(`skipped: ${scenario}: ${acceptedSkips.get(scenario)}`)
  console.log(lines.join('\n'))
  return clean
}
