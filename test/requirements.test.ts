/**
 * The gate between the manifest and the tests: no citation of an id that does not exist, and no requirement that
 * nothing proves unless it says why it is not met.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { collectTests } from '../scripts/lib/collect-tests.ts'
import { citationsIn } from './requirements/citations.ts'
import { requirements } from './requirements.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Each cited id with the files that cite it. The tests of the gate itself do not count. */
function readCitations(): Map<string, string[]> {
  const citations = new Map<string, string[]>()
  for (const path of collectTests(root, [])) {
    const file = path.slice('test/'.length)
    if (file === 'requirements.test.ts' || file.startsWith('requirements/')) continue
    for (const id of citationsIn(readFileSync(join(root, path), 'utf8'))) {
      citations.set(id, [...(citations.get(id) ?? []), file])
    }
  }
  return citations
}

const citations = readCitations()
const byId = new Map(requirements.map((requirement) => [requirement.id, requirement]))

test('requirements is well-formed: unique kebab ids, known levels, sections of the specification', () => {
  assert.equal(byId.size, requirements.length, 'an id is used twice')
  for (const { id, level, section, behavior, unmet } of requirements) {
    assert.match(id, /^[a-z][a-z0-9-]*\.[a-z0-9]+(-[a-z0-9]+)*$/, id)
    assert.match(level, /^(MUST|SHOULD)( NOT)?$/, id)
    assert.match(
      section,
      /^https:\/\/(modelcontextprotocol\.io\/specification\/202[456]-|www\.jsonrpc\.org\/|www\.rfc-editor\.org\/rfc\/|github\.com\/modelcontextprotocol\/)/,
      id,
    )
    assert.ok(behavior.length > 10 && !behavior.endsWith('.'), id)
    assert.ok(unmet === undefined || unmet.length > 20, `${id}: unmet without a reason`)
  }
})

test('every citation in a test names a requirement that exists', () => {
  const unknown = [...citations]
    .filter(([id]) => !byId.has(id))
    .map(([id, files]) => `${id} in ${files.join(', ')}`)
  assert.deepEqual(unknown, [])
})

test('no test cites a requirement that is said to be unmet', () => {
  const contradicted = requirements.filter(({ id, unmet }) => unmet !== undefined && citations.has(id))
  assert.deepEqual(
    contradicted.map(({ id }) => `${id} in ${citations.get(id)?.join(', ')}`),
    [],
  )
})

test('every requirement is cited by a test, or says why it is unmet', () => {
  const uncited = requirements.filter(({ id, unmet }) => unmet === undefined && !citations.has(id))
  const list = uncited.map(({ id, level, behavior }) => `  ${id} (${level}): ${behavior}`).join('\n')
  assert.equal(
    uncited.length,
    0,
    `${uncited.length} of ${requirements.length} requirements have no test:\n${list}`,
  )
})
