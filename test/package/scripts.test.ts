/**
 * The project's own tools against made-up inputs: a tool that reports success for nothing would make every other
 * proof worthless.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transformSync } from 'esbuild'
import { run, start } from '../../scripts/lib/child.ts'
import { collectTests, isAttack, isQuick } from '../../scripts/lib/collect-tests.ts'
import { findReasons, readRun } from '../../scripts/lib/conformance-report.ts'
import { groupTests, writeGroups } from '../../scripts/lib/group-tests.ts'
import { restoreLines } from '../../scripts/lib/transpile.ts'
import { isDefectWarning } from '../../scripts/lib/warnings.ts'
import { typescript } from '../helpers/typescript.ts'
import { folder } from './folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('collectTests', () => {
  test('finds test files at any depth, sorted, but no fixtures, installed packages or the official suite', (t) => {
    const home = folder(t, {
      'test/b.test.ts': '',
      'test/a/deep/c.test.ts': '',
      'test/fixture/server.ts': '',
      'test/conformance/x.test.ts': '',
      'test/a/node_modules/p/y.test.ts': '',
      'src/z.test.ts': '',
    })
    assert.deepEqual(collectTests(home, []), ['test/a/deep/c.test.ts', 'test/b.test.ts'])
    assert.deepEqual(collectTests(home, ['./test/b']), ['test/b.test.ts'])
    assert.deepEqual(collectTests(home, ['nothing']), [])
  })
  test('finds nothing where there is no test folder', (t) =>
    assert.deepEqual(collectTests(folder(t, {}), []), []))
})

test('npm test leaves out attacks, and what starts the programs of others', () => {
  const files = collectTests(root, [])
  const quick = files.filter(isQuick)
  assert.ok(quick.length > files.length / 2)
  for (const part of ['redis/', 'proxies/', 'browser/', 'interop/', 'cluster/', 'package/pack.', '/attacks/'])
    assert.ok(files.some((file) => file.includes(part)) && !quick.some((file) => file.includes(part)), part)
  assert.deepEqual(
    files.filter(isAttack),
    files.filter((file) => file.startsWith('test/robustness/attacks/')),
  )
})

describe('groupTests', () => {
  test('puts the files of one folder into groups of at most 12, the largest first, behind those that need a process of their own', () => {
    const files = Array.from({ length: 13 }, (_, i) => `test/sse/${i % 2 === 0 ? '' : 'deep/'}${i}.test.ts`)
    const alone = ['test/redis/a.test.ts', 'test/redis/b.test.ts', 'test/robustness/attacks/c.test.ts']
    const groups = groupTests(['test/a.test.ts', ...alone, ...files])
    const expected = [...alone.map((file) => [file]), files.slice(0, 12), ['test/a.test.ts'], files.slice(12)]
    assert.deepEqual(groups, expected)
  })
  test('writeGroups imports the files of a group in order, from modules whose names have the order of the groups', (t) => {
    const home = folder(t, {})
    const groups = [
      ['test/b.test.ts'],
      ...Array.from({ length: 10 }, () => ['test/a/c.test.ts', 'test/a/d.test.ts']),
    ]
    const modules = writeGroups(groups, home, home)
    assert.deepEqual(modules.toSorted(), modules)
    const urls = ['c', 'd'].map((name) => pathToFileURL(join(home, `test/a/${name}.test.ts`)).href)
    assert.equal(
      readFileSync(modules.at(-1) ?? '', 'utf8'),
      urls.map((url) => `await import("${url}")\n`).join(''),
    )
  })
})

describe('scripts/test.ts', () => {
  test('--without leaves files out, and none that is left is a failure', async () => {
    const args = [...typescript, 'scripts/test.ts', 'sse/event-id', '--without=event-']
    const { code, stderr } = await run(process.execPath, args, { cwd: root })
    assert.equal(code, 1)
    assert.match(stderr, /no test file/)
  })

  test('fails when no file matches', async () => {
    const args = [...typescript, 'scripts/test.ts', 'no-such-test']
    const { code, stderr } = await run(process.execPath, args, { cwd: root })
    assert.equal(code, 1)
    assert.match(stderr, /no test file under test\/ matches no-such-test/)
  })
  test('runs the tests that a part of a path and a name pattern select, and ends with the summary', async () => {
    const args = [...typescript, 'scripts/test.ts', 'sse/event-id', '--test-name-pattern=parse']
    // A test process that starts a runner must not have it report to its own runner.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { code, stdout } = await run(process.execPath, args, { cwd: root, env })
    assert.equal(code, 0, stdout)
    const tests = Number(/^ℹ tests (\d+)$/m.exec(stdout)?.[1])
    assert.ok(tests > 0, stdout)
    assert.match(stdout, /^ℹ pass \d+\nℹ fail 0\n(ℹ \w+ [\d.]+\n)+\n*$/m)
  })
})

describe('restoreLines', () => {
  const options = { format: 'esm', target: 'es2023', minifyWhitespace: true, legalComments: 'none' } as const
  const restore = (source: string) => {
    const { code, map } = transformSync(source, { ...options, loader: 'ts', sourcemap: 'external' })
    return { code, restored: restoreLines(code, JSON.parse(map).mappings) }
  }

  test('leaves every statement where it is in the source, behind types, comments and template literals', () => {
    const source = `
interface Gone {
  a: string
}
/** A comment. */
export function f(a: string,
  b: Gone): string {
  // Another.
  if (a === \`one\\ntwo \${b.a}\\n\`)
    throw new Error(\`\${a}
      and more\`)
  switch (b.a) {
    case 'x':
      return f(a,
        b)
  }
  const s = String.raw\`\\n \${a}
    y\`
  return s
}`
    const { restored } = restore(source)
    const lines = restored.split('\n')
    for (const [line, text] of source.split('\n').entries()) {
      const word = /^ *(?:export )?(function|if|throw|switch|case|return|const)\b/.exec(text)?.[1]
      if (word !== undefined) assert.ok(lines[line]?.includes(word), `line ${line + 1} of\n${restored}`)
    }
  })
  test('changes nothing but white space outside of strings, in every file of src', () => {
    const src = join(root, 'src')
    const names = (readdirSync(src, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts'))
    assert.ok(names.length > 0)
    for (const name of names) {
      const { code, restored } = restore(readFileSync(join(src, name), 'utf8'))
      assert.equal(transformSync(restored, { ...options, loader: 'js' }).code, code, name)
    }
  })
})

