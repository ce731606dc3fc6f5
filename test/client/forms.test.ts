/** Forms, as the handler of the application gets them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FormField } from '../../src/client/index.ts'
import { McpServer } from '../../src/index.ts'
import { served } from './offering.ts'
import { connected, result, scripted, stateless } from './scripted-server.ts'

/** A renderer without a cast: the type of a field says what it has. */
function shown(name: string, field: FormField): string {
  const title = field.title ?? name
  switch (field.type) {
    case 'string':
      return `${title}: ${field.enum?.join('/') ?? field.oneOf?.map((choice) => choice.title).join('/') ?? field.format}`
    case 'array':
      return `${title}: ${field.items.anyOf?.map((choice) => choice.const).join('+') ?? field.items.enum?.join('+')}`
    case 'boolean':
      return `${title}: ${field.default}`
    default:
      return `${title}: ${field.minimum}..`
  }
}

test('onElicit gets a form whose fields can be shown without a cast', async (t) => {
  const server = new McpServer({ name: 's', version: '1' })
  const requestedSchema = {
    type: 'object',
    properties: {
      mail: { type: 'string', format: 'email', title: 'E-mail' },
      size: { type: 'string', enum: ['S', 'M'] },
      tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
      sure: { type: 'boolean', default: true },
      age: { type: 'integer', minimum: 3 },
    },
  } as const
  server.registerTool('ask', {}, async (_, ctx) => {
    const { action } = await ctx.elicit('form', { message: 'm', requestedSchema })
    return action
  })
  let lines: string[] = []
  const { client } = await served(
    t,
    {
      onElicit: ({ requestedSchema: { properties, required } }) => {
        assert.equal(required, undefined)
        lines = Object.entries(properties).map(([name, field]) => shown(name, field))
        return { action: 'decline' }
      },
    },
    server,
  )
  await client.callTool('ask')
  assert.deepEqual(lines, ['E-mail: email', 'size: S/M', 'tags: a+b', 'sure: true', 'age: 3..'])
})

test('a form without properties is refused before the application sees it', async (t) => {
  const question = {
    method: 'elicitation/create',
    params: { message: 'm', requestedSchema: { type: 'object' } },
  }
  const { url } = await scripted(
    t,
    stateless((exchange) => result(exchange, { resultType: 'input_required', inputRequests: { question } })),
  )
  const client = await connected(t, url, { onElicit: () => assert.fail('it was asked') })
  await assert.rejects(client.callTool('a'), {
    code: 'ERR_CLIENT_CAPABILITY',
    message: /"properties", an object/,
  })
})
