/** Which era a request belongs to: every row of the table in select-era.ts, for each set of eras served. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Era, type EraEvidence, selectEra } from '../src/select-era.ts'

const both: ReadonlySet<Era> = new Set(['session', 'stateless'])
const version = 'io.modelcontextprotocol/protocolVersion'
const modern = '2026-07-28'
const sessionRevisions = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']

const enveloped = (method = 'tools/list', named: unknown = modern) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params: { _meta: { [version]: named } },
})
const bare = (method = 'tools/list') => ({ jsonrpc: '2.0', id: 1, method, params: {} })

/** [what, version header, session id, body, era] */
const rows: readonly (readonly [string, string | undefined, string | undefined, unknown, Era])[] = [
  ['an envelope without a version header', undefined, undefined, enveloped(), 'stateless'],
  ['an envelope with its version header', modern, undefined, enveloped(), 'stateless'],
  ['an envelope and a stale session id', modern, 'stale', enveloped(), 'stateless'],
  ['an envelope, no version header, a session id', undefined, 's', enveloped(), 'stateless'],
  ['an envelope of an unknown version', '2099-01-01', undefined, enveloped('x', '2099-01-01'), 'stateless'],
  ['an envelope that is not a string', undefined, undefined, enveloped('x', 7), 'stateless'],
  ['initialize with header and envelope', modern, undefined, enveloped('initialize'), 'stateless'],
  ['initialize of the session era', undefined, undefined, bare('initialize'), 'session'],
  ['initialize that is repeated under its id', '2025-11-25', 's', bare('initialize'), 'session'],
  ['initialize with a stateless version header', modern, undefined, bare('initialize'), 'session'],
  ['initialize with an unknown version header', '1999-01-01', undefined, bare('initialize'), 'session'],
  ['no version at all', undefined, undefined, bare(), 'session'],
  ['no version, with a session id', undefined, 's', bare(), 'session'],
  ['a stateless version header without an envelope', modern, undefined, bare(), 'stateless'],
  ['an unknown version header without an envelope', '2099-01-01', undefined, bare(), 'stateless'],
  ['a stateless version header and a session id', modern, 's', bare(), 'session'],
  ['an unknown version header and a session id', '2099-01-01', 's', bare(), 'session'],
  ['a batch', undefined, undefined, [bare()], 'session'],
  ['a batch under a stateless version', modern, undefined, [enveloped()], 'stateless'],
  ['null', undefined, undefined, null, 'session'],
  ['a string under a stateless version', modern, undefined, 'x', 'stateless'],
  ['GET or DELETE, which have no body', undefined, 's', undefined, 'session'],
  ...sessionRevisions.flatMap((revision) => [
    [`header ${revision} without an envelope`, revision, undefined, bare(), 'session'] as const,
    [`header ${revision}, an envelope and a session`, revision, 's', enveloped(), 'session'] as const,
    [`header ${revision} and an envelope`, revision, undefined, enveloped(), 'stateless'] as const,
  ]),
]

for (const [what, protocolVersion, sessionId, body, era] of rows) {
  test(`selectEra: ${what} belongs to the ${era} era`, () => {
    const evidence: EraEvidence = { protocolVersion, sessionId, body }
    assert.equal(selectEra(evidence, both), era)
    assert.equal(selectEra(evidence, new Set<Era>(['session'])), 'session')
    assert.equal(selectEra(evidence, new Set<Era>(['stateless'])), 'stateless')
  })
}

test('selectEra looks only at own members of the body, and never throws', () => {
  const inherited = Object.create({ params: { _meta: { [version]: modern } } })
  for (const body of [inherited, { params: null }, { params: [] }, { params: { _meta: null } }, 7, []]) {
    assert.equal(selectEra({ protocolVersion: undefined, sessionId: undefined, body }, both), 'session')
  }
})
