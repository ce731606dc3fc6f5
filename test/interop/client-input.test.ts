/** Real clients answer what a tool asks in the middle of its call: elicitation, sampling, roots. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UrlElicitationRequiredError } from '../../src/index.ts'
import { everyKind, gate, kinds, serveFixture } from './setup.ts'

for (const kind of everyKind) {
  describe(kind.name, () => {
    test('answers a form, and the tool gets what the user entered', async (t) => {
      const client = await (await serveFixture(t)).connect(kind, {
        capabilities: { elicitation: {} },
        answers: {
          'elicitation/create': ({ message }) => {
            assert.equal(message, 'Who are you?')
            return { action: 'accept', content: { username: 'ada', email: 'ada@example.com' } }
          },
        },
      })
      const result = await client.callTool('test_elicitation', { message: 'Who are you?' })
      assert.equal(
        result.content[0]?.text,
        'User response: action=accept, content={"username":"ada","email":"ada@example.com"}',
      )
      assert.deepEqual(client.errors, [])
    })

    test('declines and cancels a form', async (t) => {
      const actions = ['decline', 'cancel']
      const client = await (await serveFixture(t)).connect(kind, {
        capabilities: { elicitation: { form: {} } },
        answers: { 'elicitation/create': () => ({ action: actions.shift() }) },
      })
      for (const action of ['decline', 'cancel']) {
        const result = await client.callTool('test_elicitation', { message: 'Who are you?' })
        assert.equal(result.content[0]?.text, `User response: action=${action}, content={}`)
      }
    })

    test('takes forms with every kind of field, and what the user left empty gets its default', async (t) => {
      const client = await (await serveFixture(t)).connect(kind, {
        capabilities: { elicitation: {} },
        answers: {
          'elicitation/create': ({ requestedSchema }) => {
            const { properties } = requestedSchema as { properties: object }
            const isChoice = 'titledMulti' in properties
            return {
              action: 'accept',
              content: isChoice ? { titledSingle: 'value2', titledMulti: ['value1', 'value3'] } : { age: 31 },
            }
          },
        },
      })
      const defaults = await client.callTool('test_elicitation_sep1034_defaults')
      const [, content = ''] = (defaults.content[0]?.text ?? '').split('content=')
      assert.deepEqual(JSON.parse(content), {
        name: 'John Doe',
        age: 31,
        score: 95.5,
        status: 'active',
        verified: true,
      })
      const choices = await client.callTool('test_elicitation_sep1330_enums')
      assert.match(
        choices.content[0]?.text ?? '',
        /"titledSingle":"value2","titledMulti":\["value1","value3"\]/,
      )
    })

    test('lends its model', async (t) => {
      const client = await (await serveFixture(t)).connect(kind, {
        capabilities: { sampling: {} },
        answers: {
          'sampling/createMessage': ({ messages, maxTokens }) => {
            assert.equal(maxTokens, 100)
            assert.deepEqual(messages, [{ role: 'user', content: { type: 'text', text: 'Say hello' } }])
            return { role: 'assistant', model: 'm', content: { type: 'text', text: 'hello' } }
          },
        },
      })
      const result = await client.callTool('test_sampling', { prompt: 'Say hello' })
      assert.equal(result.content[0]?.text, 'LLM response: hello')
    })

    test('answers questions of parallel calls, each to its own call', async (t) => {
      const client = await (await serveFixture(t)).connect(kind, {
        capabilities: { elicitation: {} },
        answers: {
          'elicitation/create': ({ message }) => ({
            action: 'accept',
            content: { username: message, email: 'x@example.com' },
          }),
        },
      })
      const names = Array.from({ length: 20 }, (_, index) => `user ${index}`)
      const results = await Promise.all(
        names.map((message) => client.callTool('test_elicitation', { message })),
      )
      for (const [index, { content }] of results.entries()) {
        assert.ok(content[0]?.text?.includes(`"username":"user ${index}"`), content[0]?.text)
      }
    })
  })
}

for (const kind of kinds) {
  describe(kind.name, () => {
    test('is sent to a page, and told when it is done there [elicitation.url-mode] [elicitation.complete-id]', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const done = gate()
      server.registerTool('visit', {}, async (_args, { elicit, elicitationComplete }) => {
        const { action } = await elicit('page', {
          message: 'Please sign in',
          url: 'https://example.com/sign-in',
          elicitationId: 'visit-1',
        })
        elicitationComplete('visit-1')
        await done.opened
        return action
      })
      const client = await served.connect(kind, {
        capabilities: { elicitation: { url: {} } },
        answers: {
          'elicitation/create': ({ mode, message, url, elicitationId }) => {
            assert.deepEqual(
              [mode, message, url, elicitationId],
              ['url', 'Please sign in', 'https://example.com/sign-in', 'visit-1'],
            )
            return { action: 'accept' }
          },
        },
      })
      const call = client.callTool('visit')
      const [complete] = await client.inbox.wait('notifications/elicitation/complete')
      assert.deepEqual(complete?.params, { elicitationId: 'visit-1' })
      done.open()
      assert.equal((await call).content[0]?.text, 'accept')
    })

    test('is told that a page must be visited first, and reads which [elicitation.required-error-code] [elicitation.required-error-list] [elicitation.required-error-url-mode]', async (t) => {
      const { server, ...served } = await serveFixture(t)
      server.registerTool('locked', {}, () => {
        throw new UrlElicitationRequiredError([{ message: 'Sign in', url: 'https://example.com/sign-in' }])
      })
      const client = await served.connect(kind, { capabilities: { elicitation: { url: {} } } })
      // Both clients make an error of a class of their own of it, with the list as a member.
      await assert.rejects(
        client.callTool('locked'),
        (error: { code: number; elicitations: { [member: string]: unknown }[] }) => {
          assert.equal(error.code, -32042)
          assert.equal(error.elicitations.length, 1)
          const { mode, url, message, elicitationId } = error.elicitations[0] ?? {}
          assert.deepEqual([mode, url, message], ['url', 'https://example.com/sign-in', 'Sign in'])
          assert.match(String(elicitationId), /^\S{8,}$/)
          return true
        },
      )
    })

    test('is not asked what it did not declare, and the tool says so [lifecycle.negotiated-only]', async (t) => {
      const { server, ...served } = await serveFixture(t)
      server.registerTool('visit', {}, async (_args, { elicit }) => {
        return (await elicit('page', { message: 'Sign in', url: 'https://example.com' })).action
      })
      server.registerTool('roots', {}, async (_args, { listRoots }) => JSON.stringify(await listRoots()))
      const client = await served.connect(kind, {
        capabilities: { elicitation: {} },
        answers: { 'elicitation/create': () => assert.fail('it was asked') },
      })
      const calls = {
        visit: [{}, /elicitation in url mode/],
        roots: [{}, /roots/],
        test_sampling: [{ prompt: 'x' }, /sampling/],
      } as const
      for (const [name, [args, problem]] of Object.entries(calls)) {
        const result = await client.callTool(name, args)
        assert.equal(result.isError, true, name)
        assert.match(result.content[0]?.text ?? '', problem)
      }
    })

    test('shows its roots, and the tool can ask again after they changed [roots.changes-handled]', async (t) => {
      const { server, ...served } = await serveFixture(t)
      server.registerTool('roots', {}, async (_args, { listRoots }) => {
        return (await listRoots()).map(({ uri, name }) => `${uri} ${name}`).join()
      })
      const roots = [{ uri: 'file:///project', name: 'Project' }]
      const client = await served.connect(kind, {
        capabilities: { roots: { listChanged: true } },
        answers: { 'roots/list': () => ({ roots }) },
      })
      assert.equal((await client.callTool('roots')).content[0]?.text, 'file:///project Project')
      roots.push({ uri: 'file:///other', name: 'Other' })
      await client.api.sendRootsListChanged()
      assert.equal(
        (await client.callTool('roots')).content[0]?.text,
        'file:///project Project,file:///other Other',
      )
    })

    test('refuses an answer, and the call fails without harm to the next', async (t) => {
      const client = await (await serveFixture(t)).connect(kind, {
        capabilities: { sampling: {} },
        answers: {
          'sampling/createMessage': () => {
            throw new Error('the user said no')
          },
        },
      })
      const failed = await client.callTool('test_sampling', { prompt: 'x' })
      assert.equal(failed.isError, true)
      assert.match(failed.content[0]?.text ?? '', /the user said no/)
      assert.equal((await client.callTool('test_simple_text')).isError, undefined)
    })
  })
}
