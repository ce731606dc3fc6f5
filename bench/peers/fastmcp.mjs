/**
 * FastMCP, over the v1 SDK. Set up as in its README, "HTTP Streaming" (mode `sessions`) and "Stateless Mode" (mode
 * `stateless`): https://github.com/punkpeye/fastmcp.
 */

import { createServer } from 'node:net'
import { FastMCP } from 'fastmcp'
import * as shared from './shared.mjs'

export async function start(setup) {
  const server = new FastMCP(shared.SERVER_INFO)
  server.addTool({
    name: 'echo',
    description: 'Returns the text that it is given',
    parameters: shared.echo,
    execute: async ({ text }) => text,
  })
  server.addTool({
    name: 'checked',
    description: 'Searches; its arguments are described in detail',
    parameters: shared.checked,
    execute: async (args) => shared.answerChecked(args),
  })
  server.addTool({
    name: 'progress',
    description: 'Reports progress a number of times',
    parameters: shared.progress,
    execute: ({ count }, { reportProgress }) =>
      shared.reportProgress(count, (progress, total) => reportProgress({ progress, total })),
  })
  for (const { name, description } of shared.fillers(setup.tools)) {
    server.addTool({ name, description, parameters: shared.filler, execute: async () => name })
  }
  const port = await freePort()
  await server.start({
    transportType: 'httpStream',
    httpStream: { port, host: '127.0.0.1', stateless: setup.mode === 'stateless' },
  })
  return { port }
}

/** It opens its own HTTP server and does not say on which port, so one is looked up first. */
async function freePort() {
  const probe = createServer()
  const port = await shared.listen(probe)
  await new Promise((resolve) => probe.close(resolve))
  return port
}
