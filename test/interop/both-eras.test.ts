/** Clients of both eras on one server, at the same time: sessions for those who know them, and nothing crosses. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientV1, clientV1Sse } from './client-v1.ts'
import { clientV2, clientV2Auto, clientV2Pinned, REVISION } from './client-v2.ts'
import { everyKind, serveFixture, statelessKinds } from './setup.ts'

const PER_KIND = 8
const CALLS = 6

describe('both eras on one port', () => {
  test('many clients of each kind, with equal ids and tokens, ask, report and answer: each gets its own', async (t) => {
    const { server, ...served } = await serveFixture(t)
    server.registerTool(
      'echo',
      {
        inputSchema: { type: 'object', properties: { payload: { type: 'string' } }, required: ['payload'] },
      },
      async ({ payload }, { progress, elicit, session, protocolVersion }) => {
        progress(1, undefined, payload)
        const { content } = await elicit('who', {
          message: payload,
          requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        })
        progress(2, undefined, payload)
        return JSON.stringify([protocolVersion, session?.id ?? null, payload, content?.name])
      },
    )
    const clients = await Promise.all(
      everyKind
        .flatMap((kind) => Array.from({ length: PER_KIND }, () => kind))
        .map(async (kind, index) => {
          const answer = (message: unknown) => ({ name: `client ${index} answers ${message}` })
          const client = await served.connect(kind, {
            capabilities: { elicitation: {} },
            answers: {
              'elicitation/create': ({ message }) => ({ action: 'accept', content: answer(message) }),
            },
          })
          return { index, client, kind }
        }),
    )
    assert.equal(served.stats().sessions, (everyKind.length - statelessKinds.length) * PER_KIND)
    await Promise.all(
      clients.flatMap(({ index, client, kind }) =>
        Array.from({ length: CALLS }, async (_, call) => {
          const payload = `client ${index} call ${call}`
          const seen = new Set<unknown>()
          const onprogress = ({ message }: { message?: string }) => seen.add(message)
          const result = await client.callTool('echo', { payload }, { onprogress })
          const text = result.content[0]?.text ?? ''
          const [version, session, ...said] = JSON.parse(text)
          assert.deepEqual(said, [payload, `client ${index} answers ${payload}`])
          // On HTTP+SSE a client does not know of either.
          if (kind !== clientV1Sse)
            assert.deepEqual([version, session], [client.protocolVersion, client.sessionId ?? null])
          // The v2 client adds a message of its own for each round of questions.
          const foreign = [...seen].filter(
            (each) => each !== payload && !String(each).startsWith('Fulfilling'),
          )
          assert.deepEqual(foreign, [])
          assert.ok(seen.has(payload))
        }),
      ),
    )
    for (const { client, kind } of clients) {
      // On the one stream of HTTP+SSE, an answer and the progress before it can arrive together. Then this client handles
      // the answer first, and does not know the token any more.
      const late = kind === clientV1Sse ? /progress notification for an unknown token/ : undefined
      assert.deepEqual(
        client.errors.filter((error) => late?.test(String(error)) !== true),
        [],
      )
    }
    assert.equal(served.stats().callsInProgress, 0)
  })

  test('one change reaches the listening clients of each era', async (t) => {
    const { server, ...served } = await serveFixture(t)
    const [v1, v2, auto, pinned] = await Promise.all([
      served.connect(clientV1),
      served.connect(clientV2),
      served.connect(clientV2Auto),
      served.connect(clientV2Pinned),
    ])
    await Promise.all([auto, pinned].map(({ sdk }) => sdk.listen({ toolsListChanged: true })))
    server.registerTool('added', {}, () => 'new')
    for (const client of [v1, v2, auto, pinned]) {
      await client.inbox.wait('notifications/tools/list_changed')
      assert.equal((await client.callTool('added')).content[0]?.text, 'new')
    }
  })

  test('a client that ends its session disturbs none of the others', async (t) => {
    const served = await serveFixture(t)
    const v2 = await served.connect(clientV2)
    const v1 = await served.connect(clientV1)
    const pinned = await served.connect(clientV2Pinned)
    await v2.terminate()
    assert.equal(served.stats().sessions, 1)
    assert.equal((await v1.callTool('test_simple_text')).isError, undefined)
    assert.equal((await pinned.callTool('test_simple_text')).isError, undefined)
  })

  test('a server of the stateless era alone tells clients of sessions what it speaks', async (t) => {
    const served = await serveFixture(t, { eras: ['stateless'] })
    for (const kind of [clientV1, clientV2]) {
      await assert.rejects(served.connect(kind), (error: Error) => {
        assert.match(error.message, new RegExp(REVISION))
        return true
      })
    }
    const client = await served.connect(clientV2Auto)
    assert.equal((await client.callTool('test_simple_text')).isError, undefined)
    assert.equal(served.stats().sessions, 0)
  })
})
