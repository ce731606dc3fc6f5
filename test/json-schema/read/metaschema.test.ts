/** The meta-schemas are written from shared shapes: here they are held against the published files. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { BUILT_IN } from '../../../src/json-schema/read/metaschema.ts'

const require = createRequire(import.meta.url)

/** Texts for people are left out of the built-in documents. */
function withoutTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTexts)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(
    ([key, part]) => !((key === 'title' || key === '$comment') && typeof part === 'string'),
  )
  return Object.fromEntries(entries.map(([key, part]) => [key, withoutTexts(part)]))
}

function published(path: string): unknown {
  return withoutTexts(JSON.parse(readFileSync(require.resolve(`ajv/dist/refs/${path}`), 'utf8')))
}

test('the 2020-12 meta-schemas equal the published ones', () => {
  const files = [
    'schema',
    ...['core', 'applicator', 'unevaluated', 'validation', 'meta-data', 'format-annotation', 'content'].map(
      (name) => `meta/${name}`,
    ),
  ]
  for (const file of files) {
    const ours = BUILT_IN.get(`https://json-schema.org/draft/2020-12/${file}`)
    assert.deepEqual(ours, published(`json-schema-2020-12/${file}.json`), file)
  }
  assert.equal(BUILT_IN.size, files.length + 1)
})

test('the draft-07 meta-schema accepts what the published one does', () => {
  const ours = BUILT_IN.get('http://json-schema.org/draft-07/schema') as {
    properties: Record<string, unknown>
  }
  const theirs = published('json-schema-draft-07.json') as typeof ours
  // The copy at hand is an older edition: it lacks writeOnly, and asks enum for different items.
  const { writeOnly: _, enum: __, ...properties } = ours.properties
  const { enum: ___, ...expected } = theirs.properties
  assert.deepEqual({ ...ours, properties }, { ...theirs, properties: expected })
})
