/** The v2 client in the stateless era answers what handlers ask: each round is one more request of the same call. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Answer } from './real-client.ts'
import { recordPosts, serveFixture, statelessKinds } from './setup.ts'

const capabilities = { elicitation: {}, sampling: {}, roots: {} }

/** What its user, its model and its folders answer. */
const answers: { readonly [method: string]: Answer } = {
  'elicitation/create': ({ requestedSchema }) => {
    const values: { [field: string]: unknown } = { name: 'Ada', color: 'green', ok: true, context: 'a test' }
    const { properties } = requestedSchema as { properties: object }
    const fields = Object.keys(properties).map((field) => [field, values[field]])
    return { action: 'accept', content: Object.fromEntries(fields) }
  },
  'sampling/createMessage': () => ({
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: 'Paris' },
  }),
  'roots/list': () => ({ roots: [{ uri: 'file:///project', name: 'Project' }] }),
}

for (const kind of statelessKinds) {
  describe(kind.name, () => {
    const rows: readonly [tool: string, requests: number, text: RegExp][] = [
      ['elicitation', 2, /^Hello, Ada!$/],
      ['sampling', 2, /^The model answered: .*Paris/],
      ['list_roots', 2, /file:\/\/\/project/],
      ['multiple_inputs', 2, /^Ada; .*Paris.*; file:\/\/\/project$/],
      ['multi_round', 3, /^Ada likes green$/],
      ['request_state', 2, /^state-ok$/],
      ['tampered_state', 2, /^confirmed with accept$/],
    ]
    for (const [name, requests, text] of rows) {
      test(`answers test_input_required_result_${name} with ${requests} requests`, async (t) => {
        const posts = recordPosts()
        const served = await serveFixture(t)
        const client = await served.connect(kind, { capabilities, answers, fetch: posts.fetch })
        const result = await client.callTool(`test_input_required_result_${name}`)
        assert.match(result.content[0]?.text ?? '', text)
        const sent = posts.of('tools/call')
        assert.equal(sent.length, requests)
        assert.equal(new Set(sent.map(({ body }) => body.id)).size, requests)
        const states = sent.slice(1).map(({ body }) => body.params['requestState'])
        assert.equal(new Set(states).size, requests - 1)
        assert.deepEqual(client.errors, [])
      })
    }

    test('answers before it gets a prompt, and before it reads a resource', async (t) => {
      const { server, ...served } = await serveFixture(t)
      server.registerResource('asking', 'test://asking', {}, async (_uri, { listRoots }) => {
        return (await listRoots()).map(({ uri }) => uri).join()
      })
      const { sdk } = await served.connect(kind, { capabilities, answers })
      const prompt = await sdk.getPrompt({ name: 'test_input_required_result_prompt' })
      assert.deepEqual(prompt.messages[0]?.content, {
        type: 'text',
        text: 'Use the following context: a test',
      })
      const read = await sdk.readResource({ uri: 'test://asking' })
      assert.deepEqual(read.contents, [{ uri: 'test://asking', text: 'file:///project' }])
    })

    test('is asked again when an answer does not fit the form, until it does', async (t) => {
      const contents = [{}, { name: 7 }, { name: 'Ada' }]
      const client = await (await serveFixture(t)).connect(kind, {
        capabilities: { elicitation: {} },
        answers: { 'elicitation/create': () => ({ action: 'accept', content: contents.shift() }) },
      })
      const result = await client.callTool('test_input_required_result_elicitation')
      assert.equal(result.content[0]?.text, 'Hello, Ada!')
      assert.equal(contents.length, 0)
    })

    test('repeats the call, and what the handler does once happens once', async (t) => {
      const { server, ...served } = await serveFixture(t)
      let runs = 0
      const done: string[] = []
      const form = { type: 'object', properties: { name: { type: 'string' } } } as const
      server.registerTool('careful', {}, async (_args, { elicit, once }) => {
        runs += 1
        const ticket = await once('ticket', () => {
          done.push('ticket')
          return `ticket ${runs}`
        })
        for (const key of ['first', 'second']) await elicit(key, { message: key, requestedSchema: form })
        await once('order', () => {
          done.push('order')
        })
        return ticket
      })
      const client = await served.connect(kind, { capabilities, answers })
      assert.equal((await client.callTool('careful')).content[0]?.text, 'ticket 1')
      assert.equal(runs, 3)
      assert.deepEqual(done, ['ticket', 'order'])
    })

    test('gets progress of every round', async (t) => {
      const client = await (await serveFixture(t)).connect(kind, { capabilities, answers })
      const seen: (string | undefined)[] = []
      const onprogress = ({ message }: { message?: string }) => seen.push(message)
      const result = await client.callTool('test_streaming_elicitation', {}, { onprogress })
      assert.equal(result.content[0]?.text, 'The user chose to accept')
      // The client counts the rounds itself, in between.
      const ours = seen.filter((message) => !message?.startsWith('Fulfilling'))
      assert.deepEqual(ours, ['Asking the user', 'Asking the user', 'The user has answered'])
    })

    test('cannot answer: the call fails there, and the server is as before', async (t) => {
      const served = await serveFixture(t)
      const client = await served.connect(kind, {
        capabilities: { sampling: {} },
        answers: {
          'sampling/createMessage': () => {
            throw new Error('the user said no')
          },
        },
      })
      await assert.rejects(client.callTool('test_sampling', { prompt: 'x' }), /the user said no/)
      assert.equal(served.stats().callsInProgress, 0)
      assert.equal((await client.callTool('test_simple_text')).isError, undefined)
    })

    test('is asked only for what it declared', async (t) => {
      const posts = recordPosts()
      const client = await (await serveFixture(t)).connect(kind, {
        capabilities: { sampling: {} },
        answers: { 'sampling/createMessage': answers['sampling/createMessage'] as Answer },
        fetch: posts.fetch,
      })
      const result = await client.callTool('test_input_required_result_capabilities')
      assert.match(result.content[0]?.text ?? '', /Paris/)
      const [, retry] = posts.of('tools/call')
      assert.deepEqual(Object.keys(retry?.body.params['inputResponses'] as object), ['greeting'])
    })

    test('changes the state that it carries, and is refused', async (t) => {
      const posts = recordPosts()
      const tamper: typeof fetch = (url, init) => {
        const body = typeof init?.body === 'string' ? JSON.parse(init.body) : {}
        if (body.params?.requestState === undefined) return posts.fetch(url, init)
        body.params.requestState += '-TAMPERED'
        return posts.fetch(url, { ...init, body: JSON.stringify(body) })
      }
      const client = await (await serveFixture(t)).connect(kind, { capabilities, answers, fetch: tamper })
      await assert.rejects(client.callTool('test_input_required_result_tampered_state'), {
        code: -32602,
        message: /requestState/,
      })
      assert.equal(posts.of('tools/call').length, 2)
    })
  })
}
