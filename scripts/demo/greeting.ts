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

/** @param issuer - of access tokens, where they are asked for */
export function greeting(url: string, directory: string, notes: string | undefined, issuer?: string): string {
  if (issuer !== undefined) return greetingWithAuth(url, directory, issuer)
  return `Serving ${directory} at ${url}
Notes: ${notes ?? 'not written (start with --notes DIR)'}

Claude Code   claude mcp add --transport http barewire ${url}
Inspector     npx --yes -p node@24 -p @modelcontextprotocol/inspector mcp-inspector --transport http --server-url ${url}
curl          ${curlLine(url)}

Ctrl-C stops the server.
`
}

function greetingWithAuth(url: string, directory: string, issuer: string): string {
  return `Serving ${directory} at ${url}, with access tokens of ${issuer}

That authorization server is for development: any name signs in, on a page that the client opens.
Every call needs the scope files:read; confirm_and_write_note needs notes:write, which a client asks for when it tries.

Claude Code   claude mcp add --transport http barewire ${url}   then /mcp, Authenticate
Inspector     npx --yes -p node@24 -p @modelcontextprotocol/inspector mcp-inspector --transport http --server-url ${url}   then Connect
curl          curl -si ${new URL(url).origin}/.well-known/oauth-protected-resource/mcp

Ctrl-C stops both.
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
