/** What is served is a definition of this library; anything else is named, whatever serves it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpServer as OfficialServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { createFetchHandler } from '../../src/fetch.ts'
import { createMcpHandler, type McpServer, serve } from '../../src/index.ts'
import { Server } from '../../src/sdk/server/index.ts'
import { McpServer as SdkServer } from '../../src/sdk/server/mcp.ts'
import { serveStdio } from '../../src/stdio.ts'

const info = { name: 'x', version: '1' }
const ofSdk = "of barewire/sdk or the official SDK: import { McpServer } from 'barewire'"

const wrong: readonly (readonly [unknown, string])[] = [
  [undefined, 'undefined'],
  [null, 'null'],
  ['server', 'a string'],
  [info, 'an object: make one with new McpServer({ name, version })'],
  [() => 5, 'a function: give it the server itself, one for all clients'],
  [new OfficialServer(info), `an McpServer ${ofSdk}`],
  [new SdkServer(info), `an McpServer ${ofSdk}`],
  [new Server(info), `a Server ${ofSdk}`],
]

const entries: { readonly [name: string]: (server: McpServer) => unknown } = {
  createMcpHandler: (server) => createMcpHandler(server),
  createFetchHandler: (server) => createFetchHandler(server),
  serveStdio: (server) => serveStdio(server),
  serve: (server) => serve(server),
}

for (const [name, start] of Object.entries(entries)) {
  test(`${name} refuses what is no server definition, and says what it got`, async () => {
    for (const [given, got] of wrong) {
      await assert.rejects(async () => start(given as McpServer), {
        name: 'TypeError',
        message: `${name} needs an McpServer of barewire; got ${got}`,
      })
    }
  })
}
