/**
 * Whatever has a `then` is awaited, from every function of the application: promise libraries and query builders give
 * such values, and theirs may have nothing but `then`, be functions, call back twice, or throw after they called back.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SchemaLike, serve, ToolError } from '../../src/index.ts'
import { define } from '../features/offering.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import type { WireJson } from '../helpers/wire.ts'
import { serving } from '../stateless-era/serving.ts'
import { type Asking, asking, eras } from './asking.ts'
import { never } from './problem.ts'

type Resolve = (value: unknown) => void
type Then = (resolve: Resolve, reject: Resolve) => void

/** Nothing of a promise but `then`, which returns nothing. */
const minimal = (then: Then) => ({ then })
const callable = (then: Then) => Object.assign(() => assert.fail('called'), { then })

/** Each kind as a function of the value that it is to give. It answers later, as its kind does. */
const kinds: readonly (readonly [kind: string, make: (value: WireJson) => WireJson])[] = [
  ['a minimal thenable', (value) => minimal((resolve) => setImmediate(resolve, value))],
  ['one that answers at once', (value) => minimal((resolve) => resolve(value))],
  ['a callable one', (value) => callable((resolve) => setImmediate(resolve, value))],
  [
    'one that calls back again',
    (value) =>
      minimal((resolve, reject) => {
        resolve(value)
        resolve('again')
        reject(new Error('again'))
        setImmediate(reject, new Error('again'))
      }),
  ],
  [
    'one that throws after it called back',
    (value) =>
      minimal((resolve) => {
        resolve(value)
        throw new Error('after')
      }),
  ],
  [
    'one within another',
    (value) => minimal((resolve) => resolve(minimal((inner) => setImmediate(inner, value)))),
  ],
]

const failures: readonly (readonly [kind: string, make: (error: Error) => WireJson])[] = [
  ['that rejects', (error) => minimal((_resolve, reject) => setImmediate(reject, error))],
  [
    'that throws',
    (error) =>
      minimal(() => {
        throw error
      }),
  ],
]

const object = { type: 'object', properties: { x: { type: 'string' } } } as const

/** A schema whose `validate` answers with what `make` makes of its answer. */
function schema(make: (value: WireJson) => WireJson): SchemaLike {
  const json = () => object
  const validate = (value: unknown) => make({ value })
  return { '~standard': { version: 1, vendor: 'test', validate, jsonSchema: { input: json, output: json } } }
}

async function textOf(asked: Asking, name: string): Promise<unknown> {
  const { result, error } = await asked.call(name, {}, never)
  return result?.content[0]?.text ?? error
}

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    for (const [kind, make] of kinds) {
      test(`${kind} is awaited, whatever function returned it`, async (t) => {
        const asked = await asking(t, era)
        const { server, request } = asked
        server.registerTool('tool', {}, () => make('done'))
        server.registerTool('timed', { timeoutMs: 60_000 }, () => make('done'))
        server.registerTool('input', { inputSchema: schema(make) }, () => 'done')
        server.registerTool('output', { outputSchema: schema(make) }, () =>
          make({ structuredContent: { x: 'y' } }),
        )
        server.registerTool('once', {}, async (_args, ctx) => String(await ctx.once('k', () => make('done'))))
        const complete = { x: () => make(['done']) }
        server.registerPrompt('prompt', { argsSchema: schema(make), complete }, () => make('done'))
        server.registerResource('r', 'memo://r', {}, () => make('done'))
        server.registerResourceTemplate(
          't',
          'note://{id}',
          { list: () => make([{ uri: 'note://1', name: 'one' }]) },
          () => make('done'),
        )
        server.use((_ctx, next) => make(next()))
        for (const name of ['tool', 'timed', 'input', 'once'])
          assert.equal(await textOf(asked, name), 'done', name)
        assert.equal(await textOf(asked, 'output'), '{"x":"y"}')
        const prompt = await request('prompts/get', { name: 'prompt' }, never)
        assert.equal(prompt.result.messages[0].content.text, 'done')
        for (const uri of ['memo://r', 'note://1']) {
          assert.equal((await request('resources/read', { uri }, never)).result.contents[0].text, 'done')
        }
        const { resources } = (await request('resources/list', {}, never)).result
        assert.deepEqual(
          resources.map(({ uri }: WireJson) => uri),
          ['memo://r', 'note://1'],
        )
        const params = { ref: { type: 'ref/prompt', name: 'prompt' }, argument: { name: 'x', value: '' } }
        assert.deepEqual((await request('completion/complete', params, never)).result.completion.values, [
          'done',
        ])
        assert.deepEqual(asked.errors, [])
      })
    }

    for (const [kind, make] of failures) {
      test(`a thenable ${kind} is a failure of the function that returned it`, async (t) => {
        const asked = await asking(t, era)
        const { server, errors } = asked
        server.registerTool('told', { timeoutMs: 60_000 }, () => make(new ToolError('no such city')))
        server.registerTool('concealed', {}, () => make(new Error('hunter2')))
        server.registerPrompt('prompt', {}, () => make(new Error('hunter2')))
        server.registerResource('r', 'memo://r', {}, () => make(new Error('hunter2')))
        assert.equal(await textOf(asked, 'told'), 'no such city')
        assert.match(String(await textOf(asked, 'concealed')), /^Internal error \(reference/)
        for (const [method, params] of [
          ['prompts/get', { name: 'prompt' }],
          ['resources/read', { uri: 'memo://r' }],
        ] as const) {
          const { error } = await asked.request(method, params, never)
          assert.deepEqual([error.code, error.message.includes('hunter2')], [-32603, false])
        }
        assert.deepEqual(
          errors.map(({ error }) => error.message),
          ['hunter2', 'hunter2', 'hunter2'],
        )
      })
    }
  })
}

