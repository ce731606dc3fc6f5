/**
 * An authorization server for development, on loopback: whoever opens its page signs in by a name, without a password.
 * It registers clients by itself, and gives tokens for one resource.
 *
 * oidc-provider (a development dependency) does the work; it keeps everything in memory.
 */

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClientMetadata, Provider } from 'oidc-provider'

export interface AuthorizationServerOptions {
  /** 0: any free one. */
  readonly port: number
  /** URL of the MCP endpoint that tokens are for. */
  readonly resource: string
  /** Scopes of the resource. */
  readonly scopes: readonly string[]
  /** @defaultValue jwt */
  readonly format?: 'jwt' | 'opaque'
  /** For which a token holds, in seconds. */
  readonly tokenSeconds?: number
  /** Signs in by itself, as this name, where nobody is to look at a page. */
  readonly signedInAs?: string
  /** Clients that are there from the beginning, in the words of RFC 7591. */
  readonly clients?: readonly ClientMetadata[]
}

export interface AuthorizationServer {
  readonly issuer: string
  close(): Promise<void>
}

export async function startAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<AuthorizationServer> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    response.end()
  const server = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const provider = await createProvider(issuer, options)
  const answer = provider.callback()
  handle = (request, response) => {
    const isOurs = request.url?.startsWith('/interaction/') === true
    const done = isOurs
      ? interact(provider, request, response, options.signedInAs)
      : answer(request, response)
    done.catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400)
      response.end(String((error as Error).message))
    })
  }
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function createProvider(issuer: string, options: AuthorizationServerOptions): Promise<Provider> {
  const { Provider } = await import('oidc-provider')
  const { exportJWK, generateKeyPair } = await import('jose')
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const { resource, scopes, format = 'jwt', tokenSeconds = 3600, clients = [] } = options
  const resourceServer = {
    scope: scopes.join(' '),
    audience: resource,
    accessTokenFormat: format,
    accessTokenTTL: tokenSeconds,
    jwt: { sign: { alg: 'ES256' } },
  } as const
  return new Provider(issuer, {
    clients,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'development' }] },
    scopes: ['openid', 'offline_access', ...scopes],
    // Clients register with the scopes of their first challenge, and would never be given others.
    extraClientMetadata: {
      properties: ['any_scope'],
      validator: (_ctx: unknown, _name: string, _value: unknown, client: { scope?: string | undefined }) => {
        delete client.scope
      },
    },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    // Web pages are clients, too.
    clientBasedCORS: () => true,
    pkce: { required: () => true },
    findAccount: (_ctx: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    issueRefreshToken: async (_ctx: unknown, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed('refresh_token'),
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    ttl: {
      AccessToken: tokenSeconds,
      AuthorizationCode: 60,
      Grant: 86_400,
      Interaction: 3600,
      Session: 86_400,
      RefreshToken: 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      revocation: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx: unknown, asked: string) => {
          if (asked.replace(/\/$/, '') === resource) return resourceServer
          throw new Error(`This authorization server gives tokens for ${resource}, not for ${asked}`)
        },
      },
    },
  })
}

/** What a grant lacks of what is asked for. */
interface Missing {
  readonly missingOIDCScope?: readonly string[]
  readonly missingResourceScopes?: { readonly [resource: string]: readonly string[] }
}

/** The page where a person signs in and agrees, in one step. */
async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  signedInAs: string | undefined,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response)
  const { prompt, params, session } = interaction
  if (prompt.name === 'login') {
    const name = signedInAs ?? (request.method === 'POST' ? await nameIn(request) : undefined)
    if (name === undefined) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(page(String(params['client_id']), String(params['scope'] ?? '')))
      return
    }
    await provider.interactionFinished(request, response, { login: { accountId: name } })
    return
  }
  const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details as Missing
  const earlier =
    interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId)
  const grant =
    earlier ??
    new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params['client_id']) })
  if (missingOIDCScope.length > 0) grant.addOIDCScope(missingOIDCScope.join(' '))
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(resource, scopes.join(' '))
  }
  const consent = { grantId: await grant.save() }
  await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true })
}

async function nameIn(request: IncomingMessage): Promise<string | undefined> {
  let body = ''
  for await (const chunk of request) {
    body += chunk
    if (body.length > 4096) return undefined
  }
  const name = new URLSearchParams(body).get('name')?.trim()
  return name === undefined || !/^[\w@.-]{1,64}$/.test(name) ? undefined : name
}

const ESCAPES: { readonly [character: string]: string } = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
}
const escaped = (text: string) => text.replace(/[<>&"]/g, (character) => ESCAPES[character] ?? '')

function page(client: string, scope: string): string {
  return `<!doctype html><meta name="viewport" content="width=device-width"><title>Sign in (development)</title>
<body style="font: 16px sans-serif; max-width: 30em; margin: 4em auto">
<h1>Sign in</h1>
<p>The client <code>${escaped(client)}</code> asks for <code>${escaped(scope)}</code>.
This server is for development: any name will do.</p>
<form method="post"><input name="name" value="ada" autofocus pattern="[\\w@.\\-]{1,64}"> <button>Sign in and agree</button></form>`
}
