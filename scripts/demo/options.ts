/**
 * Command line of the demo server.
 *
 * Not here: whether the folders exist (root.ts and notes.ts look).
 */

import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** Standard input and output in place of HTTP. */
  readonly stdio: boolean
  readonly root: string
  readonly notes: string | undefined
  readonly port: number
  readonly host: string
  /** Host names that requests may carry, for a bind beyond loopback. */
  readonly allowedHosts: readonly string[]
  /** Asks for access tokens, which an authorization server beside it gives. */
  readonly auth: boolean
}

export const usage = `Usage: npm start -- [options]

  --root DIR         folder to serve, read-only (default: the current folder)
  --notes DIR        folder that confirm_and_write_note may write into (default: none, the tool says so)
  --stdio            serve standard input and output, for hosts that start a process, and no port
  --port N           port to listen on, 0 for any free one (default: 3000)
  --host H           address to bind to (default: 127.0.0.1)
  --allow-host NAME  host name that clients use, needed when --host is not loopback; may be repeated
  --auth             ask for access tokens; an authorization server for development runs on the next port
  --help             this text
`

/** What is wrong with the command line; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const loopback = new Set(['127.0.0.1', '::1', 'localhost'])

/**
 * @param argv - arguments after the script's name
 * @returns `'help'` when it was asked for
 * @throws {UsageError} naming the option, what it got and what it expects
 */
export function parseOptions(argv: readonly string[]): DemoOptions | 'help' {
  const values = readArguments(argv)
  if (values.help === true) return 'help'
  const { root = '.', notes, host = '127.0.0.1', port = '3000', stdio = false } = values
  const allowedHosts = values['allow-host'] ?? []
  for (const [name, value] of Object.entries({ root, notes, host })) {
    if (value === '') throw new UsageError(`--${name}: expected a value, got an empty one`)
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`--port: expected a number from 0 to 65535, got "${port}"`)
  }
  if (!loopback.has(host) && allowedHosts.length === 0) {
    throw new UsageError(
      `--host ${host} is reachable from other machines: name the host that clients will use with --allow-host NAME`,
    )
  }
  const { auth = false } = values
  if (auth && !loopback.has(host)) {
    throw new UsageError(
      `--auth: the authorization server lets everybody in, so it is for loopback, not --host ${host}`,
    )
  }
  if (auth && Number(port) === 65_535)
    throw new UsageError('--auth: needs the port after --port, got "65535"')
  return { stdio, root, notes, host, port: Number(port), allowedHosts, auth }
}

function readArguments(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        stdio: { type: 'boolean' },
        root: { type: 'string' },
        notes: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        'allow-host': { type: 'string', multiple: true },
        auth: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      strict: true,
      allowPositionals: false,
    })
    return values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
