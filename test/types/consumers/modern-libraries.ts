/** Schemas of libraries that are ES modules only, one of which wants `strict`. See app.ts. */
import { type } from 'arktype'
import { Type } from 'typebox'
import { McpServer } from '../../../src/index.ts'

const server = new McpServer({ name: 'modern-libraries', version: '1.0.0' })

const arktype = type({ city: 'string', 'days?': 'number' })
server.registerTool('arktype', { inputSchema: arktype }, ({ city, days }) => {
  const name: string = city
  const until: number | undefined = days
  // @ts-expect-error a string
  const wrong: number = city
  // @ts-expect-error may be absent
  const sure: number = days
  return name + String(until) + String(wrong) + String(sure)
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
  // @ts-expect-error may be absent
  const sure: number = days
  return name + scale + String(until) + list.join() + String(wrong) + String(sure)
})
server.registerTool('typebox_output', { outputSchema: typebox }, () => ({
  structuredContent: { city: 'Bern', unit: 'C', tags: [] },
}))