for (const [kind, make] of kinds) {
  test(`${kind} is awaited from verify, from the methods of extensions and from a task store`, async (t) => {
    const { server, errors } = define()
    server.registerTool('who', {}, (_args, ctx) => ctx.auth?.id ?? 'nobody')
    server.registerTool('job', { task: true }, () => make('done'))
    server.registerExtension('com.example/x', { methods: { 'x/get': () => make({ x: 'done' }) } })
    const records = new Map<string, WireJson>()
    const put = (record: WireJson) => make(void records.set(record.taskId, record))
    const store = {
      create: put,
      update: put,
      read: (id: string) => make(records.get(id)),
      delete: (id: string) => make(void records.delete(id)),
    }
    const verify = (token: string) => make(token === 'good' ? { id: 'ann' } : undefined)
    const running = await serve(server, { port: 0, auth: { verify }, tasks: { store } })
    t.after(() => running.close({ drainMs: 0 }))
    const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
    const client = new StatelessClient(running.url, {
      headers: { authorization: 'Bearer good' },
      capabilities,
    })
    assert.equal((await client.call('who')).result.content[0].text, 'ann')
    const stranger = new StatelessClient(running.url, { headers: { authorization: 'Bearer bad' } })
    assert.equal((await stranger.call('who', {}, { check: 'none' })).status, 401)
    assert.equal((await client.request('x/get', {}, { check: 'none' })).result.x, 'done')
    const { taskId } = (await client.call('job', {}, { check: 'none' })).result
    const options = { headers: { 'mcp-name': taskId }, check: 'none' } as const
    let state: WireJson
    do state = (await client.request('tasks/get', { taskId }, options)).result
    while (state.status === 'working')
    assert.equal(state.result.content[0].text, 'done')
    // The task is over, so that its state comes from the store.
    assert.equal((await client.request('tasks/get', { taskId }, options)).result.status, 'completed')
    assert.deepEqual(errors, [])
  })
}

test('a verify whose thenable rejects gives 500, and the process goes on', async (t) => {
  const verify = () =>
    minimal((_resolve, reject) => setImmediate(reject, new Error('hunter2'))) as PromiseLike<never>
  const { client, errors } = await serving(t, { handler: { auth: { verify } } })
  const authorized = client({ headers: { authorization: 'Bearer x' } })
  const { status, text } = await authorized.call('echo', {}, { check: 'none' })
  assert.deepEqual([status, text.includes('hunter2')], [500, false])
  assert.match(String(errors[0]?.error), /hunter2/)
})
