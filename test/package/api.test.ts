/**
 * The public API against what is committed and documented: the listing (api.txt), the reference (src/REFERENCE.md), the
 * string codes. `npm run api -- --write` and `npm run reference` write the first two.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findUnnamable, listApi, listApis } from '../../scripts/lib/api-listing.ts'
import { mergeApis, type PublicApi, publicApiOf, readPublicApis } from '../../scripts/lib/declarations.ts'
import { renderReference } from '../../scripts/lib/reference.ts'
import { WARNINGS } from '../../src/bounds/warning-codes.ts'
import { checkOptions } from '../../src/options.ts'
import { LOCAL_ERRORS } from '../../src/protocol/local-error-codes.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const apis = readPublicApis()
const api = mergeApis(apis)
const template = read('scripts/reference.md')
const reference = read('src/REFERENCE.md')

describe('public API', () => {
  test('is the one that is listed in test/package/api.txt: npm run api shows the difference', () => {
    assert.equal(listApis(apis), read('test/package/api.txt'))
  })
  test('has no signature and no @throws with a type that is not exported', () => {
    const [core] = apis.values()
    assert.deepEqual(
      [...apis.values()].flatMap((each) => findUnnamable(each, core)),
      [],
    )
  })

  const made = {
    'index.d.ts': "export { f, C as C } from './a.ts';\nexport type { Only, Alias } from './deep/b.ts';",
    'a.d.ts': `import type { Server } from 'node:http';
import { type Hidden } from './deep/b.ts';
/** Module comment. */
/** Comment of f. */
export declare function f(a: Server): Hidden;
export declare class C extends Base {
    #private;
    readonly a: string;
}
/** Comment of Base. */
declare class Base {
    /** Comment of b. */
    b: number;
}
export interface Unused {
}`,
    'deep/b.d.ts': `export interface Hidden {
}
export declare class Only {
}
type Part<T> = [T, Leaf];
interface Leaf {
}
export type Alias<T> = T extends string ? Part<T> : never;`,
  }
  test('publicApiOf takes what index.ts leads to, from whatever file, with comments of what is exported only', () => {
    const { text, helpers } = publicApiOf(made)
    assert.deepEqual(
      helpers.map(({ name }) => name),
      ['Hidden', 'Base', 'Part', 'Leaf'],
    )
    assert.equal(
      text,
      `import type { Server } from 'node:http';
/** Comment of f. */
declare function f(a: Server): Hidden;
declare class C extends Base {
\t#private;
\treadonly a: string;
}
declare class Only {
}
type Alias<T> = T extends string ? Part<T> : never;
interface Hidden {
}
declare class Base {
\tb: number;
}
type Part<T> = [T, Leaf];
interface Leaf {
}
export { f, C, type Only, type Alias };
`,
    )
  })
  test('findUnnamable names what a signature shows, and not what a base or a generic type is made of', () => {
    assert.deepEqual(findUnnamable(publicApiOf(made)), [
      'f shows Hidden (deep/b.d.ts), which index.ts does not export',
    ])
    const throwing = {
      ...made,
      'a.d.ts': made['a.d.ts'].replace('Comment of f.', '@throws {TypeError | Gone} x'),
    }
    assert.match(findUnnamable(publicApiOf(throwing))[0] ?? '', /@throws names Gone/)
  })
  test('listApi has a line for each name and member', () => {
    assert.deepEqual(listApi(publicApiOf(made)).split('\n').slice(0, 5), [
      'type Alias<T> = T extends string ? Part<T> : never',
      'class C extends Base',
      '  readonly C.a: string',
      'class Only (type only)',
      'function f(a: Server): Hidden',
    ])
  })
  test('publicApiOf refuses two declarations of one name, a star, a name that is not there', () => {
    const twice = {
      ...made,
      'deep/b.d.ts': `${made['deep/b.d.ts'].replace('Leaf];', 'Base];')}\ninterface Base {\n}`,
    }
    assert.throws(() => publicApiOf(twice), /two declarations have the name Base/)
    assert.throws(
      () => publicApiOf({ ...made, 'index.d.ts': "export * from './a.ts'" }),
      /named exports only/,
    )
    assert.throws(() => publicApiOf({ 'index.d.ts': "export { a } from './a.ts'" }), /imports a of a\.d\.ts/)
  })
})

describe('src/REFERENCE.md', () => {
  test('is what npm run reference writes', () => {
    assert.equal(reference, renderReference(template, api))
  })
  test('has a table for every exported type of options', () => {
    const types = [...api.exported.keys()].filter((name) => /(?:Options|Config)$/.test(name))
    assert.ok(types.length > 10)
    assert.deepEqual(
      types.filter((name) => !new RegExp(`<!-- table .*\\b${name}\\b`).test(template)),
      [],
    )
  })
  test('renderReference refuses an unknown name and a member without a comment', () => {
    assert.throws(() => renderReference('<!-- table Gone -->', api), /names Gone/)
    const bare = publicApiOf({
      'index.d.ts': "export type { A } from './a.ts'",
      'a.d.ts': 'export interface A { b: 1 }',
    })
    assert.throws(() => renderReference('<!-- table A -->', bare), /A\.b has no comment/)
  })

  test('renderReference writes small unions of literals in place of their names, and declarations as they are', () => {
    const types = publicApiOf({
      'index.d.ts': "export type { A, Era, Long } from './a.ts'",
      'a.d.ts': [
        `export type Era = 'old' | 'new';`,
        `export type Long = ${Array.from({ length: 30 }, (_, at) => `'value-${at}'`).join(' | ')};`,
        'export interface A {',
        '    /** Which. */',
        '    readonly eras?: readonly Era[] | undefined;',
        '    /** One. */',
        '    readonly era: boolean | Era;',
        '    /** Many. */',
        '    readonly long: Long;',
        '}',
      ].join('\n'),
    })
    const rows = renderReference('<!-- table A -->', types)
    assert.match(rows, /`eras` \| `\('old' \\\| 'new'\)\[\]`/)
    assert.match(rows, /`era` \| `boolean \\\| 'old' \\\| 'new'`/)
    assert.match(rows, /`long` \| `Long`/)
    const block = renderReference('<!-- types A -->', types)
    assert.match(block, /^```ts\ninterface A \{\n {2}\/\*\* Which\. \*\/\n {2}eras\?: Era\[\]\n/)
  })
  test('mergeApis refuses two types of options of one name', () => {
    const of = (member: string) =>
      publicApiOf({
        'index.d.ts': "export type { O } from './a.ts'",
        'a.d.ts': `export interface O { ${member}: 1 }`,
      })
    const other = publicApiOf({
      'index.d.ts': "export type { O } from './b.ts'",
      'b.d.ts': 'export interface O { b: 1 }',
    })
    const core = publicApiOf({ 'index.d.ts': '' })
    const merge = (...apis: PublicApi[]) => mergeApis(new Map(apis.map((each, at) => [String(at), each])))
    assert.throws(() => merge(core, of('a'), other), /two entries export different types O/)
    assert.equal(merge(core, of('a'), of('a')).exported.size, 1)
  })

  const settings = checkOptions({})
  const { sessionEra, statelessEra, tasks } = settings
  const groups: Readonly<Record<string, object | undefined>> = {
    HandlerOptions: {
      ...settings,
      ...settings.inFlight,
      ...sessionEra,
      maxBodyDepth: settings.bodyLimits.maxDepth,
      maxBodyValues: settings.bodyLimits.maxValues,
    },
    SessionOptions: sessionEra.sessions,
    ReplayOptions: sessionEra.replay,
    SubscriptionOptions: statelessEra.subscriptions,
    SealOptions: statelessEra.requestState,
    TaskOptions: { ...tasks, ...tasks.store },
  }
  for (const [type, values] of Object.entries(groups)) {
    test(`says the defaults of ${type} as they are`, () => {
      const rows = renderReference(`<!-- table ${type} -->`, api).matchAll(
        /^\| `(\w+)` \| `number` \| (.*?) \|/gm,
      )
      const documented = new Map([...rows].map(([, name = '', text = '']) => [name, amount(text)]))
      assert.ok(documented.size > 1)
      for (const [name, value] of documented) assert.equal(value, (values as never)[name], `${type}.${name}`)
    })
  }
})

