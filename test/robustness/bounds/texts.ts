/** Texts of a request that would otherwise be kept or repeated: ids, tokens, cursors, states, headers. */

import assert from 'node:assert/strict'
import { heapUsed } from '../../helpers/heap.ts'
import { TestSession, type WireJson } from '../../helpers/wire.ts'
import { auth, listen, type Row, serve, unchecked } from './row.ts'

export const textRows: readonly Row[] = [
  {
    kept: 'the id of a request, in each message of a subscription stream, and a progress token, in each progress notification',
    options: [],
    async run(t) {
      const { url, client } = await serve(t)
      const session = await TestSession.open(url)
      const old = await TestSession.open(url, { protocolVersion: '2025-03-26' })
      const long = 'i'.repeat(1_000_000)
      const call = { name: 'echo', arguments: {} }
      for (const reply of [
        await session.request('tools/call', call, { id: long, ...unchecked }),
        await client().request('tools/call', call, { id: long, ...unchecked }),
        await listen(await serve(t), { toolsListChanged: true }, { id: long }),
      ]) {
        assert.deepEqual([reply.status, reply.error.code], [400, -32600])
        assert.match(reply.error.message, /at most 1024 characters/)
        assert.ok(JSON.stringify(reply.error).length < 500)
      }
      const meta = { progressToken: long }
      for (const reply of [
        await session.call('log', {}, { meta, ...unchecked }),
        await client().call('log', {}, { meta, ...unchecked }),
      ]) {
        assert.deepEqual([reply.status, reply.error.code], [400, -32602])
        assert.match(reply.error.message, /"progressToken" must have at most 1024 characters/)
      }
      const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
      const batch = [
        { ...ping, id: long },
        { ...ping, params: { _meta: meta } },
        { ...ping, id: 3 },
      ]
      const answers = (await old.send(batch, unchecked)).json
      assert.deepEqual(
        answers.map(({ id, error }: WireJson) => [id, error?.code]),
        [
          [undefined, -32600],
          [1, -32602],
          [3, undefined],
        ],
      )
    },
  },
  {
    kept: 'nothing of a log level that is none, of a cursor, of the state of a call',
    options: ['requestState.maxLength'],
    async run(t) {
      const { url, client } = await serve(t)
      const session = await TestSession.open(url)
      const long = 'A'.repeat(1_000_000)
      const level = await session.request('logging/setLevel', { level: long }, unchecked)
      const cursor = await session.request('tools/list', { cursor: long })
      const params = { name: 'echo', arguments: {}, requestState: long, inputResponses: {} }
      const state = await client().request('tools/call', params)
      for (const { error } of [level, cursor, state]) {
        assert.equal(error.code, -32602)
        assert.ok(error.message.length < 500)
      }
    },
  },
  {
    kept: 'Accept values that were seen before, and callers whose rate is limited',
    options: [],
    async run(t) {
      const { client } = await serve(t, { auth })
      const ask = async (n: number) => {
        const padding = `${n}`.padEnd(7000, 'x')
        const accept = `application/json, text/event-stream, x/${padding}`
        const headers = { accept, authorization: `Bearer ${padding}` }
        assert.equal((await client({ headers }).request('tools/list')).status, 200)
      }
      for (let n = 0; n < 50; n++) await ask(n)
      const before = heapUsed()
      for (let n = 50; n < 400; n++) await ask(n)
      const grown = heapUsed() - before
      assert.ok(grown < (350 * 7000) / 2, `${grown} bytes after 350 callers with texts of 14 kB`)
    },
  },
]
