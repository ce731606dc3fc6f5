/** Real clients lose their connections in the middle of things, come back, and have missed nothing. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RpcError } from '../../src/index.ts'
import { within } from '../helpers/within.ts'
import { gate, kinds, serveFixture } from './setup.ts'

const NAME_FORM = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }

/**
 * A client's `fetch` that tells of the attempts to resume a stream, and holds them back until it is opened. Only
 * streams that belong to a call: the other one, which every session has, goes on at once.
 */
function resumptions() {
  const attempted = gate()
  const allowed = gate()
  const answered = gate<number>()
  let attempts = 0
  let listening: string | undefined
  const hold: typeof fetch = async (url, init) => {
    const lastEventId = new Headers(init?.headers).get('last-event-id')
    const stream = lastEventId?.split('_')[0]
    if (init?.method !== 'GET') return await fetch(url, init)
    if (stream !== undefined && stream !== listening) {
      attempts += 1
      attempted.open()
      await allowed.opened
      const response = await fetch(url, init)
      answered.open(response.status)
      return response
    }
    const response = await fetch(url, init)
    return listening === undefined ? tap(response, (name) => (listening = name)) : response
  }
  return {
    fetch: hold,
    attempted: attempted.opened,
    allow: allowed.open,
    /** Status of the first answer. */
    answered: answered.opened,
    count: () => attempts,
  }
}

/**
 * The same response, which tells the name before the `_` in its first event id as the client reads it. A clone would be a
 * second reader, whom nothing tells that the client has given up.
 */
function tap(response: Response, onName: (name: string) => void): Response {
  let text: string | undefined = ''
  const decoder = new TextDecoder()
  const look = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      if (text !== undefined) text += decoder.decode(bytes, { stream: true })
      const name = /^id: ?([^_\n]+)_/m.exec(text ?? '')?.[1]
      if (name !== undefined) {
        text = undefined
        onName(name)
      }
      controller.enqueue(bytes)
    },
  })
  const { status, headers, body } = response
  return new Response(body?.pipeThrough(look) ?? null, { status, headers })
}

