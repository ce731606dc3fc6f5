/**
 * Everything that clients can make the server keep beyond the request that brings it: one row for each, with what
 * bounds it, and clients that try to make it grow. A gate holds the table against the options, so that no limit is
 * without a row. The rows are in bounds/.
 *
 * Not here: what a request holds while it is served (bodies, calls in progress, output that waits); two attacks on a
 * process with a small heap (attacks/memory-attacks.test.ts).
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOptions } from '../../src/options.ts'
import { callRows } from './bounds/calls.ts'
import { sessionRows } from './bounds/sessions.ts'
import { streamRows } from './bounds/streams.ts'
import { textRows } from './bounds/texts.ts'

const rows = [...sessionRows, ...streamRows, ...callRows, ...textRows]

for (const { kept, options, run } of rows) {
  test(`kept and bounded: ${kept}${options.length === 0 ? '' : ` (${options.join(', ')})`}`, run)
}

test('every option that limits what is remembered has a row', () => {
  const { sessionEra, statelessEra, tasks } = checkOptions({})
  const groups: { readonly [prefix: string]: object | undefined } = {
    '': sessionEra,
    'sessions.': sessionEra.sessions,
    'replay.': sessionEra.replay,
    'subscriptions.': statelessEra.subscriptions,
    'tasks.': tasks.store,
    'requestState.': statelessEra.requestState,
  }
  /** Of what is being served, and of no interest once it was. */
  const ofRequests = /^max(?:InFlight|Batch|StreamBuffer|Body)/
  const limits = Object.entries(groups).flatMap(([prefix, group]) =>
    Object.keys(group ?? {})
      .filter((name) => name.startsWith('max') && name !== 'maxAgeMs' && !ofRequests.test(name))
      .map((name) => prefix + name),
  )
  const inRows = new Set(rows.flatMap(({ options }) => options))
  assert.deepEqual(
    limits.filter((name) => !inRows.has(name)),
    [],
  )
  assert.ok(limits.length >= 15, `only ${limits.join(', ')}`)
})
