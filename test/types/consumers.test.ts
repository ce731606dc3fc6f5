/**
 * The types of the package, as users meet them: what they write (consumers/) compiles under the compiler options that
 * matter most, and what may be left out may be `undefined`.
 *
 * By older and newer versions of TypeScript, and by the newest under every combination of options: scripts/check-types.ts.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Consumers, moduleKinds } from '../../scripts/lib/consumers.ts'
import { compileSdkPrograms } from '../../scripts/lib/sdk-programs.ts'

const { resolve } = createRequire(import.meta.url)
const manifest = resolve('typescript/package.json')
const compiler = join(dirname(manifest), 'bin', 'tsc')
const major = Number.parseInt(JSON.parse(readFileSync(manifest, 'utf8')).version, 10)

describe('the types of the package', { concurrency: availableParallelism() }, () => {
  let consumers: Consumers
  before(async () => {
    consumers = await Consumers.create()
  })
  after(() => consumers.remove())

  for (const kind of moduleKinds(major)) {
    const { module, moduleResolution } = kind
    test(`what users write compiles: module ${module}, moduleResolution ${moduleResolution}`, async () => {
      assert.deepEqual(await consumers.compile(compiler, major, kind, true), [])
    })
  }

  test('programs written for the official SDK compile with it, and with barewire/sdk', async () => {
    assert.deepEqual(await compileSdkPrograms(consumers.home, compiler), [])
  })

  test('every member that may be left out may be undefined', () => {
    const dist = join(consumers.home, 'node_modules', 'barewire', 'dist')
    // The types of sdk/ are those of the official SDK.
    const files = (readdirSync(dist, { recursive: true }) as string[]).filter(
      (name) => name.endsWith('.d.cts') && !/^sdk\b/.test(name),
    )
    const members = files.flatMap((file) =>
      optionalMembers(readFileSync(join(dist, file), 'utf8')).map(({ name, type }) => ({ file, name, type })),
    )
    assert.ok(members.length > 250, `${members.length} optional members`)
    const allows = /(?:^|\| )(?:undefined|unknown)$|^infer /
    assert.deepEqual(
      members.filter(({ type }) => !allows.test(type)),
      [],
    )
    // Of the configurations themselves, whose members were looked at, and of what a library made.
    const partial = /\bPartial<(?!\w*Config>|StandardPart>)\w+>/
    assert.deepEqual(
      files.filter((file) => partial.test(readFileSync(join(dist, file), 'utf8'))),
      [],
      'Partial<T> forbids undefined: Given<T> in its place',
    )
  })

  test('optionalMembers finds members at any depth, and no parameters', () => {
    const declaration = `
      interface A<T = { x?: 1 }> {
        readonly a?: string | undefined;
        b?: { c?: (d?: string) => { e?: 1 } } | undefined;
        '~f'?: (undefined);
        g(h?: string, i?: { j?: 2 | undefined }): void
      }`
    const found = optionalMembers(declaration).map(({ name, type }) => `${name}: ${type}`)
    assert.deepEqual(found.sort(), [
      "'~f': (undefined)",
      'a: string | undefined',
      'b: { c?: (d?: string) => { e?: 1 } } | undefined',
      'c: (d?: string) => { e?: 1 }',
      'e: 1',
      'j: 2 | undefined',
      'x: 1',
    ])
  })
})

/** The optional members of a declaration file, by how brackets nest; parameters are optional in another sense. */
function optionalMembers(text: string): { name: string; type: string }[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '')
  const found: { name: string; type: string }[] = []
  for (const { index, 0: match, 1: name = '' } of code.matchAll(/([\w$]+|'[^']*')\?: /g)) {
    if (enclosing(code, index) !== '{') continue
    const start = index + match.length
    found.push({ name, type: code.slice(start, endOfType(code, start)).replace(/\s+/g, ' ').trim() })
  }
  return found
}

/** The bracket that is open at a place. */
function enclosing(code: string, at: number): string | undefined {
  let depth = 0
  for (let i = at - 1; i >= 0; i--) {
    const character = code.charAt(i)
    if (')}]'.includes(character)) depth++
    else if ('({['.includes(character) && --depth < 0) return character
  }
  return undefined
}

function endOfType(code: string, start: number): number {
  let depth = 0
  for (let i = start; i < code.length; i++) {
    const character = code.charAt(i)
    if ('({['.includes(character)) depth++
    else if (')}]'.includes(character) && --depth < 0) return i
    else if (depth === 0 && character === ';') return i
    else if (depth === 0 && character === '\n' && /\S/.test(code.slice(start, i))) return i
  }
  return code.length
}