for (const kind of kinds) {
  describe(kind.name, () => {
    test('gets the result of a call whose connection broke, when it comes while the client is back', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const release = gate()
      let runs = 0
      server.registerTool('slow', {}, async (_args, { progress }) => {
        runs += 1
        progress(1, 3, 'before')
        await release.opened
        progress(2, 3, 'after')
        return 'done'
      })
      const client = await served.connect(kind)
      const seen: string[] = []
      const first = gate()
      const second = gate()
      const call = client.callTool(
        'slow',
        {},
        {
          onprogress: ({ message = '' }) => {
            seen.push(message)
            if (message === 'before') first.open()
            else second.open()
          },
        },
      )
      await within(first.opened, () => 'the first progress')
      served.breakConnections()
      release.open()
      assert.equal((await within(call, () => 'the result')).content[0]?.text, 'done')
      await second.opened
      assert.deepEqual(seen, ['before', 'after'])
      assert.equal(runs, 1)
      assert.equal(client.responses.length, 1)
    })

    test('gets what was sent while it was away, each message once and in order [transports.disconnect-not-cancel]', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const release = gate()
      const finished = gate()
      const aborted: unknown[] = []
      server.registerTool('slow', {}, async (_args, { progress, signal }) => {
        signal.addEventListener('abort', () => aborted.push(signal.reason))
        progress(1)
        await release.opened
        for (const done of [2, 3, 4]) progress(done)
        setImmediate(finished.open)
        return 'done'
      })
      const resumed = resumptions()
      const client = await served.connect(kind, { fetch: resumed.fetch })
      const seen: number[] = []
      const first = gate()
      const call = client.callTool(
        'slow',
        {},
        {
          onprogress: ({ progress }) => {
            seen.push(progress)
            first.open()
          },
        },
      )
      await within(first.opened, () => 'the first progress')
      served.breakConnections()
      await within(resumed.attempted, () => 'the client to come back')
      release.open()
      await finished.opened
      assert.equal(served.stats().callsInProgress, 0)
      resumed.allow()
      assert.equal((await within(call, () => 'the result')).content[0]?.text, 'done')
      assert.deepEqual(seen, [1, 2, 3, 4])
      assert.equal(client.responses.length, 1)
      assert.equal(resumed.count(), 1)
      assert.deepEqual(aborted, [])
    })

    test('comes back as often as its connections break', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const steps = Array.from({ length: 5 }, () => gate())
      server.registerTool('slow', {}, async (_args, { progress }) => {
        for (const [index, step] of steps.entries()) {
          progress(index + 1)
          await step.opened
        }
        return 'done'
      })
      const client = await served.connect(kind)
      const seen: number[] = []
      const call = client.callTool(
        'slow',
        {},
        {
          onprogress: ({ progress }) => {
            seen.push(progress)
            served.breakConnections()
            steps[progress - 1]?.open()
          },
        },
      )
      assert.equal((await within(call, () => 'the result')).content[0]?.text, 'done')
      assert.deepEqual(seen, [1, 2, 3, 4, 5])
      assert.equal(client.responses.length, 1)
    })

    test('is asked what came up while it was away', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const release = gate()
      const asked = gate()
      server.registerTool('asking', {}, async (_args, { elicit, progress }) => {
        progress(1)
        await release.opened
        const question = elicit('name', { message: 'Who?', requestedSchema: NAME_FORM })
        setImmediate(asked.open)
        return JSON.stringify((await question).content)
      })
      const resumed = resumptions()
      let questions = 0
      const client = await served.connect(kind, {
        fetch: resumed.fetch,
        capabilities: { elicitation: {} },
        answers: {
          'elicitation/create': () => {
            questions += 1
            return { action: 'accept', content: { name: 'ada' } }
          },
        },
      })
      const first = gate()
      const call = client.callTool('asking', {}, { onprogress: () => first.open() })
      await within(first.opened, () => 'the first progress')
      served.breakConnections()
      await within(resumed.attempted, () => 'the client to come back')
      release.open()
      await asked.opened
      assert.equal(questions, 0)
      resumed.allow()
      assert.equal((await within(call, () => 'the result')).content[0]?.text, '{"name":"ada"}')
      assert.equal(questions, 1)
    })

    test('comes back when the server hung up on it, and gets the result', async (t) => {
      const resumed = resumptions()
      resumed.allow()
      const client = await (await serveFixture(t)).connect(kind, { fetch: resumed.fetch })
      const result = await within(client.callTool('test_reconnection'), () => 'the result')
      assert.equal(result.content[0]?.text, 'Reconnection test completed successfully')
      assert.equal(client.responses.length, 1)
      assert.equal(resumed.count(), 1)
      assert.deepEqual(client.errors, [])
    })

    test('does not come back again and again for a call that ended without a result [transports.get-stream-or-405] [cancellation.frees-resources]', async (t) => {
      const { server, ...served } = await serveFixture(t)
      server.registerTool('endless', {}, async (_args, { progress, signal }) => {
        progress(1)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        return ''
      })
      server.registerTool('failing', {}, (_args, { progress }) => {
        progress(1)
        throw new RpcError(-32000, 'no')
      })
      const resumed = resumptions()
      const client = await served.connect(kind, { fetch: resumed.fetch })
      const controller = new AbortController()
      const cancelled = client.callTool(
        'endless',
        {},
        { signal: controller.signal, onprogress: () => controller.abort() },
      )
      await assert.rejects(cancelled)
      // It does when the stream has ended.
      await within(resumed.attempted, () => 'the client to come back')
      assert.equal(served.stats().callsInProgress, 0)
      resumed.allow()
      assert.equal(await within(resumed.answered, () => 'the answer to that'), 405)

      await assert.rejects(client.callTool('failing', {}, { onprogress: () => {} }), { code: -32000 })
      // Longer than the client waits before it comes back: a call that begins after it has to end after it.
      await client.callTool('test_reconnection')
      const expected = kind.takesErrorForEnd ? 2 : 3
      assert.equal(resumed.count(), expected)
      assert.deepEqual(client.errors, [])
    })

    test('polls: one call, hung up on again and again', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const steps = Array.from({ length: 3 }, () => gate())
      server.registerTool('polled', {}, async (_args, { closeStream, progress }) => {
        for (const [index, step] of steps.entries()) {
          progress(index + 1)
          await step.opened
          closeStream(10)
        }
        return 'done'
      })
      const client = await served.connect(kind)
      const seen: number[] = []
      const call = client.callTool(
        'polled',
        {},
        {
          onprogress: ({ progress }) => {
            seen.push(progress)
            steps[progress - 1]?.open()
          },
        },
      )
      assert.equal((await within(call, () => 'the result')).content[0]?.text, 'done')
      assert.deepEqual(seen, [1, 2, 3])
      assert.equal(client.responses.length, 1)
    })

    test('hears of a change that happened while its listening connection was broken', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const client = await served.connect(kind)
      server.registerTool('added', {}, () => '')
      await client.inbox.wait('notifications/tools/list_changed')
      served.breakConnections()
      server.registerPrompt('added', {}, () => 'a prompt')
      await client.inbox.wait('notifications/prompts/list_changed')
      assert.equal(client.inbox.all.length, 2)
    })
  })
}
