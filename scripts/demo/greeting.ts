/** What the demo prints once it listens: where it is, and three ways to connect. */

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'curl', version: '1' },
  },
}

export function greeting(url: string, directory: string, notes: string | undefined): string {
  return `Serving ${directory} at ${url}
Notes: ${notes ?? 'not written (start with --notes DIR)'}

Claude Code   claude mcp add --transport http barewire ${url}
Inspector     npx @modelcontextprotocol/inspector --transport http --server-url ${url}
curl          ${curlLine(url)}

Ctrl-C stops the server.
`
}

/** A line for a POSIX shell that opens a session and shows the answer with its headers. */
export function curlLine(url: string): string {
  return [
    `curl -sS -i '${url}'`,
    "-H 'Content-Type: application/json'",
    "-H 'Accept: application/json, text/event-stream'",
    `-d '${JSON.stringify(initialize)}'`,
  ].join(' ')
}
