/**
 * What the official clients need to go through the whole flow: a provider that keeps what they learn, and a browser that
 * follows the authorization to its end. Both generations have the same interface.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { OAuthClientProvider } from '@modelcontextprotocol/client'
import {
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../../scripts/demo/authorization-server.ts'
import {
  type ProtectedResource,
  type ProtectedResourceOptions,
  protectedResource,
} from '../../src/auth/index.ts'
import { createMcpHandler, type McpServer, type Refusal } from '../../src/index.ts'

export const REDIRECT = 'http://127.0.0.1:9/callback'

export interface Flow {
  readonly url: string
  readonly issuer: string
  readonly resource: ProtectedResource
  readonly refusals: Refusal[]
  readonly errors: unknown[]
}

/** A server definition behind an authorization server, each knowing the other. */
export async function startFlow(
  t: TestContext,
  define: () => McpServer,
  tokenOf: (issuer: string) => ProtectedResourceOptions['token'],
  options: {
    server?: Partial<AuthorizationServerOptions>
    resource?: Partial<ProtectedResourceOptions>
  } = {},
): Promise<Flow> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    response.end()
  const http = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`
  const scopes = {
    'notes:read': 'Read notes',
    'notes:write': { description: 'Write notes', implies: ['notes:read'] },
  }
  const names = Object.keys(scopes)
  const server = await startAuthorizationServer({
    port: 0,
    resource: url,
    scopes: names,
    signedInAs: 'ada',
    ...options.server,
  })
  const { issuer } = server
  const refusals: Refusal[] = []
  const errors: unknown[] = []
  const resource = protectedResource({
    resource: url,
    authorizationServers: [issuer],
    scopes,
    requiredScopes: ['notes:read'],
    token: tokenOf(issuer),
    ...options.resource,
  })
  const handler = createMcpHandler(define(), {
    auth: resource,
    path: '/mcp',
    onRejected: (refusal) => refusals.push(refusal),
  })
  handle = handler
  t.after(async () => {
    await handler.close({ drainMs: 0 })
    await server.close()
    http.closeAllConnections()
    http.close()
  })
  return { url, issuer, resource, refusals, errors }
}

export class MemoryProvider implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT
  /** Where the browser is sent, in order. */
  readonly sentTo: URL[] = []
  readonly grantTypes: string[]
  client: never
  saved: never
  #verifier = ''
  #state: never

  /** @param refreshes - whether the client asks for refresh tokens */
  constructor(refreshes: boolean) {
    this.grantTypes = refreshes ? ['authorization_code', 'refresh_token'] : ['authorization_code']
    this.client = undefined as never
    this.saved = undefined as never
    this.#state = undefined as never
  }

  get clientMetadata() {
    return {
      client_name: 'barewire-test',
      redirect_uris: [REDIRECT],
      grant_types: this.grantTypes,
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }

  clientInformation = () => this.client
  saveClientInformation = (client: unknown) => {
    this.client = client as never
  }
  tokens = () => this.saved
  saveTokens = (tokens: unknown) => {
    this.saved = tokens as never
  }
  redirectToAuthorization = (url: URL) => {
    this.sentTo.push(url)
  }
  saveCodeVerifier = (verifier: string) => {
    this.#verifier = verifier
  }
  codeVerifier = () => this.#verifier
  discoveryState = () => this.#state
  saveDiscoveryState = (state: unknown) => {
    this.#state = state as never
  }
}

/**
 * Goes where a browser would, until it is sent back to the client.
 *
 * @param form - what a person writes into the page that it comes to
 * @returns the parameters that come back
 */
export async function browse(
  start: URL | undefined,
  form?: { readonly [name: string]: string },
): Promise<URLSearchParams> {
  if (start === undefined) throw new Error('the client sent nobody to the authorization server')
  const cookies = new Map<string, string>()
  let url = start
  let isPage = false
  for (let step = 0; step < 10; step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const body = isPage && form !== undefined ? new URLSearchParams(form) : undefined
    const method = body === undefined ? 'GET' : 'POST'
    const response: Response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { cookie },
      ...(body && { body }),
    })
    const wasPage = isPage
    isPage = response.headers.get('content-type')?.startsWith('text/html') === true && response.status === 200
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (isPage && !wasPage && form !== undefined) continue
    if (location === null)
      throw new Error(`the authorization ended at ${url} with ${response.status}: ${await response.text()}`)
    url = new URL(location, url)
    if (url.href.startsWith(REDIRECT)) return url.searchParams
  }
  throw new Error('the authorization goes round in circles')
}
