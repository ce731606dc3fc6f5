/**
 * The redirect of a login to a command-line program (Node only): a server on this machine that waits for the user's
 * browser. RFC 8252 7.3 and 8.3.
 *
 *    loopbackRedirect()  ->  http://127.0.0.1:PORT/callback      listens from here on, so that the port stays its own
 *    onRedirect(url)     ->  browser opened; the request with the login's `state` is the answer
 *    close()
 *
 * A page that the user has open elsewhere can send requests here too. Only one with the right host and the `state` of
 * the login, which such a page does not know, ends the wait.
 */

import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { requireType } from '../../bounds/check-options.ts'
import { checkNames } from '../../bounds/option-names.ts'
import { shown } from '../../bounds/quote.ts'
import type { OnRedirect } from './authorization-code.ts'

/** Settings of {@link loopbackRedirect}. */
export interface LoopbackOptions {
  /**
   * Where to listen. Authorization servers accept any port of 127.0.0.1 (RFC 8252 7.3), but some want the one that was
   * registered.
   *
   * @defaultValue 0, which takes a free one
   */
  readonly port?: number | undefined
  /**
   * Path of the redirect URL.
   *
   * @defaultValue '/callback'
   */
  readonly path?: string | undefined
  /**
   * Shows a URL to the user.
   *
   * @defaultValue opens it in the browser
   */
  readonly open?: ((url: URL) => PromiseLike<void> | void) | undefined
  /**
   * What the user reads in the browser afterwards.
   *
   * @defaultValue 'You can close this window and return to the program.'
   */
  readonly doneText?: string | undefined
}

/** What {@link loopbackRedirect} gives: two options of `oauth`, and the end. */
export interface LoopbackRedirect {
  readonly redirectUrl: string
  readonly onRedirect: OnRedirect
  /** Stops listening. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Listens on this machine for the end of a login.
 *
 * The server does not keep the program running; call `close` when the connection stands.
 *
 * @param options - all have defaults
 * @returns `redirectUrl` and `onRedirect` for `oauth`
 * @throws {TypeError} an option that is not known or not usable
 *
 * @example
 * ```ts
 * const redirect = await loopbackRedirect({ open: (url) => console.log(`Log in at ${url}`) })
 * const auth = oauth({ redirectUrl: redirect.redirectUrl, onRedirect: redirect.onRedirect })
 * ```
 */
export async function loopbackRedirect(options: LoopbackOptions = {}): Promise<LoopbackRedirect> {
  const { port, path, open, doneText } = checkLoopback(options)
  /** By `state`. Lifecycle: from onRedirect until the browser came, or the caller gave up. */
  const waiting = new Map<string, (url: URL) => void>()
  let origin = ''
  const server = createServer((request, response) => {
    const url = answered(request, origin, path)
    const login = waiting.get(url?.searchParams.get('state') ?? '')
    if (url === undefined || login === undefined) {
      reply(
        response,
        url === undefined ? 404 : 400,
        'This address waits for the end of a login, and this is none.',
      )
      return
    }
    reply(response, 200, doneText)
    login(url)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  server.unref()
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  return {
    redirectUrl: origin + path,
    close,
    [Symbol.asyncDispose]: close,
    async onRedirect(url, { signal }) {
      const state = url.searchParams.get('state') ?? ''
      signal.throwIfAborted()
      // While a login waits, the program does not end.
      server.ref()
      try {
        return await new Promise<URL>((resolve, reject) => {
          const giveUp = (): void => reject(signal.reason)
          signal.addEventListener('abort', giveUp, { once: true })
          waiting.set(state, (came) => {
            signal.removeEventListener('abort', giveUp)
            resolve(came)
          })
          Promise.resolve(open(url)).catch(reject)
        })
      } finally {
        waiting.delete(state)
        if (waiting.size === 0) server.unref()
      }
    },
  }
}

/** @throws {TypeError} an option that is not known or not usable */
function checkLoopback(options: LoopbackOptions) {
  checkNames(options, ['port', 'path', 'open', 'doneText'], 'loopbackRedirect.')
  const { port = 0, path = '/callback', open = openBrowser } = options
  const { doneText = 'You can close this window and return to the program.' } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`loopbackRedirect.port must be an integer from 0 to 65535; got ${shown(port)}`)
  }
  if (typeof path !== 'string' || !/^\/[^?#\s]*$/.test(path)) {
    throw new TypeError(`loopbackRedirect.path must begin with "/" and have no query; got ${shown(path)}`)
  }
  requireType('loopbackRedirect.open', open, ['function'])
  requireType('loopbackRedirect.doneText', doneText, ['string'])
  return { port, path, open, doneText }
}

/** The URL of a request that can be the end of a login; undefined for any other. */
function answered(
  { method, url = '', headers }: IncomingMessage,
  origin: string,
  path: string,
): URL | undefined {
  // A name that leads to this machine (DNS rebinding) has another host.
  if (method !== 'GET' || `http://${headers.host}` !== origin || !URL.canParse(url, origin)) return undefined
  const parsed = new URL(url, origin)
  return parsed.origin === origin && parsed.pathname === path ? parsed : undefined
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    // The URL of this page has the code.
    'referrer-policy': 'no-referrer',
    connection: 'close',
  })
  response.end(`${text}\n`)
}

/** Opens the user's browser; where there is none, the URL is on standard error anyway. */
function openBrowser(url: URL): void {
  process.stderr.write(`Log in at ${url.href}\n`)
  const [command = '', ...args] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler']
        : ['xdg-open']
  const child = spawn(command, [...args, url.href], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
