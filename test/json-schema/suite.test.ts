/**
 * The official JSON Schema test suite (suite/, see its LICENSE), run as data.
 *
 * The required part runs whole. Optional files run when they are in OPTIONAL; every other optional file must
 * stand in NOT_RUN with its reason, so that an added file cannot go unnoticed.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compile } from '../../src/json-schema/compile.ts'

interface Group {
  readonly description: string
  readonly schema: unknown
  readonly tests: ReadonlyArray<{
    readonly description: string
    readonly data: unknown
    readonly valid: boolean
  }>
}

const SUITE = new URL('./suite/', import.meta.url)

function filesBelow(folder: string): string[] {
  const entries = readdirSync(new URL(folder, SUITE), { recursive: true, encoding: 'utf8' })
  return entries.filter((name) => name.endsWith('.json')).map((name) => name.replaceAll('\\', '/'))
}

function load(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, SUITE), 'utf8'))
}

const documents = new Map(
  filesBelow('remotes/').map((path) => [`http://localhost:1234/${path}`, load(`remotes/${path}`)]),
)

const FORMATS = [
  'date-time',
  'date',
  'time',
  'duration',
  'email',
  'uri',
  'uri-reference',
  'uri-template',
  'uuid',
  'ipv4',
  'ipv6',
  'hostname',
  'regex',
  'ecmascript-regex',
  'json-pointer',
  'unknown',
].map((name) => `optional/format/${name}.json`)

const OPTIONAL = new Set([
  ...FORMATS,
  'optional/ecmascript-regex.json',
  'optional/non-bmp-regex.json',
  'optional/float-overflow.json',
  'optional/unknownKeyword.json',
  'optional/refOfUnknownKeyword.json',
  'optional/no-schema.json',
  'optional/anchor.json',
  'optional/bignum.json',
  'optional/dependencies-compatibility.json',
  'optional/dynamicRef.json',
  'optional/format-assertion.json',
  'optional/id.json',
])

const NOT_RUN: ReadonlyMap<string, string> = new Map([
  [
    'optional/cross-draft.json',
    'its one group refers to draft 2019-09, which is refused; dialect.test.ts has draft-07',
  ],
  ['optional/format/idn-email.json', 'the format is not asserted: no internationalised mail addresses'],
  ['optional/format/idn-hostname.json', 'the format is not asserted: needs the IDNA tables'],
  ['optional/format/iri.json', 'the format is not asserted: only ASCII URIs are'],
  ['optional/format/iri-reference.json', 'the format is not asserted: only ASCII URIs are'],
  ['optional/format/relative-json-pointer.json', 'the format is not asserted: it is still an Internet draft'],
])

for (const file of filesBelow('draft2020-12/').sort()) {
  if (NOT_RUN.has(file)) continue
  test(`compile agrees with the official suite: ${file}`, () => {
    assert.ok(!file.startsWith('optional/') || OPTIONAL.has(file), `${file} is neither run nor excused`)
    const formats = FORMATS.includes(file)
    for (const group of load(`draft2020-12/${file}`) as Group[]) {
      const validate = compile(group.schema, { documents, formats })
      for (const { description, data, valid } of group.tests) {
        const name = `${group.description}: ${description}`
        const result = validate(data)
        assert.equal(result.valid, valid, name)
        // The explanation is found by other code than the verdict: they must agree.
        if (!result.valid) assert.ok(result.errors.length > 0, `${name}: no error is given`)
      }
    }
  })
}

test('the official suite is complete: each excused file exists', () => {
  const files = new Set(filesBelow('draft2020-12/'))
  for (const file of [...NOT_RUN.keys(), ...OPTIONAL]) assert.ok(files.has(file), file)
  assert.ok(files.size >= 70, `only ${files.size} files`)
})
