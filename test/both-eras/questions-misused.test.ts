/** Questions and messages that a handler makes wrongly: an error that names what is wrong, and no call that hangs. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { inputRequired, type RequestContext, serve } from '../../src/index.ts'
import { define } from '../features/offering.ts'
import { checkMessage } from '../helpers/schema-check.ts'
import { TaskClient } from '../stateless-era/task-client.ts'
import { asking, eras } from './asking.ts'
import { never } from './problem.ts'

const requestedSchema = { type: 'object', properties: {} } as const
const accept = () => ({ action: 'accept', content: {} })

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    test('timeoutMs of a question must be a number of milliseconds', async (t) => {
      const { server, call, errors } = await asking(t, era)
      const wrong: readonly unknown[] = ['5', -1, Number.NaN, {}]
      for (const [index, timeoutMs] of wrong.entries()) {
        server.registerTool(`t${index}`, {}, async (_args, ctx) => {
          await ctx.elicit('q', { message: 'm', requestedSchema }, { timeoutMs: timeoutMs as number })
          return 'asked'
        })
        const { result } = await call(`t${index}`, {}, never)
        assert.equal(result.isError, true)
        assert.match(
          errors.at(-1)?.error.message,
          /^timeoutMs must be 0 \(no limit\) or a number of milliseconds; got/,
        )
      }
      assert.equal(errors.length, wrong.length)
    })

    test('members of a question that are undefined are as if they were absent', async (t) => {
      const { server, call, errors } = await asking(t, era)
      server.registerTool('form', {}, async (_args, ctx) => {
        const params = { message: 'a form', requestedSchema, url: undefined }
        return (await ctx.elicit('q', params as { message: string; requestedSchema: typeof requestedSchema }))
          .action
      })
      server.registerTool('page', {}, async (_args, ctx) => {
        const params = { mode: undefined, message: 'a page', url: 'https://example.com/' }
        return (await ctx.elicit('q', params)).action
      })
      for (const name of ['form', 'page']) {
        const { result } = await call(name, {}, accept)
        assert.equal(result.content[0].text, 'accept', String(errors.at(-1)?.error))
      }
      assert.deepEqual(errors, [])
    })

    test('a form has only formats that clients know, and its answer is checked against all', async (t) => {
      const { server, call, errors } = await asking(t, era)
      const literal = {
        type: 'object',
        properties: { id: { type: 'string', format: 'uuid' }, on: { type: 'string', format: 'date' } },
      } as const
      const formats: unknown[] = []
      for (const [index, form] of [literal, z.object({ id: z.uuid(), on: z.iso.date() })].entries()) {
        server.registerTool(`t${index}`, {}, async (_args, ctx) => {
          const { content } = await ctx.elicit('q', { message: 'm', requestedSchema: form as typeof literal })
          return content?.id ?? 'nothing'
        })
        const id = '123e4567-e89b-42d3-a456-426614174000'
        const { result } = await call(`t${index}`, {}, (_method, { requestedSchema: sent }) => {
          formats.push(Object.values<{ format?: string }>(sent.properties).map(({ format }) => format))
          return { action: 'accept', content: { id, on: '2026-01-31' } }
        })
        assert.equal(result.content[0].text, id)
      }
      const own = [undefined, 'date']
      assert.deepEqual([formats, errors], [[own, own], []])
    })

    test('a form or a sampling request that clients would refuse is refused before it is sent', async (t) => {
      const { server, call, errors } = await asking(t, era)
      const field = (members: object) => (ctx: RequestContext) =>
        ctx.elicit('q', {
          message: 'm',
          requestedSchema: { type: 'object', properties: { a: { type: 'string', ...members } } } as const,
        })
      const sampled = (members: object) => (ctx: RequestContext) =>
        ctx.sample('q', { messages: [], maxTokens: 1, ...members })
      const rows: readonly (readonly [ask: (ctx: RequestContext) => Promise<unknown>, problem: RegExp])[] = [
        [field({ default: 5 }), /^requestedSchema property "a": default must be a string; got the number 5$/],
        [
          field({ type: 'integer', default: '5' }),
          /^requestedSchema property "a": default must be a number; got "5"$/,
        ],
        [sampled({ tools: [{}] }), /^Sampling: tools\[0\]\.name must be a string; got undefined$/],
        [
          sampled({ tools: [{ name: 'x' }] }),
          /^Sampling: tools\[0\]\.inputSchema must be an object; got undefined$/,
        ],
        [
          sampled({ toolChoice: { mode: 'any' } }),
          /^Sampling: toolChoice\.mode must be one of auto, required, none; got "any"$/,
        ],
      ]
      for (const [index, [ask, problem]] of rows.entries()) {
        server.registerTool(`t${index}`, {}, async (_args, ctx) => {
          await ask(ctx)
          return 'asked'
        })
        const { result } = await call(`t${index}`, {}, never)
        assert.equal(result.isError, true)
        assert.match(errors.at(-1)?.error.message, problem)
      }
    })

    test('elicitationComplete says nothing where the revision has no such notification', async (t) => {
      const { server, call } = await asking(t, era)
      server.registerTool('t', {}, (_args, ctx) => {
        ctx.elicitationComplete('e')
        return 'x'
      })
      // What is sent is held against the schema of the revision.
      assert.equal((await call('t', {}, never)).result.content[0].text, 'x')
    })

    test('closeStream refuses a time that is none', async (t) => {
      const { server, call, errors } = await asking(t, era)
      for (const [index, retryMs] of [-1, 1.5, Number.NaN, '5', Number.POSITIVE_INFINITY].entries()) {
        server.registerTool(`t${index}`, {}, (_args, ctx) => {
          ctx.closeStream(retryMs as number)
          return 'closed'
        })
        const { result } = await call(`t${index}`, {}, never)
        assert.equal(result.isError, true, String(retryMs))
        assert.match(
          errors.at(-1)?.error.message,
          /^closeStream: retryMs must be a whole number of milliseconds/,
        )
      }
    })

    test('inputRequired says what is wrong with its requests', async (t) => {
      const { server, call, errors } = await asking(t, era)
      const rows: readonly (readonly [given: unknown, problem: RegExp])[] = [
        [undefined, /^inputRequired: the argument must be an object; got undefined$/],
        [{ inputRequests: 'x' }, /^inputRequired: inputRequests must be an object; got "x"$/],
        [{ inputRequests: { a: undefined } }, /^inputRequests\["a"\] must be an object; got undefined$/],
        [
          { inputRequests: { a: { method: 'roots/list', params: 5 } } },
          /^inputRequests\["a"\]\.params must be an object/,
        ],
        [
          {
            inputRequests: {
              a: { method: 'elicitation/create', params: { mode: 'page', message: 'm', requestedSchema } },
            },
          },
          /^An elicitation has the mode form or url; got "page"$/,
        ],
      ]
      for (const [index, [given, problem]] of rows.entries()) {
        server.registerTool(`t${index}`, {}, () => inputRequired(given as object))
        const { result } = await call(`t${index}`, {}, never)
        assert.equal(result?.isError, true)
        assert.match(errors.at(-1)?.error.message, problem)
      }
    })
  })
}

test('a question within once is refused where the handler would have to run again for its answer', async (t) => {
  const { server, call, errors } = await asking(t, 'stateless')
  server.registerTool('within', {}, async (_args, ctx) => {
    await ctx.once('before', () => 1)
    const { action } = await ctx.once('k', () => ctx.elicit('q', { message: 'm', requestedSchema }))
    return action
  })
  server.registerTool('beside', {}, async (_args, ctx) => {
    const [, { action }] = await Promise.all([
      ctx.once('k', async () => 1),
      ctx.elicit('q', { message: 'm', requestedSchema }),
    ])
    return action
  })
  const { result } = await call('within', {}, never)
  assert.equal(result.isError, true)
  const [{ error, info } = {}] = errors
  assert.match(error.message, /^The question "q" was asked within ctx\.once\("k"\)/)
  assert.deepEqual([errors.length, info?.phase, info?.name], [1, 'handler', 'within'])
  assert.equal((await call('beside', {}, accept)).result.content[0].text, 'accept')
})

test('a question within once is refused after an await too, and one beside it is not', async (t) => {
  const { server, call, errors } = await asking(t, 'stateless')
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  let began = 0
  server.registerTool('within', {}, async (_args, ctx) => {
    const { action } = await ctx.once('k', async () => {
      began += 1
      await turn()
      await Promise.resolve()
      return ctx.elicit('q', { message: 'm', requestedSchema })
    })
    return action
  })
  server.registerTool('beside', {}, async (_args, ctx) => {
    const [, { action }] = await Promise.all([
      ctx.once('k', turn),
      turn().then(() => ctx.elicit('q', { message: 'm', requestedSchema })),
    ])
    return action
  })
  const [within, beside] = await Promise.all([call('within', {}, never), call('beside', {}, accept)])
  assert.equal(within.result.isError, true)
  assert.match(errors[0]?.error.message, /^The question "q" was asked within ctx\.once\("k"\)/)
  assert.deepEqual([errors.length, began], [1, 1])
  assert.equal(beside.result.content[0].text, 'accept')
})

test('server.notify of a completed elicitation needs its id', () => {
  const { server } = define()
  const to = { session: 'x' }
  for (const params of [undefined, {}, { elicitationId: 5 }]) {
    assert.throws(
      () => server.notify('notifications/elicitation/complete', params, to),
      /^TypeError: notify: params\.elicitationId must be a string; got/,
    )
  }
  const params = { elicitationId: 'e' }
  checkMessage('2025-11-25', 'server-to-client', {
    jsonrpc: '2.0',
    method: 'notifications/elicitation/complete',
    params,
  })
  assert.equal(server.notify('notifications/elicitation/complete', params, to).streams, 0)
})

test('a question of a task may wait for longer than a timer can', async (t) => {
  const { server } = define()
  for (const [index, timeoutMs] of [Number.POSITIVE_INFINITY, 2 ** 40].entries()) {
    server.registerTool(`job${index}`, { task: true }, async (_args, ctx) => {
      const { action } = await ctx.elicit('q', { message: 'm', requestedSchema }, { timeoutMs })
      return action
    })
  }
  const serving = await serve(server, { port: 0 })
  t.after(() => serving.close({ drainMs: 0 }))
  const client = new TaskClient(serving.url)
  for (const name of ['job0', 'job1']) {
    const taskId = await client.begin(name)
    const { inputRequests } = await client.until(taskId, 'input_required')
    // A timer that overflows would end the wait after a millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5))
    await client.update(taskId, { [Object.keys(inputRequests)[0] ?? '']: accept() })
    assert.equal((await client.until(taskId, 'completed')).result.content[0].text, 'accept')
  }
})
