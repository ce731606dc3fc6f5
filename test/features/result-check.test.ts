/**
 * Result checks against the published schemas: from right results, each made wrong in one place in every way. What the
 * checks let through is right in every revision; what they refuse is wrong in at least one.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resultProblem } from '../../src/features/result-check.ts'
import { type CheckedRevision, checkedRevisions, problemsOf } from '../helpers/schema-check.ts'
import type { WireJson } from '../helpers/wire.ts'

const note = {
  annotations: { audience: ['user', 'assistant'], priority: 0.5, lastModified: '2026-01-01T00:00:00Z' },
  _meta: { 'com.example/k': [1] },
}
const icons = [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48'], theme: 'dark' }]
const about = { title: 'T', description: 'D', icons }
const resource = { uri: 'file:///a.txt', name: 'a', mimeType: 'text/plain', size: 5, ...about, ...note }
const text = { type: 'text', text: 'x', ...note }
const long = Buffer.alloc(3000, 7).toString('base64')

const blocks: WireJson[] = [
  text,
  { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png', ...note },
  { type: 'audio', data: long, mimeType: 'audio/wav' },
  { type: 'resource', resource: { uri: 'a:b', text: '', mimeType: 'text/plain', _meta: {} }, ...note },
  { type: 'resource', resource: { uri: 'a:b', blob: '' } },
]
const link = { type: 'resource_link', ...resource }

const right: { readonly [method: string]: readonly WireJson[] } = {
  'tools/call': [
    { content: [] },
    { content: blocks, isError: false, _meta: {} },
    { content: [link], structuredContent: { a: 1 } },
  ],
  'resources/read': [
    { contents: [] },
    {
      contents: [
        { uri: 'a:b', text: 'x', mimeType: 'a/b', _meta: {} },
        { uri: 'a:b', blob: 'AAE=' },
      ],
      _meta: {},
    },
  ],
  'prompts/get': [
    { messages: [], description: 'D' },
    {
      messages: blocks.map((content, index) => ({ role: index % 2 ? 'user' : 'assistant', content })),
      _meta: {},
    },
  ],
  'completion/complete': [
    { completion: { values: [] } },
    { completion: { values: ['a', 'b'], total: 2, hasMore: false }, _meta: {} },
  ],
  'tools/list': [
    {
      tools: [
        { name: 't', inputSchema: { type: 'object' } },
        {
          name: 'u',
          ...about,
          inputSchema: { type: 'object' },
          annotations: {
            title: 'T',
            readOnlyHint: true,
            destructiveHint: false,
            idempotentHint: true,
            openWorldHint: false,
          },
          _meta: {},
        },
      ],
      nextCursor: 'x',
    },
  ],
  'prompts/list': [
    {
      prompts: [
        {
          name: 'p',
          ...about,
          arguments: [{ name: 'a', title: 'A', description: 'D', required: true }],
          _meta: {},
        },
      ],
    },
  ],
  'resources/list': [{ resources: [{ uri: 'a:b', name: 'x' }, resource], nextCursor: 'x', _meta: {} }],
  'resources/templates/list': [
    { resourceTemplates: [{ uriTemplate: 'a:{b}', name: 'x', ...about, mimeType: 'a/b', ...note }] },
  ],
}

const wrongValues: readonly WireJson[] = [null, true, 1.5, 'x', [], {}, ['x'], [5], { x: 1 }]

/** Every copy of a value that differs from it in one place. */
function* spoiled(value: WireJson): Generator<WireJson> {
  yield* wrongValues
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    const copy = () => (Array.isArray(value) ? [...value] : { ...value })
    if (!Array.isArray(value)) {
      const without = copy()
      delete without[key]
      yield without
    }
    for (const part of spoiled(value[key])) {
      const changed = copy()
      changed[key] = part
      yield changed
    }
  }
}

/** What the era adds, or replaces, is not the business of the checks. */
function isRight(revision: CheckedRevision, method: string, result: WireJson): boolean {
  const added = revision === '2026-07-28' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {}
  const sent = isObject(result) ? { ...added, ...result } : result
  const message = { jsonrpc: '2.0', id: 1, result: sent }
  return problemsOf(revision, 'server-to-client', message, { method, allowExtraMembers: true }).length === 0
}

const isObject = (value: WireJson) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Links came with 2025-06-18, and structured content of any type with 2026-07-28. */
function revisionsFor(result: WireJson): readonly CheckedRevision[] {
  const hasLink = JSON.stringify(result ?? null).includes('"resource_link"')
  const structured = isObject(result) ? result.structuredContent : undefined
  return checkedRevisions.filter((revision) => {
    if (structured !== undefined && !isObject(structured)) return revision === '2026-07-28'
    return !hasLink || revision !== '2025-03-26'
  })
}

describe('resultProblem', () => {
  for (const [method, results] of Object.entries(right)) {
    test(`agrees with the published schemas on ${method}, whatever is wrong`, (t) => {
      const counts = { right: 0, wrong: 0 }
      for (const result of results) {
        assert.equal(resultProblem(method, result), undefined)
        for (const candidate of spoiled(result)) {
          const verdicts = revisionsFor(candidate).map((revision) => isRight(revision, method, candidate))
          const expected = verdicts.every(Boolean)
          const problem = resultProblem(method, candidate)
          assert.equal(
            problem === undefined,
            expected,
            `${method}: ${problem} for ${JSON.stringify(candidate)}`,
          )
          counts[expected ? 'right' : 'wrong'] += 1
        }
      }
      t.diagnostic(`${counts.right} results that are right, ${counts.wrong} that are wrong`)
      assert.ok(counts.right > 0 && counts.wrong > 10)
    })
  }

  test('an output schema of a list is an object, and nothing in it is looked at', () => {
    const tools = (outputSchema: WireJson) => ({
      tools: [{ name: 't', inputSchema: { type: 'object' }, outputSchema }],
    })
    assert.equal(resultProblem('tools/list', tools({ properties: 5 })), undefined)
    assert.equal(
      resultProblem('tools/list', tools([])),
      '.tools[0].outputSchema must be an object; got an array',
    )
  })

  test('a resource with text and blob is refused, which the schemas leave open', () => {
    const result = { contents: [{ uri: 'a:b', text: '', blob: '' }] }
    assert.equal(resultProblem('resources/read', result), '.contents[0] must have text or blob; got both')
  })

  test('more than 100 suggestions are refused [completion.max-100]', () => {
    const completion = (length: number) => ({ completion: { values: Array.from({ length }, String) } })
    assert.equal(resultProblem('completion/complete', completion(100)), undefined)
    assert.match(
      String(resultProblem('completion/complete', completion(101))),
      /values must be at most 100; got 101/,
    )
  })
})
