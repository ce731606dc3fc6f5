/**
 * `npm test [-- --all filter... --node-option=value...]`: collects the test files and hands them to node's own runner.
 * It leaves out those that take long (lib/collect-tests.ts); `--all` takes them too.
 *
 * Node 20 has no glob for `--test`, and its default search would also pick up fixtures, so the files are named
 * one by one. An argument that starts with `-` goes to node as it is (write options as `--name=value`); any
 * other argument is a part of a path: only files whose path contains one of these parts run, however long they take.
 * `--without=part` leaves out files whose path contains it. No file at all is a failure, because a run that tested
 * nothing must not look like a success.
 *
 * Several processes run at a time, each with the files of one group (lib/group-tests.ts), from code that is transpiled
 * once (lib/transpile.ts).
 *
 * Not here: the attacks of test/robustness/attacks/, which run for a minute, unless an argument names them (`npm run
 * attacks`); the conformance suite (conformance.ts), which needs a server and a newer Node.
 */
import { spawn } from 'node:child_process'
import { availableParallelism, constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { collectTests, isAttack, isQuick } from './lib/collect-tests.ts'
import { groupTests, writeGroups } from './lib/group-tests.ts'
import { transpile } from './lib/transpile.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const args = process.argv.slice(2)
const WITHOUT = '--without='
const all = args.includes('--all')
const options = args.filter((arg) => arg.startsWith('-') && arg !== '--all' && !arg.startsWith(WITHOUT))
const without = args.filter((arg) => arg.startsWith(WITHOUT)).map((arg) => arg.slice(WITHOUT.length))
const filters = args.filter((arg) => !arg.startsWith('-'))
const found = collectTests(root, filters).filter((file) => !without.some((part) => file.includes(part)))
const files = filters.length > 0 ? found : found.filter(all ? (file) => !isAttack(file) : isQuick)
const isWhole = filters.length > 0 || all

if (files.length === 0) {
  console.error(
    `no test file under test/ matches ${filters.length === 0 ? '*.test.ts' : filters.join(' or ')}`,
  )
  process.exit(1)
}

const reporter = options.some((option) => option.startsWith('--test-reporter'))
  ? []
  : ['--test-reporter=spec']
const sources = await transpile(root)
const programs = writeGroups(groupTests(files), root, sources.folder)
const child = spawn(
  process.execPath,
  [
    ...['--import', './scripts/lib/transpiled-loader.mjs', '--import', './scripts/check-warnings.ts'],
    ...[...reporter, ...sideBySide(), ...(isWhole ? [] : lessCompiling()), ...options, '--test', ...programs],
  ],
  {
    cwd: root,
    stdio: 'inherit',
    // A key of whoever runs the tests would change the session ids that they expect.
    env: { ...process.env, TRANSPILED_SOURCES: sources.folder, BAREWIRE_SESSION_KEY: undefined },
  },
)
// The child reports what it has and ends; only then is the folder no longer needed.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('error', (cause) => {
  console.error(`cannot start ${process.execPath}: ${cause.message}`)
  sources.remove()
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  sources.remove()
  if (!isWhole)
    console.log(
      `${found.length - files.length} of ${found.length} test files left out, which take long: npm test -- --all`,
    )
  // 128 + signal number is how a shell reports a child that a signal ended.
  process.exitCode = code ?? (signal === null ? 1 : 128 + constants.signals[signal])
})

/**
 * Node's own choice is one process fewer than processors, which leaves one of two idle. Two more than processors, since
 * a test often waits. Node knows the option from 20.10 on.
 */
function sideBySide(): string[] {
  return major > 20 || minor >= 10 ? [`--test-concurrency=${availableParallelism() + 2}`] : []
}

/**
 * Most of what a test runs, it runs a few times only. V8 of Node 20 optimizes code so soon that this takes a tenth of the
 * processors' time; here it begins later, and has its quick compiler before. Later versions have other options.
 */
function lessCompiling(): string[] {
  return major === 20 ? ['--sparkplug', '--interrupt-budget=1000000'] : []
}
