/** The transport for `Request` and `Response`: a body whose client leaves is given up. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer } from '../../src/sdk/server/mcp.ts'
import { WebStandardStreamableHTTPServerTransport } from '../../src/sdk/server/webStandardStreamableHttp.ts'
import { within } from '../helpers/within.ts'
import { postOf } from '../web-http/request.ts'

test('a body that hangs is given up when the signal of its request aborts, one that is too large with 413', async () => {
  const server = new McpServer({ name: 'x', version: '1' })
  const transport = new WebStandardStreamableHTTPServerTransport({ maxRequestBodySize: 10_000 })
  await server.connect(transport)
  const leaving = new AbortController()
  const hanging = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{')) })
  const answer = transport.handleRequest(postOf(hanging, { signal: leaving.signal }))
  await new Promise<void>((resolve) => setImmediate(resolve))
  leaving.abort()
  assert.equal((await within(answer, () => 'the end of the request')).status, 400)
  const large = await transport.handleRequest(postOf(' '.repeat(20_000)))
  assert.equal(large.status, 413)
})
