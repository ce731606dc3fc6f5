/** The fetch handler in Hono on `@hono/node-server`: what must work wherever a handler runs, over sockets. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createFetchHandler } from '../../src/fetch.ts'
import {
  connections,
  leaving,
  oldHttp,
  pipelining,
  streams,
  wholeAnswers,
} from '../interop/portable-checks.ts'
import { createPortableServer } from '../interop/portable-server.ts'
import { listenHono } from './carriers.ts'

describe('createFetchHandler in Hono', () => {
  const handler = createFetchHandler(createPortableServer())
  let app: Awaited<ReturnType<typeof listenHono>>
  let url = ''
  before(async () => {
    app = await listenHono(handler)
    url = app.url
  })
  after(() => app.close())
  for (const [title, check] of Object.entries({ ...wholeAnswers, ...streams, ...connections })) {
    test(title, () => check(url))
  }
  test('pipelined requests are answered in order', () => pipelining(url))
  test('clients that leave in the middle of their bodies harm nobody', () => leaving(url))
  test('HTTP/1.0', () => oldHttp(url))
  test('nothing is left of all these', async () => {
    const { streams, bodyBytes, callsInProgress } = handler.stats()
    assert.deepEqual(
      { streams, bodyBytes, callsInProgress },
      { streams: 0, bodyBytes: 0, callsInProgress: 0 },
    )
  })
})
