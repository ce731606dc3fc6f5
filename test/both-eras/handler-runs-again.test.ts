/** What a handler gets when it runs again, for its client's answers or for middleware: the same as the first time. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputRequired } from '../../src/index.ts'
import { asking, eras } from './asking.ts'
import { never } from './problem.ts'

const argsSchema = {
  type: 'object',
  properties: { count: { type: 'integer' }, loud: { type: 'boolean' } },
} as const
const form = { message: 'name?', requestedSchema: { type: 'object', properties: {} } } as const
const inputRequests = { name: { method: 'elicitation/create', params: form } } as const

for (const era of eras) {
  test(`${era}: a prompt with numbers may return inputRequired`, async (t) => {
    const { server, request } = await asking(t, era)
    const seen: unknown[] = []
    server.registerPrompt('p', { argsSchema }, (args, ctx) => {
      seen.push(args)
      return ctx.inputResponses['name'] === undefined ? inputRequired({ inputRequests }) : 'done'
    })
    const params = { name: 'p', arguments: { count: '5', loud: 'true' } }
    const { result, error } = await request('prompts/get', params, () => ({ action: 'accept', content: {} }))
    assert.equal(error, undefined, JSON.stringify(error))
    assert.equal(result.messages[0].content.text, 'done')
    const args = { count: 5, loud: true }
    assert.deepEqual(seen, [args, args])
  })

  test(`${era}: middleware may call next() again`, async (t) => {
    const { server, request } = await asking(t, era)
    const seen: unknown[] = []
    server.registerPrompt('p', { argsSchema }, (args) => {
      seen.push(args)
      return 'done'
    })
    server.use(async (_ctx, next) => {
      await next()
      return await next()
    })
    const params = { name: 'p', arguments: { count: '5', loud: 'false' } }
    const { result, error } = await request('prompts/get', params, never)
    assert.equal(error, undefined, JSON.stringify(error))
    assert.equal(result.messages[0].content.text, 'done')
    const args = { count: 5, loud: false }
    assert.deepEqual(seen, [args, args])
  })
}