describe('check-warnings', () => {
  test('turns a leak and an own deprecated call into failures, and leaves other warnings alone', async () => {
    const emit = (name: string) => {
      const program = `process.emitWarning('made up', '${name}')`
      const args = [
        ...typescript,
        '--import',
        './scripts/check-warnings.ts',
        '--input-type=module',
        '-e',
        program,
      ]
      return run(process.execPath, args, { cwd: root })
    }
    assert.equal((await emit('MaxListenersExceededWarning')).code, 1)
    assert.equal((await emit('DeprecationWarning')).code, 1)
    assert.equal((await emit('ExperimentalWarning')).code, 0)
  })
  test('does not blame us for a deprecated call inside an installed package', () => {
    const warning = Object.assign(new Error('old'), { name: 'DeprecationWarning' })
    warning.stack = 'DeprecationWarning: old\n    at f (/project/node_modules/p/index.js:1:1)'
    assert.equal(isDefectWarning(warning), false)
  })
})

describe('conformance report', () => {
  const at = '2026-01-02T03-04-05-678Z'
  const checks = (...statuses: string[]) =>
    JSON.stringify(statuses.map((status) => ({ id: 'check', status, errorMessage: 'because' })))

  test('is clean when every expected scenario ran and each check passed, informed or was skipped with leave', (t) => {
    const home = folder(t, {
      [`server-ping-${at}/checks.json`]: checks('SUCCESS', 'INFO'),
      [`server-tools-list-${at}/checks.json`]: checks('SUCCESS', 'SKIPPED'),
    })
    const report = readRun(home, new Set(['tools-list', 'prompts-list']))
    assert.deepEqual([...report.skipped], ['tools-list'])
    assert.deepEqual(
      [...report.counts],
      [
        ['SUCCESS', 2],
        ['INFO', 1],
        ['SKIPPED', 1],
      ],
    )
    assert.deepEqual(findReasons(report, 2, 0), [])
  })
  for (const status of ['FAILURE', 'WARNING', 'SKIPPED', 'A-NEW-WORD']) {
    test(`is not clean with a check that ended in ${status}, though the suite ended with 0`, (t) => {
      const home = folder(t, { [`server-ping-${at}/checks.json`]: checks('SUCCESS', status) })
      assert.deepEqual(findReasons(readRun(home), 1, 0), [`${status} ping / check: because`])
    })
  }
  test('is not clean when nothing ran, a scenario is missing or empty, or the suite failed', (t) => {
    assert.equal(findReasons(readRun('/no/such/folder'), 33, 0).length, 1)
    const one = readRun(folder(t, { [`server-ping-${at}/checks.json`]: checks('SUCCESS') }))
    assert.match(findReasons(one, 2, 0)[0] ?? '', /1 scenarios ran, expected 2/)
    assert.match(findReasons(one, 1, 1)[0] ?? '', /exit code 1/)
    assert.match(findReasons(one, 1, null)[0] ?? '', /killed/)
    const empty = readRun(folder(t, { [`server-ping-${at}/other.json`]: '' }))
    assert.match(findReasons(empty, 1, 0)[0] ?? '', /EMPTY ping/)
  })
  test('is not clean when the client under test did nothing, though no check failed', (t) => {
    const idle = readRun(folder(t, { [`auth/ping-${at}/checks.json`]: checks('INFO', 'INFO') }))
    assert.match(findReasons(idle, 1, 0)[0] ?? '', /IDLE auth\/ping/)
  })
})

describe('start', () => {
  test('rejects with what the program printed when it ends before the awaited line', async () => {
    const program = "console.log('half'); console.error('broken'); process.exit(3)"
    const starting = start(process.execPath, ['-e', program], /listening/)
    await assert.rejects(starting, /ended early \(exit code 3\)[\s\S]*half[\s\S]*broken/)
  })
  test('gives the match, and stop() ends the program', async () => {
    const program = 'setInterval(() => {}, 1000); console.log("pid", process.pid)'
    const started = await start(process.execPath, ['-e', program], /pid (\d+)/)
    const pid = Number(started.match[1])
    assert.equal(process.kill(pid, 0), true)
    await started.stop()
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  })
})
