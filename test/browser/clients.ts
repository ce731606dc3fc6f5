/**
 * A web page with clients of MCP in it, as an application would have them: `barewire/client`, and the official one.
 *
 * Not here: the server that they call, which is of another origin.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

declare global {
  /** In the page. */
  var barewire: typeof import('../../src/client/index.ts')
  var official: typeof import('@modelcontextprotocol/client')
}

const ENTRY = `
import * as barewire from '../../src/client/index.ts'
import * as official from '@modelcontextprotocol/client'
Object.assign(globalThis, { barewire, official })
`

let bundled: Promise<string> | undefined

/** One script with both clients, for browsers: nothing of Node can be in it. */
async function bundle(): Promise<string> {
  const result = await build({
    stdin: { contents: ENTRY, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
  })
  return result.outputFiles[0]?.text ?? ''
}

/** @returns the port of a server whose every page has the clients in it, whatever the name it is asked by */
export async function servePages(t: Pick<TestContext, 'after'>): Promise<number> {
  bundled ??= bundle()
  const script = await bundled
  const server = createServer((request, response) => {
    const isScript = request.url === '/clients.js'
    const type = isScript ? 'text/javascript' : 'text/html'
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` })
    response.end(
      isScript
        ? script
        : '<!doctype html><title>A web application</title><script src="/clients.js"></script>',
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