const UNITS = { '': 1, s: 1000, minutes: 60_000, hour: 3_600_000, days: 86_400_000, Ki: 1024, MiB: 1024 ** 2 }

/** `4 MiB` -> 4194304; times in milliseconds */
function amount(text: string): number {
  const [, digits = '', unit = ''] = /^([\d ]*\d)(?: (\w+))?$/.exec(text) ?? []
  return Number(digits.replaceAll(' ', '')) * UNITS[unit as keyof typeof UNITS]
}

describe('string codes', () => {
  const sources = (readdirSync(join(root, 'src'), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts') && !/(?:local-error|warning)-codes\.ts$/.test(name))
    .map((name) => read(join('src', name)))
  const documents = [
    'README.md',
    'src/README.md',
    'src/REFERENCE.md',
    'scripts/examples/README.md',
    'CHANGELOG.md',
  ]

  const kinds = [
    // Where a code is given to an error.
    [
      'LOCAL_ERRORS',
      LOCAL_ERRORS,
      /(?:[mM]cpError|super)\(\s*'(ERR_\w+)'|code = '(ERR_\w+)'/g,
      /\bERR_[A-Z]\w+/g,
    ],
    [
      'WARNINGS',
      WARNINGS,
      /'(BAREWIRE_(?!SESSION_KEY)\w+)'(?! *\])/g,
      /\bBAREWIRE_(?!SESSION_KEY|TOKENS?\b)\w+/g,
    ],
  ] as const
  for (const [name, codes, uses, mentions] of kinds) {
    const known = Object.keys(codes).sort()
    const used = sources.flatMap((text) =>
      [...text.matchAll(uses)].map(([, first, second]) => first ?? second),
    )

    test(`${name} has every code that src gives, and no other`, () => {
      assert.deepEqual([...new Set(used)].sort(), known)
    })
    test(`src and the documents name no code that is not in ${name}`, () => {
      // Those of a token library (jose), and of Node.
      const foreign = /^ERR_(?:JW|INVALID_URL|HTTP2?_|PARSE_ARGS_)/
      const texts = [...sources, ...documents.map(read)]
      const named = texts.flatMap((text) => [...text.matchAll(mentions)].map(([code]) => code))
      assert.deepEqual(
        named.filter((code) => !known.includes(code) && !foreign.test(code)),
        [],
      )
    })
    test(`the reference has a row for each of ${name}, and no other`, () => {
      const rows = [...reference.matchAll(/^\| `(ERR_\w+|BAREWIRE_\w+)` \|/gm)].map(([, code = '']) => code)
      assert.deepEqual(rows.filter((code) => code.startsWith(known[0]?.slice(0, 4) ?? '')).sort(), known)
    })
  }
  test('the reference has the diagnostics channels that src publishes, and no other', () => {
    const channels = (texts: readonly string[], pattern: RegExp) =>
      [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name)))].sort()
    const published = channels(sources, /channel\('(barewire:[\w:]+)'\)/g)
    assert.ok(published.length > 0)
    assert.deepEqual(channels([reference], /`(barewire:[\w:]+)`/g), published)
  })
})
