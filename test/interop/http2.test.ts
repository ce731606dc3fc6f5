/** Real clients over TLS: undici's fetch over HTTP/2, and the official clients on it and on HTTP/1.1. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { Agent, fetch as undiciFetch } from 'undici'
import { type ServeOptions, serve } from '../../src/index.ts'
import { createFixture } from '../fixture/definition.ts'
import { certificate } from '../helpers/certificate.ts'
import { within } from '../helpers/within.ts'
import { everyKind } from './setup.ts'

/** A fetch over TLS, and how many connections of HTTP/2 the server has. */
async function secure(t: TestContext, allowH2: boolean, options: ServeOptions = {}) {
  const server = createFixture()
  const serving = await serve(server, {
    port: 0,
    tls: certificate(),
    httpSse: true,
    replay: { retryMs: 10 },
    ...options,
  })
  const dispatcher = new Agent({ allowH2, connect: { ca: certificate().cert } })
  const sessions: { destroy(): void }[] = []
  serving.server.on('session', (session) => sessions.push(session))
  t.after(async () => {
    await dispatcher.destroy()
    await serving.close({ drainMs: 0 })
  })
  const fetch = ((url: string | URL, init: object = {}) =>
    undiciFetch(url, { ...init, dispatcher } as never)) as unknown as typeof globalThis.fetch
  return { server, serving, fetch, sessions }
}

for (const [name, allowH2] of [
  ['HTTP/2', true],
  ['HTTP/1.1 over TLS', false],
] as const) {
  describe(name, () => {
    for (const kind of everyKind) {
      test(`the ${kind.name} lists, calls with progress, and answers a question`, async (t) => {
        const { serving, fetch, sessions } = await secure(t, allowH2)
        const client = await kind.connect({
          url: serving.url,
          fetch,
          capabilities: { elicitation: {} },
          answers: {
            'elicitation/create': () => ({ action: 'accept', content: { username: 'ada', email: 'a@b.c' } }),
          },
        })
        t.after(() => client.close())
        assert.ok((await client.listTools()).length > 10)
        const progress: number[] = []
        const onprogress = (each: { progress: number }) => progress.push(each.progress)
        await client.callTool('test_tool_with_progress', {}, { onprogress })
        assert.deepEqual(progress, [0, 50, 100])
        const asked = await client.callTool('test_elicitation', { message: 'Who are you?' })
        assert.match(asked.content[0]?.text ?? '', /username.*ada/)
        assert.deepEqual(client.errors, [])
        assert.equal(sessions.length > 0, allowH2)
      })
    }
  })
}

test('the official client is told of a change over HTTP/2, also after its connection broke', async (t) => {
  const { server, serving, fetch, sessions } = await secure(t, true)
  const [kind] = everyKind
  assert.ok(kind)
  const client = await kind.connect({ url: serving.url, fetch })
  t.after(() => client.close())
  server.registerTool('first', {}, () => 'first')
  await client.inbox.wait('notifications/tools/list_changed')
  const again = once(serving.server, 'session')
  for (const session of sessions) session.destroy()
  await within(again, () => 'another connection')
  server.registerTool('second', {}, () => 'second')
  await client.inbox.wait('notifications/tools/list_changed', 2)
  assert.equal((await client.callTool('second')).content[0]?.text, 'second')
})
