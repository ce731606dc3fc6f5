/**
 * The tools of the benchmark (bench/lib/workload.ts) as zod schemas, which is what the documentation of every peer
 * uses; and the small things that peers need alike.
 */

import { once } from 'node:events'
import { z } from 'zod'

export const SERVER_INFO = { name: 'bench', version: '1.0.0' }

export const echo = z.object({ text: z.string() })
export const progress = z.object({ count: z.int() })
export const checked = z.strictObject({
  query: z.string().min(1).max(200),
  limit: z.int().min(1).max(100),
  sort: z.enum(['relevance', 'newest', 'oldest']).optional(),
  filters: z
    .array(
      z.strictObject({
        field: z.string().regex(/^[a-z][a-z0-9_]*$/),
        op: z.enum(['eq', 'lt', 'gt', 'in']),
        value: z.union([z.string(), z.number(), z.boolean()]),
      }),
    )
    .max(10)
    .optional(),
  page: z.object({ size: z.int().optional(), after: z.string().optional() }).optional(),
})
export const filler = z.object({
  id: z.string().describe('Identifier of the record'),
  depth: z.int().optional().describe('How many related records to follow'),
})

export const text = (value) => ({ content: [{ type: 'text', text: value }] })
export const answerChecked = ({ query, limit, sort }) => `${query}: ${limit} ${sort}`

/** Names and descriptions of the tools that are only there to be listed. */
export function fillers(total) {
  return Array.from({ length: Math.max(0, total - 3) }, (_, i) => ({
    name: `tool_${i + 1}`,
    description: `Looks up record ${i + 1} and returns what is known about it, newest first`,
  }))
}

/** The same loop, with the same turns of the event loop, as in every other contender. */
export async function reportProgress(count, report) {
  for (let i = 1; i <= count; i++) {
    await report(i, count)
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return `${count} done`
}

/** Starts a server on a free port of this machine, with the keep-alive time that all contenders have. */
export async function listen(server) {
  server.keepAliveTimeout = 65_000
  server.headersTimeout = 66_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}
