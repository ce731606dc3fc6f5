/** Results and errors that are right, whatever form the application gives them: none loses a member on the way. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { type GetPromptResult, type ReadResourceResult, RpcError, serve } from '../../src/index.ts'
import { define } from '../features/offering.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { TestSession } from '../helpers/wire.ts'
import { begin, until } from '../session-era/task-session.ts'
import { TaskClient } from '../stateless-era/task-client.ts'
import { asking, eras } from './asking.ts'
import { never } from './problem.ts'

const text = { type: 'text', text: 'x' } as const

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    test('a member of the protocol that is undefined is as if it were absent', async (t) => {
      const { server, request, errors } = await asking(t, era)
      const rest = { _meta: { a: 1 }, resultType: undefined, ttlMs: undefined, cacheScope: undefined }
      server.registerTool('t', {}, () => ({ content: [text], ...rest }))
      server.registerPrompt('p', {}, () => ({ messages: [], ...rest }) as GetPromptResult)
      server.registerResource('r', 'memo://r', {}, () => ({ contents: [], ...rest }) as ReadResourceResult)
      for (const [method, params] of [
        ['tools/call', { name: 't' }],
        ['prompts/get', { name: 'p' }],
        ['resources/read', { uri: 'memo://r' }],
      ] as const) {
        const { result } = await request(method, params, never)
        assert.equal(result._meta.a, 1, method)
        assert.equal(result.resultType, era === 'session' ? undefined : 'complete', method)
      }
      assert.deepEqual(errors, [])
    })

    test('middleware may answer every method by itself', async (t) => {
      const { server, request, errors } = await asking(t, era)
      server.registerTool('t', {}, () => 'x')
      server.registerPrompt('p', {}, () => 'x')
      server.registerResource('r', 'memo://r', {}, () => 'x')
      const own: { readonly [method: string]: object } = {
        'tools/list': { tools: [] },
        'tools/call': { content: [] },
        'prompts/list': { prompts: [], ...(era === 'stateless' && { ttlMs: 5, cacheScope: 'public' }) },
        'prompts/get': { messages: [] },
        'resources/list': { resources: [] },
        'resources/templates/list': { resourceTemplates: [] },
        'resources/read': { contents: [] },
      }
      server.use((ctx, next) => own[ctx.method] ?? next())
      for (const [method, result] of Object.entries(own)) {
        const params = method === 'resources/read' ? { uri: 'memo://r' } : { name: 't' }
        const usual = /list|read/.test(method) ? { ttlMs: 0, cacheScope: 'private' } : {}
        const expected = era === 'session' || 'ttlMs' in result ? result : { ...usual, ...result }
        // Every message is held against the schema of its revision.
        const { resultType: _type, _meta, ...sent } = (await request(method, params, never)).result
        assert.deepEqual(sent, expected, method)
      }
      assert.deepEqual(errors, [])
    })

    test('an instance of a class is what JSON makes of it, and needs no uri either', async (t) => {
      const { server, request, errors } = await asking(t, era)
      class Note {
        readonly text = 'body'
      }
      server.registerResource('one', 'memo://one', { mimeType: 'text/markdown' }, () => new Note())
      server.registerResource('more', 'memo://more', { mimeType: 'text/markdown' }, () => ({
        contents: [new Note() as never],
      }))
      for (const uri of ['memo://one', 'memo://more']) {
        const { result } = await request('resources/read', { uri }, never)
        assert.deepEqual(result?.contents, [{ uri, mimeType: 'text/markdown', text: 'body' }])
      }
      assert.deepEqual(errors, [])
    })

    test('structuredContent that JSON cannot hold may become what it can by the outputSchema', async (t) => {
      const { server, call, errors } = await asking(t, era)
      const outputSchema = z.object({ count: z.bigint().transform(String).pipe(z.string()) })
      server.registerTool('plain', { outputSchema }, () => ({ structuredContent: { count: 10n } }))
      server.registerTool('own', { outputSchema }, () => ({
        structuredContent: { count: 10n },
        content: [{ type: 'text', text: 'ten' }],
      }))
      const rows = [
        ['plain', '{"count":"10"}'],
        ['own', 'ten'],
      ] as const
      for (const [name, said] of rows) {
        const { result, error } = await call(name, {}, never)
        assert.deepEqual(result?.structuredContent, { count: '10' }, JSON.stringify(error ?? result))
        assert.deepEqual(result.content, [{ type: 'text', text: said }])
      }
      assert.deepEqual(errors, [])
    })
  })
}

const unwritable: readonly (readonly [what: string, data: unknown])[] = [
  ['a BigInt', { size: 1n }],
  [
    'a toJSON that throws',
    {
      toJSON() {
        throw new Error('hunter2')
      },
    },
  ],
]

for (const [what, data] of unwritable) {
  test(`${what} in the data of an error is left out of the error of a task too, and reported`, async (t) => {
    const { server, errors } = define()
    server.registerTool('job', { task: true }, () => {
      throw new RpcError(-32001, 'no such job', data)
    })
    const serving = await serve(server, { port: 0 })
    t.after(() => serving.close({ drainMs: 0 }))
    const expected = { code: -32001, message: 'no such job' }

    const stateless = await new StatelessClient(serving.url).call('job', {}, { check: 'none' })
    assert.deepEqual(stateless.error, expected)
    const client = new TaskClient(serving.url)
    const failed = await client.until(await client.begin('job'), 'failed')
    assert.deepEqual([failed.error, failed.statusMessage], [expected, expected.message])

    const session = await TestSession.open(serving.url)
    t.after(() => session.close())
    assert.deepEqual((await session.call('job')).error, expected)
    const { taskId } = await begin(session, 'job')
    await until(session, taskId, 'failed')
    assert.deepEqual((await session.request('tasks/result', { taskId })).error, expected)

    assert.deepEqual(
      errors.map(({ error, info }) => [error.code, info.phase, info.method, info.name]),
      Array.from({ length: 4 }, () => ['ERR_NOT_SERIALISABLE', 'output', 'tools/call', 'job']),
    )
  })
}
