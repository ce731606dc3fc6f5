/** Opens the connection that a command is about, with what the command line and earlier logins say. */

import { type Client, type ConnectOptions, connect, oauth } from '../client/index.ts'
import { loopbackRedirect } from '../client/oauth/loopback.ts'
import { withoutQuery } from '../client/oauth/urls.ts'
import { stdio } from '../client/stdio.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import type { CommandLine } from './arguments.ts'
import { Questioner } from './form.ts'
import { harmless, oneLine, type Terminal } from './terminal.ts'
import { FileStore, tokenFile } from './token-file.ts'
import { UsageError } from './usage.ts'

export interface Opened {
  readonly client: Client
  /** What follows the address of the server. */
  readonly operands: readonly string[]
  /** The server, as it was named. */
  readonly target: string
  /** Whether credentials go with its requests. Undefined where there are none, as with --stdio. */
  readonly isAuthorized: boolean | undefined
}

/** @throws {UsageError} no server is named */
function splitTarget(line: CommandLine): {
  readonly target: string
  readonly operands: readonly string[]
} {
  const { command, stdio: program } = line
  const [given, ...operands] = line.operands
  if (program !== undefined) {
    // What is read or listened to may well be a URL.
    if (given !== undefined && /^https?:\/\//.test(given) && command !== 'read' && command !== 'listen') {
      throw new UsageError(`--stdio stands in place of a URL; got ${JSON.stringify(given)} as well`)
    }
    return { target: program.join(' '), operands: line.operands }
  }
  if (given === undefined) throw new UsageError(`${command} needs the URL of a server, or --stdio CMD`)
  if (!mayBeUrl(given)) {
    const problem = `${command} needs the URL of a server first, or --stdio CMD; got ${JSON.stringify(given)}`
    throw new UsageError(problem)
  }
  const local = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:\/|$)/.test(given)
  const target = /^https?:\/\//.test(given) ? given : `${local ? 'http' : 'https'}://${given}`
  if (!URL.canParse(target)) throw new UsageError(`${JSON.stringify(given)} is no URL`)
  return { target, operands }
}

/** Without a scheme, a host has a dot or a port: other words are names of tools. */
function mayBeUrl(given: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) return /^https?:/.test(given)
  const [host = ''] = given.split(/[/?#]/)
  return !host.includes('=') && (host === 'localhost' || /[.:]/.test(host))
}

export async function open(line: CommandLine, terminal: Terminal): Promise<Opened> {
  const { target, operands } = splitTarget(line)
  const { signal, env } = terminal.surroundings
  let opened: Client | undefined
  let isAuthorized: boolean | undefined
  const server = () => oneLine(opened?.serverInfo?.title ?? opened?.serverInfo?.name ?? target)
  const questioner = new Questioner(terminal, server)
  const options: ConnectOptions = {
    clientInfo: { name: 'barewire', version: '0.1.0' },
    signal,
    logLevel: 'info',
    headers: line.headers,
    revision: line.revision,
    ...(line.timeoutMs !== undefined && {
      timeoutMs: line.timeoutMs,
      requestTimeoutMs: line.timeoutMs,
      maxRequestTimeoutMs: line.timeoutMs,
    }),
    onLog: ({ level, data }) => {
      terminal.note(terminal.style('dim', `[${oneLine(level)}] ${harmless(data)}`))
    },
    onError: (error) => terminal.note(terminal.style('dim', `warning: ${oneLine(String(error))}`)),
    ...(terminal.isInteractive && {
      onElicit: (request, context) => questioner.form(request, context.signal),
      onElicitUrl: (request, context) => questioner.url(request, context.signal),
    }),
  }
  if (line.stdio !== undefined) {
    const [command = '', ...args] = line.stdio
    opened = await connect(stdio(command, args), options)
  } else {
    const token = line.token ?? (env['BAREWIRE_TOKEN'] || undefined)
    const auth = token ?? (await storedLogin(target, env))
    isAuthorized =
      auth !== undefined || Object.keys(line.headers).some((name) => /^authorization$/i.test(name))
    opened = await connect(target, { ...options, auth })
  }
  return { client: opened, operands, target, isAuthorized }
}

/** The tokens of an earlier login, which are refreshed as long as that is possible; undefined: there was none. */
async function storedLogin(url: string, env: Readonly<Record<string, string | undefined>>) {
  const store = new FileStore(tokenFile(env))
  if ((await store.get(`tokens ${withoutQuery(url)}`)) === undefined) return undefined
  return oauth({
    store,
    redirectUrl: 'http://127.0.0.1/callback',
    onRedirect: () => {
      throw new McpError('ERR_AUTH_PENDING', `The login has expired: barewire login ${url}`)
    },
  })
}

/** Logs in with the user's browser, whether or not there is a login already. */
export async function logIn(line: CommandLine, terminal: Terminal): Promise<{ readonly target: string }> {
  if (line.stdio !== undefined) throw new UsageError('login is for servers that are reached over HTTP')
  const { target } = splitTarget(line)
  const { signal, env } = terminal.surroundings
  const store = new FileStore(tokenFile(env))
  await using redirect = await loopbackRedirect({})
  const { redirectUrl, onRedirect } = redirect
  const auth = oauth({ store, redirectUrl, onRedirect, clientMetadata: { client_name: 'barewire' } })
  await auth.forget(target)
  await using client = await connect(target, {
    clientInfo: { name: 'barewire', version: '0.1.0' },
    auth,
    signal,
    headers: line.headers,
    revision: line.revision,
  })
  await client.ping()
  return { target }
}

export async function logOut(line: CommandLine, terminal: Terminal): Promise<{ readonly target: string }> {
  const { target } = splitTarget(line)
  await new FileStore(tokenFile(terminal.surroundings.env)).delete(`tokens ${withoutQuery(target)}`)
  return { target }
}
