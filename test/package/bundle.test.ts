/** What the build writes: modules, what they share, names and maps. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { findBuildFaults } from '../../scripts/lib/build-output.ts'
import { bundle, bundleAnywhere, bundleProgram, bundleTogether } from '../../scripts/lib/bundle.ts'
import { run } from '../../scripts/lib/child.ts'
import { ENTRIES } from '../../scripts/lib/entries.ts'
import { folder } from './folder.ts'

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
