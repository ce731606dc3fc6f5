/**
 * xmcp, which builds a project (xmcp-build.mjs) into one file: https://github.com/basementstudio/xmcp. `npm run
 * bench:peers` builds it. It has no sessions, and serves both eras.
 */

import { pathToFileURL } from 'node:url'
import { SERVER } from './xmcp-build.mjs'

export async function start() {
  const { log } = console
  // It takes the next free port after the one it was built with, and says which only here.
  const said = new Promise((resolve) => {
    console.log = (text) => {
      const port = /running on http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1]
      if (port !== undefined) resolve(Number(port))
    }
  })
  await import(pathToFileURL(SERVER))
  const port = await said
  console.log = log
  return { port }
}
