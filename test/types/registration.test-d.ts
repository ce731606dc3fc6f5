/**
 * Type tests of registrations: unknown names are errors, undefined is absent, and an update types its handler by the
 * schema that holds afterwards.
 */
import { z } from 'zod'
import type { Handle, McpServer, PromptHandle, ToolConfig, ToolHandle } from '../../src/index.ts'
import type { Equal, Expect } from './expect.ts'

declare const server: McpServer
declare const title: string | undefined
declare const isProduction: boolean

const inputSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const

// Unknown names
// @ts-expect-error did you mean description?
server.registerTool('t', { descripton: 'x' }, () => '')
// @ts-expect-error did you mean inputSchema?
server.registerTool('t', { parameters: inputSchema }, () => '')
// @ts-expect-error did you mean argsSchema?
server.registerPrompt('p', { args: {} }, () => '')
// @ts-expect-error did you mean mimeType?
server.registerResource('r', 'a:b', { mimetype: 'text/plain' }, () => '')

// Undefined is absent
server.registerTool(
  't',
  { title, description: undefined, inputSchema, annotations: { title }, visible: undefined },
  ({ n }) => `${n}`,
)
server.registerTool(
  't',
  {
    inputSchema: {
      type: 'object',
      properties: { a: { type: 'string', description: title } },
      required: undefined,
    },
  },
  ({ a }) => a?.trim(),
)
server.registerPrompt('p', { title, argsSchema: undefined, complete: undefined }, () => '')
server.registerResource(
  'r',
  'a:b',
  { title, size: undefined, subscribe: isProduction ? true : undefined },
  () => '',
)
server.registerResourceTemplate('r', 'a:{b}', { title, list: undefined }, () => '')
server.registerExtension('a.b/c', { settings: undefined, methods: undefined })

// Updates
const tool = server.registerTool('t', { inputSchema }, ({ n }) => `${n}`)
tool.update({ title, handler: undefined })
tool.update({ handler: ({ n }) => n.toFixed() })
tool.update({ description: 'x', handler: async ({ n }, ctx) => `${n} ${ctx.client.name}` })
// @ts-expect-error there is no such argument
tool.update({ handler: ({ city }) => city })
// @ts-expect-error no result of a tool
tool.update({ handler: () => 5 })
// @ts-expect-error did you mean description?
tool.update({ descripton: 'x' })
tool.update({
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  handler: ({ city }) => city.trim(),
})
tool.update({ inputSchema: { city: z.string() }, handler: ({ city }) => city.trim() })
tool.update({ inputSchema: undefined, handler: ({ n }) => n.toFixed() })
// @ts-expect-error the new schema has no n
tool.update({ inputSchema: { city: z.string() }, handler: ({ n }) => n })

const structured = server.registerTool('t', { outputSchema: { sum: z.number() } }, () => ({
  structuredContent: { sum: 1 },
}))
structured.update({ handler: () => ({ structuredContent: { sum: 2 } }) })
// @ts-expect-error the output schema asks for a sum
structured.update({ handler: () => ({ structuredContent: { total: 2 } }) })
structured.update({
  outputSchema: { total: z.number() },
  handler: () => ({ structuredContent: { total: 2 } }),
})

const bare = server.registerTool('t', {}, () => '')
bare.update({ handler: (args) => Object.keys(args satisfies Record<string, never>).join() })
bare.update({ inputSchema, handler: ({ n }) => n.toFixed() })

const prompt = server.registerPrompt('p', { argsSchema: { city: z.string() } }, ({ city }) => city)
prompt.update({ handler: ({ city }) => city.trim() })
prompt.update({ argsSchema: { days: z.number() }, handler: ({ days }) => days.toFixed() })
// @ts-expect-error there is no such argument
prompt.update({ handler: ({ days }) => days })

server.registerResource('r', 'a:b', {}, () => '').update({ handler: (uri) => uri.href })
server.registerResourceTemplate('r', 'a:{b}', {}, () => '').update({ handler: (_, { b }) => String(b) })

// Variables of a template have the types that its literal says
server.registerResourceTemplate('r', 'a:{b}/{+c}{?d,e*}', {}, (_, variables) => {
  const typed: Expect<Equal<typeof variables, { b: string; c: string; d?: string; e?: string[] }>> = true
  return `${variables.b} ${typed}`
})
server.registerResourceTemplate('r', 'a:{/list*}/{id:3}', {}, (_, { list, id }) => {
  const typed: Expect<Equal<[typeof list, typeof id], [string[], string]>> = true
  return `${id} ${typed}`
})
// @ts-expect-error the template has no such variable
server.registerResourceTemplate('r', 'a:{b}', {}, (_, { other }) => other)
declare const someTemplate: string
server.registerResourceTemplate('r', someTemplate, {}, (_, { b }) => {
  const typed: Expect<Equal<typeof b, string | string[] | undefined>> = true
  return `${String(b)} ${typed}`
})

export type Handles = [
  Expect<Equal<typeof bare, ToolHandle<undefined, undefined>>>,
  Expect<typeof prompt extends PromptHandle<infer _> ? true : false>,
  Expect<typeof tool extends Handle<Partial<ToolConfig>> ? true : false>,
]
// Handles of several tools are kept together.
export const handles: Handle<Partial<ToolConfig>>[] = [tool, structured, bare]
