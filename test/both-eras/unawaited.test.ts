/**
 * Promises that the application does not await, or only later: one that is rejected meanwhile does not end the process,
 * which the runner would report as a failure of the test.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Middleware, RpcError, serve } from '../../src/index.ts'
import { define } from '../features/offering.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { TestSession } from '../helpers/wire.ts'
import { asking, eras } from './asking.ts'
import { never } from './problem.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    test('middleware may await next() after something else', async (t) => {
      const { server, request, errors } = await asking(t, era)
      server.registerPrompt('broken', {}, async () => {
        throw new Error('hunter2')
      })
      server.use(async (_ctx, next) => {
        const result = next()
        await turn()
        return await result
      })
      const unknown = await request('tools/call', { name: 'nothing' }, never)
      assert.equal(unknown.error.code, -32602)
      const broken = await request('prompts/get', { name: 'broken' }, never)
      assert.equal(broken.error.code, -32603)
      assert.deepEqual(
        errors.map(({ error }) => error.message),
        ['hunter2'],
      )
    })

    test('middleware may answer without a look at what next() gives', async (t) => {
      const { server, request } = await asking(t, era)
      server.registerPrompt('broken', {}, () => {
        throw new RpcError(-32001, 'no')
      })
      const said = { messages: [{ role: 'user', content: { type: 'text', text: 'cached' } }] } as const
      const inner: Middleware = (_ctx, next) => next()
      server.use((ctx, next) => {
        if (ctx.method !== 'prompts/get') return next()
        void next()
        void next()
        return said
      })
      server.use(inner)
      const { result } = await request('prompts/get', { name: 'broken' }, never)
      assert.equal(result.messages[0].content.text, 'cached')
      await turn()
    })
  })
}

test('ctx.startTask() may be called without await where it is refused', async (t) => {
  const { server } = define()
  const seen: unknown[] = []
  server.registerTool('late', { task: 'on-demand' }, async (_args, ctx) => {
    void ctx.startTask()
    await turn()
    seen.push(ctx.canStartTask)
    return 'done'
  })
  const serving = await serve(server, { port: 0, tasks: { max: 1 } })
  t.after(() => serving.close({ drainMs: 0 }))
  const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
  const client = new StatelessClient(serving.url, { capabilities })
  server.registerTool('first', { task: true }, (_args, ctx) => {
    return new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve('x')))
  })
  assert.equal((await client.call('first', {}, { check: 'none' })).result.resultType, 'task')
  const { result } = await client.call('late', {}, { check: 'none' })
  assert.equal(result.content[0].text, 'done')
  await turn()
  const session = await TestSession.open(serving.url)
  t.after(() => session.close())
  assert.equal((await session.call('late')).result.content[0].text, 'done')
})
