/**
 * mcp-use 2. Set up as in its README, "Quickstart": https://github.com/mcp-use/mcp-use. It has no sessions, and serves
 * both eras. Its log of every request is off.
 */

import * as shared from './shared.mjs'

export async function start(setup) {
  // Otherwise it leaves a file in the folder that it is started in, and reports its use.
  process.env.MCP_USE_ANONYMIZED_TELEMETRY = 'false'
  process.env.MCP_USE_TELEMETRY = 'false'
  const { MCPServer } = await import('mcp-use')
  const server = new MCPServer({ ...shared.SERVER_INFO, logging: { enabled: false } })
  server.tool(
    { name: 'echo', description: 'Returns the text that it is given', inputSchema: shared.echo },
    async ({ text }) => shared.text(text),
  )
  server.tool(
    {
      name: 'checked',
      description: 'Searches; its arguments are described in detail',
      inputSchema: shared.checked,
    },
    async (args) => shared.text(shared.answerChecked(args)),
  )
  server.tool(
    { name: 'progress', description: 'Reports progress a number of times', inputSchema: shared.progress },
    async ({ count }) => shared.text(`${count} done`),
  )
  for (const { name, description } of shared.fillers(setup.tools)) {
    server.tool({ name, description, inputSchema: shared.filler }, async () => shared.text(name))
  }
  const { port } = await server.listen(0, { host: '127.0.0.1' })
  return { port }
}
