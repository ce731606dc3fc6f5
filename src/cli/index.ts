#!/usr/bin/env node
/** The `barewire` command: a client of MCP servers for the terminal. What it can do stands in usage.ts. */

import { main } from './main.ts'

const interrupt = new AbortController()
function onInterrupt(): void {
  // The first one lets the server know, the second one does not wait for it.
  if (interrupt.signal.aborted) process.exit(130)
  interrupt.abort(new Error('Ctrl-C'))
}
process.on('SIGINT', onInterrupt)
// The reader of the pipe has closed it, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
process.exitCode = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: interrupt.signal,
  interrupt: onInterrupt,
})
