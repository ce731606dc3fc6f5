/**
 * `npm run conformance:sdk`: the official conformance suite against a program that is written for the official SDK
 * (test/sdk/programs/everything.ts), on it and on the facade. The facade is never worse: whatever check passes on the SDK
 * passes on the facade.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LIBRARIES, type Library, nodeArguments } from '../test/sdk/run-program.ts'
import { run } from './lib/child.ts'
import { readRun, tableLine } from './lib/conformance-report.ts'
import { findNode, ownMajor } from './lib/find-node.ts'
import { installApart } from './lib/install-apart.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const home = join(root, 'test', 'conformance')
const ARGS = ['--suite', 'all', '--spec-version', '2025-11-25']

const suite = await installApart(home, '@modelcontextprotocol/conformance')
const node = ownMajor >= 22 ? process.execPath : await findNode(22)
const lines = [tableLine(['library', 'scenarios', 'passed', 'failed', 'warned', 'skipped'])]
const complaints = new Map<Library, ReadonlySet<string>>()
for (const library of LIBRARIES) complaints.set(library, await test(library))
console.log(lines.join('\n'))
const worse = [...(complaints.get('facade') ?? [])].filter(
  (each) => complaints.get('sdk')?.has(each) !== true,
)
const better = [...(complaints.get('sdk') ?? [])].filter(
  (each) => complaints.get('facade')?.has(each) !== true,
)
for (const each of better) console.log(`on the SDK alone: ${each}`)
for (const each of worse) console.error(`on the facade alone: ${each}`)
process.exitCode = worse.length === 0 ? 0 : 1

/** @returns the checks that did not pass */
async function test(library: Library): Promise<ReadonlySet<string>> {
  const { child, port } = await start(library)
  const results = join(home, 'results', `sdk-program-${library}`)
  rmSync(results, { recursive: true, force: true })
  try {
    const cli = [join(suite, 'dist', 'index.js'), 'server', '--url', `http://localhost:${port}/mcp`]
    await run(node, [...cli, ...ARGS, '-o', results], { cwd: home })
  } finally {
    child.kill('SIGKILL')
  }
  const report = readRun(results)
  if (report.scenarios === 0) throw new Error(`no scenario did run on ${library}`)
  const count = (status: string) => report.counts.get(status) ?? 0
  const counts = [count('SUCCESS'), count('FAILURE'), count('WARNING'), count('SKIPPED')]
  lines.push(tableLine([library, report.scenarios, ...counts]))
  return new Set(report.complaints.map(({ scenario, check, status }) => `${scenario}: ${check} ${status}`))
}

function start(library: Library): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(join(root, 'test', 'sdk', 'programs', 'everything.ts'), [], {
    cwd: root,
    execArgv: nodeArguments(library),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) => resolve({ child, port }))
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}`)))
  })
}
