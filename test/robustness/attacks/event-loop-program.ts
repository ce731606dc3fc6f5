/**
 * A server in a process of its own, which watches its event loop: event-loop.test.ts attacks it from outside. Says
 * where it listens when it is ready, and the longest delay since the last question for each message that it gets.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { McpServer, serve } from '../../../src/index.ts'

const server = new McpServer({ name: 'attacked', version: '1' }, { slowPatterns: 'allow', onError: () => {} })
const record = { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } } } as const
const tree = { type: 'array', items: { $ref: '#/$defs/tree' } }
const patterns = (make: (i: number) => string) =>
  Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [make(i), {}]))

/** One tool for each way in which checking its `value` could be made to take long. */
const schemas: { readonly [name: string]: object } = {
  anything: {},
  unique: { type: 'array', uniqueItems: true },
  cubic: { type: 'string', pattern: 'a*a*b' },
  quadratic: { type: 'string', pattern: 'a*b' },
  exponential: { type: 'string', pattern: '^(a+)+$' },
  email: { type: 'string', pattern: '^[^@]+@[^@]+\\.[^@]+$' },
  look: { type: 'string', pattern: '(?:(?!.*x)a)*$' },
  names: { type: 'object', propertyNames: { pattern: '^(\\w+-?)+$' } },
  manyPatterns: { type: 'object', patternProperties: patterns((i) => `^k.*x${i}$`) },
  manySlowPatterns: { type: 'object', patternProperties: patterns((i) => `k.*x${i}$`) },
  shapes: {
    type: 'object',
    allOf: Array.from({ length: 40 }, (_, i) => ({ properties: { [`a${i}`]: record } })),
  },
  lengths: { type: 'string', allOf: Array.from({ length: 1000 }, (_, i) => ({ maxLength: 3_000_000 + i })) },
  choices: { enum: Array.from({ length: 1000 }, (_, i) => ({ k0: 1, k1: 1, i })) },
  multiples: { type: 'array', items: { multipleOf: 0.01 } },
  tree: { ...tree, $defs: { tree } },
}
for (const [name, value] of Object.entries(schemas)) {
  const { $defs, ...schema } = value as { readonly $defs?: object }
  const inputSchema = { type: 'object', properties: { value: schema }, ...($defs && { $defs }) } as const
  server.registerTool(name, { inputSchema: inputSchema as never }, () => 'checked')
}
server.registerResourceTemplate('any', 'http://{+rest}', {}, (uri) => uri.href)

const serving = await serve(server, { port: 0, sessions: { missingId: 'serve' } })
const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
process.on('message', () => {
  // The delay that ended with this turn is recorded by a timer.
  setTimeout(() => {
    process.send?.({ longestMs: delay.max / 1e6 })
    delay.reset()
  }, 20)
})
process.send?.({ url: serving.url })
