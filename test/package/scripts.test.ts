/**
 * The project's own tools against made-up inputs: a tool that reports success for nothing would make every other
 * proof worthless.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transformSync } from 'esbuild'
import { findBuildFaults } from '../../scripts/lib/build-output.ts'
import { bundle, bundleAnywhere, bundleProgram, bundleTogether } from '../../scripts/lib/bundle.ts'
import { run, start } from '../../scripts/lib/child.ts'
import { collectTests } from '../../scripts/lib/collect-tests.ts'
import { findReasons, readRun } from '../../scripts/lib/conformance-report.ts'
import { ENTRIES } from '../../scripts/lib/entries.ts'
import { groupTests, writeGroups } from '../../scripts/lib/group-tests.ts'
import { restoreLines } from '../../scripts/lib/transpile.ts'
import { isDefectWarning } from '../../scripts/lib/warnings.ts'
import { typescript } from '../helpers/typescript.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A temporary folder with the given files, gone after the test. */
function folder(t: TestContext, files: Record<string, string>): string {
  const home = mkdtempSync(join(tmpdir(), 'barewire-scripts-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  return home
}

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

describe('groupTests', () => {
  test('puts the files of one folder into groups of at most 12, and those that need a process of their own first', () => {
    const files = Array.from({ length: 13 }, (_, i) => `test/sse/${i}.test.ts`)
    const alone = ['test/redis/a.test.ts', 'test/redis/b.test.ts', 'test/robustness/attacks/c.test.ts']
    const groups = groupTests(['test/a.test.ts', ...alone, ...files])
    const expected = [...alone.map((file) => [file]), ['test/a.test.ts'], files.slice(0, 12), files.slice(12)]
    assert.deepEqual(groups, expected)
  })
  test('writeGroups names a single file itself, and imports several in order', (t) => {
    const home = folder(t, {})
    const [single, several = ''] = writeGroups(
      [['test/a.test.ts'], ['test/b/c.test.ts', 'test/b/d.test.ts']],
      home,
      home,
    )
    assert.equal(single, 'test/a.test.ts')
    const urls = ['c', 'd'].map((name) => pathToFileURL(join(home, `test/b/${name}.test.ts`)).href)
    assert.equal(readFileSync(several, 'utf8'), urls.map((url) => `await import("${url}")\n`).join(''))
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

describe('build output', () => {
  const complete: Record<string, string> = {
    'index.js': "export { a } from './exports.cjs'",
    'exports.cjs': "const { a } = require('./index.cjs')",
    'index.cjs': '',
    'index.cjs.map': '{}',
    'index.d.ts': "export * from './index.cjs'",
    'index.d.cts': '',
  }

  test('findBuildFaults names a .ts specifier, a missing file and an import that finds nothing', (t) => {
    const core = ENTRIES.slice(0, 1)
    assert.deepEqual(findBuildFaults(folder(t, complete), core), [])
    const faults = (files: Record<string, string>) =>
      findBuildFaults(folder(t, { ...complete, ...files }), core).join()
    assert.match(faults({ 'index.cjs': "import('./b.ts')" }), /index\.cjs imports \.\/b\.ts/)
    assert.match(
      faults({ 'index.d.cts': "export * from './gone.cjs'" }),
      /imports gone\.d\.cts, which is not/,
    )
    assert.match(faults({ 'exports.cjs': "require('./gone.cjs')" }), /imports gone\.cjs, which is not/)
    assert.match(faults({ 'index.js': 'import{a}from"./gone.js"' }), /imports gone\.js, which is not/)
    for (const name of Object.keys(complete)) {
      const { [name]: _, ...others } = complete
      assert.match(findBuildFaults(folder(t, others), core).join(), new RegExp(`there is no ${name} in`))
    }
    assert.match(findBuildFaults('/no/such/folder')[0] ?? '', /there is no index\.js/)
  })
  test('bundle makes one module of a source and what it imports, and refuses one that needs a package', (t) => {
    const home = folder(t, {
      'a.ts':
        "import { join } from 'node:path'\nimport { b } from './b.ts'\nexport const a: string = join('a', b)",
      'b.ts': 'export const b: string = process.title',
      'needy.ts': "export { z } from 'zod'",
    })
    bundle(join(home, 'a.js'), join(home, 'a.ts'))
    const text = readFileSync(join(home, 'a.cjs'), 'utf8')
    assert.deepEqual(text.match(/require\("[^"]*"\)/g), ['require("node:path")'])
    const map = JSON.parse(readFileSync(join(home, 'a.cjs.map'), 'utf8'))
    assert.deepEqual(map.sources.sort(), ['a.ts', 'b.ts'])
    assert.throws(() => bundle(join(home, 'needy.js'), join(home, 'needy.ts')), /needs zod/)
  })
  test('bundleAnywhere writes what is loaded later as files of their own, for import and require; no node: modules', async (t) => {
    const home = folder(t, {
      'package.json': '{ "type": "module" }',
      'src/a.ts':
        "import { Own } from './shared.ts'\nexport const later = () => import('./part.ts')\nexport const isOwn = (x: unknown) => x instanceof Own",
      'src/part.ts': "import { Own } from './shared.ts'\nexport const make = () => new Own()",
      'src/shared.ts': 'export class Own {}',
      'src/needy.ts': "export { join } from 'node:path'",
    })
    await bundleAnywhere(home, { source: join(home, 'src', 'a.ts'), output: 'a' })
    const program = `
      import { createRequire } from 'node:module'
      for (const { isOwn, later } of [await import('./a.js'), createRequire(import.meta.url)('./a.cjs')]) {
        console.log(isOwn((await later()).make()))
      }`
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: home,
    })
    assert.equal(stdout, 'true\ntrue\n', stderr)
    const files = readdirSync(home).filter((name) => /\.c?js$/.test(name))
    const names = ['a', 'a-core', 'a-part'].flatMap((name) => [`${name}.cjs`, `${name}.js`])
    assert.deepEqual(files.sort(), names.sort())
    await assert.rejects(
      () => bundleAnywhere(home, { source: join(home, 'src', 'needy.ts'), output: 'needy' }),
      /needy needs node:path/,
    )
  })
  test('bundleProgram takes files of the package as they are, and can be started', async (t) => {
    const home = folder(t, {
      'package.json': '{ "type": "module" }',
      'src/program/index.ts':
        "#!/usr/bin/env node\nimport { a } from '../library/index.ts'\nconsole.log(a)\nexport {}",
      'src/library/index.ts': 'export const a = 1',
      'library.js': 'export const a = 2',
    })
    const files = new Map([['../library/index.ts', './library.js']])
    bundleProgram(join(home, 'program.js'), join(home, 'src', 'program', 'index.ts'), files)
    const { stdout, stderr } = await run(process.execPath, ['program.js'], { cwd: home })
    assert.equal(stdout, '2\n', stderr)
    assert.match(readFileSync(join(home, 'program.js'), 'utf8'), /^#!\/usr\/bin\/env node\n/)
    if (process.platform !== 'win32') assert.equal(statSync(join(home, 'program.js')).mode & 0o111, 0o111)
    assert.throws(
      () => bundleProgram(join(home, 'program.js'), join(home, 'src', 'gone.ts'), files),
      /gone\.ts/,
    )
  })
  test('bundleTogether puts what entries share into one module, so that its classes are the same in all', async (t) => {
    const home = folder(t, {
      'package.json': '{ "type": "module" }',
      'src/a.ts':
        "import { Own } from './shared.ts'\nexport { Own }\nexport const isOwn = (x: unknown) => x instanceof Own",
      'src/b.ts': "import { Own } from './shared.ts'\nexport const make = () => new Own()",
      'src/shared.ts':
        'export class Own { readonly #secret = 1; get secret(): number { return this.#secret } }',
    })
    const entries = ['a', 'b'].map((output) => ({ source: join(home, 'src', `${output}.ts`), output }))
    await bundleTogether(home, entries, [])
    assert.match(readFileSync(join(home, 'core.cjs'), 'utf8'), /#secret/)
    assert.doesNotMatch(readFileSync(join(home, 'a.cjs'), 'utf8'), /#secret/)
    const map = JSON.parse(readFileSync(join(home, 'core.cjs.map'), 'utf8'))
    assert.deepEqual(map.sources, ['src/shared.ts'])
    const program = `
      import { createRequire } from 'node:module'
      import { isOwn, Own } from './a.js'
      const { make } = createRequire(import.meta.url)('./b.cjs')
      console.log(isOwn(make()), make().secret, Own.name)`
    const args = ['--input-type=module', '-e', program]
    const { stdout, stderr } = await run(process.execPath, args, { cwd: home })
    assert.equal(stdout.trim(), 'true 1 Own', stderr)
    await assert.rejects(
      () => bundleTogether(home, [{ source: join(home, 'needy.ts'), output: 'needy' }], []),
      /needy\.ts/,
    )
  })
  test('bundleTogether gives a lazy part a file, which the first use loads; what it shares stays one', async (t) => {
    const home = folder(t, {
      'package.json': '{ "type": "module" }',
      'src/a.ts':
        "import { Own } from './shared.ts'\nimport { make, Part } from './part.ts'\nexport const isOwn = () => make() instanceof Own\nexport const part = () => new Part().constructor.name",
      'src/b.ts': "export { Own } from './shared.ts'",
      'src/part.ts':
        "import { Own } from './shared.ts'\nimport { helper } from './helper.ts'\nexport const make = () => new Own(helper())\nexport class Part {}",
      // The same name in two modules that end up in one file.
      'src/shared.ts':
        'const helper = 1\nexport class Own { constructor(readonly x: number) {} }\nexport { helper as one }',
      'src/helper.ts': "import { one } from './shared.ts'\nexport const helper = () => one",
    })
    const entries = ['a', 'b'].map((output) => ({ source: join(home, 'src', `${output}.ts`), output }))
    const modules = [join(home, 'src', 'part.ts')]
    await bundleTogether(home, entries, [{ name: 'part', when: 'always', modules }])
    const program = `
      import { createRequire } from 'node:module'
      import { renameSync } from 'node:fs'
      import { isOwn, part } from './a.js'
      const { cache } = createRequire(import.meta.url)
      const isLoaded = () => Object.keys(cache).some((file) => file.endsWith('lazy-part.cjs'))
      const before = isLoaded()
      renameSync('lazy-part.cjs', 'away')
      let code
      try { isOwn() } catch (error) { code = error.code }
      renameSync('away', 'lazy-part.cjs')
      console.log(before, code, isOwn(), isLoaded(), part())`
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: home,
    })
    assert.equal(stdout.trim(), 'false MODULE_NOT_FOUND true true Part', stderr)
  })
  test('bundle keeps every name that a stack trace shows, and its map leads to the lines', async (t) => {
    const source = `
export class LongClass {
  #longField = '#longField'
  async #longMethod(argument: string): Promise<void> {
    const longArrow = () => {
      const used = [argument]
      throw new LongError(used.join() + this.#longField)
    }
    function longInner(parameter: string) {
      const unused = 'x'

      longArrow()
      return unused + parameter
    }
    longInner(argument)
  }
  static longStatic(target: object) {
    return #longField in target ? target.#longMethod('/#private/') : undefined
  }
}
class LongError extends Error {
  override name = 'LongName'
}
LongClass.longStatic(new LongClass())
  ?.catch((error: Error) => console.log(error.stack))`
    const home = folder(t, { 'package.json': '{ "type": "module" }', 'a.ts': source })
    bundle(join(home, 'a.js'), join(home, 'a.ts'))
    assert.doesNotMatch(readFileSync(join(home, 'a.cjs'), 'utf8'), /argument|parameter|unused/)
    const { stdout, stderr } = await run(process.execPath, ['--enable-source-maps', 'a.js'], { cwd: home })
    assert.equal(stderr, '')
    const [message, ...frames] = stdout.trimEnd().split('\n')
    assert.equal(message, 'LongName: /#private/#longField')
    const places = frames.map((frame) => /([\w#]+) \(.*a\.ts:(\d+):/.exec(frame)?.slice(1))
    assert.deepEqual(places.slice(0, 4), [
      ['longArrow', '7'],
      ['longInner', '12'],
      ['#longMethod', '15'],
      ['longStatic', '18'],
    ])
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
