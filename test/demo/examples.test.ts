import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { start as startExpress } from '../../scripts/examples/express.ts'
import { start as startFastify } from '../../scripts/examples/fastify.ts'
import { start as startHttp } from '../../scripts/examples/http.ts'

for (const [name, start] of Object.entries({
  http: startHttp,
  express: startExpress,
  fastify: startFastify,
})) {
  test(`the ${name} example serves MCP next to a route of its own`, async (t) => {
    const { origin, close } = await start()
    t.after(close)
    assert.equal(await (await fetch(`${origin}/health`)).text(), 'ok')

    const client = new Client({ name: 'example-test', version: '1.0.0' })
    t.after(() => client.close())
    await client.connect(new StreamableHTTPClientTransport(new URL(`${origin}/mcp`)) as never)
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map((tool) => tool.name),
      ['add'],
    )
    const { content } = await client.callTool({ name: 'add', arguments: { a: 2, b: 40 } })
    assert.deepEqual(content, [{ type: 'text', text: '42' }])
  })

  test(`the ${name} example answers bodies that are not JSON-RPC with a JSON-RPC error`, async (t) => {
    const { origin, close } = await start()
    t.after(close)
    const response = await fetch(`${origin}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: '{"hello":1}',
    })
    assert.equal(response.status, 400)
    const body = (await response.json()) as { jsonrpc: string; error: { code: number } }
    assert.equal(body.jsonrpc, '2.0')
    assert.equal(body.error.code, -32600)
  })
}
