import type { TestContext } from 'node:test'
import { type McpServer, serve } from '../../src/index.ts'
import { offering } from '../client/offering.ts'

/** A server for the command, until the test ends. @returns its URL */
export async function serving(t: TestContext, server: McpServer = offering()): Promise<string> {
  const { url, close } = await serve(server, { port: 0 })
  t.after(() => close({ drainMs: 0 }))
  return url
}
