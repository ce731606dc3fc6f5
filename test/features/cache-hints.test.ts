/** Cache hints: defaults, what can be set for a server and for a resource, and what is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkCacheHint, checkCacheOptions } from '../../src/features/cache-hints.ts'
import { McpServer } from '../../src/index.ts'

test('checkCacheOptions fills every kind, by default with an answer that nobody may keep', () => {
  const nothing = { ttlMs: 0, scope: 'private' }
  assert.deepEqual(checkCacheOptions({ tools: { ttlMs: 5 }, read: { scope: 'public' } }), {
    discover: nothing,
    tools: { ttlMs: 5, scope: 'private' },
    prompts: nothing,
    resources: nothing,
    resourceTemplates: nothing,
    read: { ttlMs: 0, scope: 'public' },
  })
})

const wrong: readonly (readonly [string, unknown, RegExp])[] = [
  ['a negative time', { tools: { ttlMs: -1 } }, /cache\.tools\.ttlMs.*got -1/],
  ['a fraction of a millisecond', { read: { ttlMs: 0.5 } }, /cache\.read\.ttlMs/],
  ['an infinite time', { read: { ttlMs: Number.POSITIVE_INFINITY } }, /cache\.read\.ttlMs.*Infinity/],
  ['a time in words', { prompts: { ttlMs: '5m' } }, /cache\.prompts\.ttlMs.*5m/],
  ['an unknown scope', { discover: { scope: 'shared' } }, /cache\.discover\.scope.*shared/],
  ['an unknown kind', { tool: {} }, /no option "cache\.tool": did you mean "cache\.tools"\?$/],
]

for (const [what, cache, message] of wrong) {
  test(`McpServer refuses ${what} in its cache option [stateless.ttl]`, () => {
    const options = { cache } as ConstructorParameters<typeof McpServer>[1]
    assert.throws(() => new McpServer({ name: 's', version: '1' }, options), { name: 'TypeError', message })
  })
}

test('a wrong hint of a resource or a template is refused when it is registered', () => {
  const server = new McpServer({ name: 's', version: '1' })
  const cache = { ttlMs: -1 }
  assert.throws(
    () => server.registerResource('r', 'memo://r', { cache }, () => ''),
    /Resource "r" cache\.ttlMs/,
  )
  assert.throws(
    () => server.registerResourceTemplate('t', 'memo://{x}', { cache }, () => ''),
    /Resource template "t" cache\.ttlMs/,
  )
  assert.deepEqual(checkCacheHint({ ttlMs: 1 }, 'x'), { ttlMs: 1, scope: 'private' })
})
