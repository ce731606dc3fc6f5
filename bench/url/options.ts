/** The command line of `npm run bench -- --url URL`, and the limits that make it harmless. */

import { isIP } from 'node:net'

export interface UrlOptions {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly tool: string | undefined
  readonly args: { readonly [name: string]: unknown }
  /** The server's process, or its launcher's: the memory of whoever listens is read. */
  readonly pid: number | undefined
  readonly connections: number
  readonly seconds: number
  readonly sessions: number
  readonly streams: number
  /** Small numbers, and no wait for a keep-alive comment: shows that everything works. */
  readonly quick: boolean
  /** Requests a second at most, over all connections; Infinity on this machine. */
  readonly maxRate: number
}

/** Nobody needs more to know what a server does; the harness is not to be used for anything else. */
export const LIMITS = {
  connections: 256,
  seconds: 30,
  sessions: 1000,
  streams: 1000,
  remoteRate: 500,
} as const

const COUNTS = { connections: 16, seconds: 5, sessions: 100, streams: 100 }
const QUICK_COUNTS: typeof COUNTS = { connections: 4, seconds: 1, sessions: 10, streams: 10 }

export const URL_USAGE = `npm run bench -- --url URL [OPTIONS]

  Measures an MCP server from outside: its era, latency and throughput of a tool call, opening sessions, open
  streams, keep-alive, resumption.

  --header 'NAME: VALUE'   sent with every request; may be repeated
  --tool NAME              the tool to call (without it, tools/list is measured)
  --args JSON              its arguments
  --pid N                  also reads the memory of that process, or of the descendants of it that
                           listen on the port (Linux)
  --connections N          ${LIMITS.connections} at most (16)
  --seconds N              for each load, ${LIMITS.seconds} at most (5)
  --sessions N             ${LIMITS.sessions} at most (100)
  --streams N              ${LIMITS.streams} at most (100)
  --quick                  small numbers, and no wait for a keep-alive comment; what is given counts
  --i-own-this-server      for an address that is not of this machine; ${LIMITS.remoteRate} requests/s at most there
`

/** @throws {TypeError} a wrong option, named */
export function parseUrlOptions(argv: readonly string[]): UrlOptions {
  let url: URL | undefined
  const headers: Record<string, string> = {}
  let tool: string | undefined
  let args: unknown = {}
  let pid: number | undefined
  let owned = false
  const quick = argv.includes('--quick')
  const counts = { ...(quick ? QUICK_COUNTS : COUNTS) }
  for (let i = 0; i < argv.length; i++) {
    const option = argv[i] as string
    const value = () => {
      const next = argv[++i]
      if (next === undefined) throw new TypeError(`${option} needs a value`)
      return next
    }
    const name = option.replace(/^--/, '')
    if (option === '--url') url = parseUrl(value())
    else if (option === '--header') addHeader(headers, value())
    else if (option === '--tool') tool = value()
    else if (option === '--args') args = parseArgs(value())
    else if (option === '--pid') pid = parseCount('--pid', value(), Number.MAX_SAFE_INTEGER)
    else if (option === '--i-own-this-server') owned = true
    else if (option === '--quick') continue
    else if (name !== option && Object.hasOwn(counts, name)) {
      const count = name as keyof typeof counts
      counts[count] = parseCount(option, value(), LIMITS[count])
    } else throw new TypeError(`--url has no option ${JSON.stringify(option)}`)
  }
  if (url === undefined) throw new TypeError('--url needs the address of a server')
  const local = isLoopback(url.hostname)
  if (!local && !owned) {
    throw new TypeError(
      `${url.hostname} is not this machine: load on a server of others is an attack. If it is yours, say so with --i-own-this-server`,
    )
  }
  const maxRate = local ? Number.POSITIVE_INFINITY : LIMITS.remoteRate
  return { url, headers, tool, args: args as UrlOptions['args'], pid, ...counts, quick, maxRate }
}

/** Whether a host name of a URL is certainly this machine. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new TypeError(`--url needs a URL; got ${JSON.stringify(text)}`)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`--url needs http or https; got ${url.protocol}`)
  }
  return url
}

function addHeader(headers: Record<string, string>, text: string): void {
  const colon = text.indexOf(':')
  if (colon < 1) throw new TypeError(`--header needs 'NAME: VALUE'; got ${JSON.stringify(text)}`)
  headers[text.slice(0, colon).trim().toLowerCase()] = text.slice(colon + 1).trim()
}

function parseArgs(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new TypeError(`--args needs JSON; got ${JSON.stringify(text)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`--args needs a JSON object; got ${text}`)
  }
  return value
}

function parseCount(name: string, text: string, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new TypeError(`${name} must be an integer from 1 to ${most}; got ${JSON.stringify(text)}`)
  }
  return value
}
