/** Structured content and its text are the same JSON, put together from one text; middleware may still change it. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CallToolResult } from '../../src/index.ts'
import { asking, eras } from '../both-eras/asking.ts'
import { never } from '../both-eras/problem.ts'
import type { WireJson } from '../helpers/wire.ts'

class Point {
  readonly x = 1
  readonly #hidden = 2
  get sum() {
    return this.x + this.#hidden
  }
}

const values: readonly WireJson[] = [
  {},
  { text: 'quote " backslash \\ line \n \u2028 \u0000 emoji 😀 half \ud83d' },
  { at: new Date(0), nothing: undefined, notANumber: Number.NaN, nested: { deep: [new Map([[1, 2]])] } },
  new Point(),
  new Map([['a', 1]]),
  new Date(0),
  Object.assign(Object.create(null), { a: 1 }),
  { toJSON: () => ({ other: true }) },
  { toJSON: () => 'a text' },
  [1, 'two', { three: 3 }],
  Object('boxed'),
  'a text',
  0,
  false,
]

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    test('structured content alone is sent as what JSON makes of it, and the same as text', async (t) => {
      const { server, call } = await asking(t, era)
      for (const [index, structuredContent] of values.entries()) {
        server.registerTool(`value-${index}`, {}, () => ({ structuredContent }) as CallToolResult)
      }
      for (const [index, structuredContent] of values.entries()) {
        const { result } = await call(`value-${index}`, {}, never)
        const sent = JSON.parse(JSON.stringify(structuredContent))
        const isObject = typeof sent === 'object' && !Array.isArray(sent)
        assert.deepEqual(
          [result.structuredContent, result.content],
          [
            isObject || era === 'stateless' ? sent : undefined,
            [{ type: 'text', text: JSON.stringify(structuredContent) }],
          ],
          `value ${index}`,
        )
      }
    })

    test('what middleware changes in structured content is what is sent', async (t) => {
      const { server, call } = await asking(t, era)
      server.use(async (_ctx, next) => {
        const result = (await next()) as { structuredContent: { secret?: string } }
        delete result.structuredContent.secret
        return result
      })
      server.registerTool('tell', {}, () => ({ structuredContent: { open: 'yes', secret: 'no' } }))
      const { result } = await call('tell', {}, never)
      assert.deepEqual(result.structuredContent, { open: 'yes' })
    })
  })
}
