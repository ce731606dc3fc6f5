/**
 * `npm run conformance [-- --carrier node|fetch|http2|cluster] [--url URL] [run-name...]`: the official MCP conformance
 * suite against our fixture, on one of its carriers; for `http2` the suite is made to speak HTTP/2. `cluster`: on three
 * nodes that share a Redis, where each request reaches another one.
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
import { type Complaint, findReasons, readRun, tableLine } from './lib/conformance-report.ts'
import { acceptedSkips, conformanceRuns } from './lib/conformance-runs.ts'
import { findNode, ownMajor } from './lib/find-node.ts'
import { installApart } from './lib/install-apart.ts'

const PLAIN_HTTP = [
  'dns-rebinding-protection',
  'http-header-validation',
  'http-custom-header-server-validation',
]
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
const [, certificate, ownUrl] = fixture?.match ?? []
const url = values.url ?? ownUrl ?? ''
const offersHttp2 = values.carrier === 'http2' ? ['--import', join(home, 'http2.mjs')] : []
/** Scenarios in which the suite sends its requests by node:http, and for another host than that of a certificate. */
const plainHttp = new Set(values.carrier === 'http2' ? PLAIN_HTTP : [])
const isOfServer = ({ scenario }: Complaint) => !plainHttp.has(scenario)
const env = certificate === undefined ? process.env : { ...process.env, NODE_EXTRA_CA_CERTS: certificate }
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
  return start(process.execPath, args, /(?:NODE_EXTRA_CA_CERTS=(\S+)[\s\S]*)?listening on (https?:\/\/\S+)/, {
    cwd: root,
  })
}

/** Runs every row of the table, prints the outcome, and says whether all were clean. */
async function runAll(target: string): Promise<boolean> {
  const lines = [tableLine(['run', 'scenarios', 'passed', 'failed', 'warned', 'skipped', 'other', 'verdict'])]
  const skipped = new Set<string>()
  const notSeen = new Set<string>()
  let clean = true
  for (const { name, args, scenarios } of runs) {
    const results = join(home, 'results', name)
    rmSync(results, { recursive: true, force: true })
    const cli = [join(suite, 'dist', 'index.js'), 'server', '--url', target, ...args, '-o', results]
    const finished = await run(node, [...offersHttp2, ...cli], { cwd: home, env })
    const read = readRun(results, acceptedSkips)
    const [besides, complaints] = [new Set<string>(), read.complaints.filter(isOfServer)]
    for (const { scenario } of read.complaints) if (plainHttp.has(scenario)) besides.add(scenario)
    const report = { ...read, complaints }
    const reasons = findReasons(report, scenarios, besides.size > 0 ? 0 : finished.code)
    for (const scenario of besides) notSeen.add(scenario)
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
  for (const scenario of notSeen) lines.push(`not seen: ${scenario}: the suite speaks HTTP without TLS there`)
  console.log(lines.join('\n'))
  return clean
}
