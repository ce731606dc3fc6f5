/** Schemas of libraries. See app.ts. */
import { Type } from '@sinclair/typebox'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import type { JSONSchema7 } from 'json-schema'
import * as v from 'valibot'
import { z } from 'zod'
import { McpServer } from '../../../src/index.ts'

const server = new McpServer({ name: 'libraries', version: '1.0.0' })

const zod = z.object({ city: z.string(), days: z.number().optional(), unit: z.enum(['C', 'F']).default('C') })
server.registerTool('zod', { inputSchema: zod, outputSchema: zod }, async ({ city, days, unit }) => {
  const name: string = city
  const until: number | undefined = days
  const scale: 'C' | 'F' = unit
  // @ts-expect-error a string
  const wrong: number = city
  return { structuredContent: { city: name + scale + String(wrong), days: until } }
})
server.registerTool('zod_output', { outputSchema: z.object({ unit: z.enum(['C', 'F']) }) }, () => ({
  structuredContent: { unit: 'C' },
}))
server.registerPrompt('zod', { argsSchema: z.object({ city: z.string() }) }, ({ city }) => city.trim())

const valibot = toStandardJsonSchema(v.object({ city: v.string(), days: v.optional(v.number()) }))
server.registerTool('valibot', { inputSchema: valibot }, ({ city, days }) => {
  const name: string = city
  const until: number | undefined = days
  // @ts-expect-error a string
  const wrong: number = city
  return name + String(until) + String(wrong)
})

const typebox = Type.Object({
  city: Type.String(),
  days: Type.Optional(Type.Integer({ minimum: 1 })),
  unit: Type.Union([Type.Literal('C'), Type.Literal('F')]),
  tags: Type.Array(Type.String()),
})
server.registerTool('typebox', { inputSchema: typebox }, ({ city, days, unit, tags }) => {
  const name: string = city
  const until: number | undefined = days
  const scale: 'C' | 'F' = unit
  const list: string[] = tags
  // @ts-expect-error a string
  const wrong: number = city
  return name + scale + String(until) + list.join() + String(wrong)
})
server.registerTool('typebox_output', { outputSchema: typebox }, () => ({
  structuredContent: { city: 'Bern', unit: 'C', tags: [] },
}))

declare const draft07: JSONSchema7
server.registerTool('draft07', { inputSchema: draft07, outputSchema: draft07 }, (args) => ({
  structuredContent: args,
}))

const members = { city: z.string(), days: z.number().default(3) }
server.registerTool('members', { inputSchema: members }, ({ city, days }) => {
  const until: number = days
  // @ts-expect-error a string
  const wrong: number = city
  return `${city} ${until} ${wrong}`
})
