/** What the demo prints once it listens: where it is, and three ways to connect. */

/** Clients of 2026-07-28 need no handshake: their first request can be any. */
const PROTOCOL_VERSION = '2026-07-28'

const listTools = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': PROTOCOL_VERSION,
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
}

export function greeting(url: string, directory: string, notes: string | undefined): string {
  return `Serving ${directory} at ${url}
Notes: ${notes ?? 'not written (start with --notes DIR)'}

Claude Code   claude mcp add --transport http barewire ${url}
Inspector     npx --yes -p node@24 -p @modelcontextprotocol/inspector mcp-inspector --transport http --server-url ${url}
curl          ${curlLine(url)}

Ctrl-C stops the server.
`
}

/** A line for a POSIX shell that lists the tools. */
export function curlLine(url: string): string {
  return [
    `curl -sS '${url}'`,
    "-H 'Content-Type: application/json'",
    `-H 'MCP-Protocol-Version: ${PROTOCOL_VERSION}'`,
    `-H 'Mcp-Method: ${listTools.method}'`,
    `-d '${JSON.stringify(listTools)}'`,
  ].join(' ')
}
