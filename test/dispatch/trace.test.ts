/** W3C trace context: from `_meta`, from the headers when it has none, and only in the form of its standard. */

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { readTrace } from '../../src/dispatch/trace.ts'
import { serving } from '../stateless-era/serving.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01'
const other = 'cc-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-00'

test('readTrace reads all three values of one source, _meta before headers', () => {
  const full = { traceparent, tracestate: 'vendor=opaque', baggage: 'user=1,tier=%20gold' }
  assert.deepEqual(readTrace(full, {}), full)
  assert.deepEqual(readTrace({}, full), full)
  assert.deepEqual(readTrace({ traceparent: other }, full), { traceparent: other })
  assert.deepEqual(readTrace({ tracestate: 'a=b' }, { traceparent }), { traceparent })
  assert.equal(readTrace({}, {}), undefined)
})

test('readTrace gives nothing that does not have the form of its standard [stateless.trace]', () => {
  const bad = [
    '',
    'x',
    traceparent.toUpperCase(),
    `ff${traceparent.slice(2)}`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
    `${traceparent}-`,
    `${traceparent}\n`,
    traceparent.slice(1),
    7,
    null,
    [traceparent],
  ]
  for (const value of bad) assert.equal(readTrace({ traceparent: value }, {}), undefined, String(value))
  // A bad value in _meta is not replaced by another trace of the headers.
  assert.equal(readTrace({ traceparent: 'bad' }, { traceparent }), undefined)
  for (const tracestate of ['', 'a=\n', 'ключ', 7, 'x'.repeat(8193)]) {
    assert.deepEqual(readTrace({ traceparent, tracestate, baggage: tracestate }, {}), { traceparent })
  }
})

test('the trace of a request reaches its handler and the diagnostics channel [stateless.trace]', async (t) => {
  const seen: unknown[] = []
  const listener = (message: unknown) => void seen.push((message as { trace?: unknown }).trace)
  subscribe('barewire:rpc:start', listener)
  t.after(() => unsubscribe('barewire:rpc:start', listener))
  const { client, server } = await serving(t)
  server.registerTool('trace', {}, (_args, ctx) => JSON.stringify(ctx.trace ?? null))
  const trace = async (meta: { [key: string]: unknown }, headers: { [name: string]: string } = {}) =>
    JSON.parse((await client().call('trace', {}, { meta, headers })).result.content[0].text)
  const baggage = 'a=1'
  const expected = [{ traceparent, baggage }, { traceparent: other, tracestate: 'x=y' }, null]
  assert.deepEqual(await trace({ traceparent, baggage }, { traceparent: other }), expected[0])
  assert.deepEqual(await trace({}, { traceparent: other, tracestate: 'x=y' }), expected[1])
  assert.deepEqual(await trace({ traceparent: 'bad' }), expected[2])
  assert.deepEqual(seen, [expected[0], expected[1], undefined])
})
