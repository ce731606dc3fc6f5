/**
 * Authorization for the client scenarios of the official conformance suite: `authFor` gives the provider of a scenario.
 *
 * Run as a program it is the smallest client that can carry it: POST, and again while the provider says so. The suite
 * starts it with the server's URL as last argument, and scenario, revision and context in the environment.
 */

import { pathToFileURL } from 'node:url'
import type { AuthProvider } from '../../src/client/auth-provider.ts'
import {
  clientCredentials,
  crossAppAccess,
  oauth,
  type SigningAlgorithm,
  workloadIdentity,
} from '../../src/client/oauth/index.ts'
import { authorizedFetch } from '../client/oauth/authorized-fetch.ts'

/** What the suite says beside the URL. */
type Context = Readonly<Record<string, string>>

/** The suite fetches nothing from it: it only looks whether the client uses it as its id. */
const METADATA_URL = 'https://conformance-test.local/client-metadata.json'

/** The provider for a scenario. Those that are not named here log a user in. */
export function authFor(scenario: string, context: Context): AuthProvider {
  const { client_id: clientId = '', client_secret: clientSecret } = context
  switch (scenario) {
    case 'auth/client-credentials-basic':
      return clientCredentials({ clientId, clientSecret })
    case 'auth/client-credentials-jwt': {
      const { private_key_pem: privateKey, signing_algorithm: algorithm } = context
      return clientCredentials({ clientId, privateKey, signingAlgorithm: algorithm as SigningAlgorithm })
    }
    case 'auth/enterprise-managed-authorization':
      return crossAppAccess({
        clientId,
        clientSecret,
        identityProvider: { issuer: context['idp_issuer'], clientId: context['idp_client_id'] ?? '' },
        identityAssertion: () => context['idp_id_token'] ?? '',
      })
    case 'auth/wif-jwt-bearer':
      return workloadIdentity({ clientId, assertion: () => context['valid_jwt'] ?? '' })
    default:
      return oauth({
        redirectUrl: 'http://127.0.0.1:3000/callback',
        onRedirect: logIn,
        clientMetadataUrl: METADATA_URL,
        clientMetadata: { client_name: 'barewire conformance client' },
        dpop: scenario.startsWith('auth/dpop'),
        ...(clientId === '' ? {} : { clientId, clientSecret }),
      })
  }
}

/** The suite's authorization servers redirect at once: the user is imagined. */
async function logIn(url: URL, { signal }: { readonly signal: AbortSignal }): Promise<string> {
  const response = await fetch(url, { redirect: 'manual', signal })
  const location = response.headers.get('location')
  if (location === null) throw new Error(`${url.origin} answered the login with status ${response.status}`)
  return location
}

const STATELESS = '2026-07-28'

class MinimalClient {
  #id = 0
  readonly #url: string
  readonly #revision: string
  readonly #auth: AuthProvider

  constructor(url: string, revision: string, auth: AuthProvider) {
    this.#url = url
    this.#revision = revision
    this.#auth = auth
  }

  async run(): Promise<void> {
    if (this.#revision !== STATELESS) {
      const clientInfo = { name: 'barewire-auth', version: '1.0.0' }
      await this.#call('initialize', { protocolVersion: this.#revision, capabilities: {}, clientInfo })
      await this.#post({ method: 'notifications/initialized' })
    }
    await this.#call('tools/list', {})
    await this.#call('tools/call', { name: 'test-tool', arguments: {} }, { 'mcp-name': 'test-tool' })
  }

  async #call(method: string, params: object, headers = {}): Promise<void> {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': this.#revision,
      'io.modelcontextprotocol/clientInfo': { name: 'barewire-auth', version: '1.0.0' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const isStateless = this.#revision === STATELESS
    const message = { id: ++this.#id, method, params: isStateless ? { ...params, _meta: meta } : params }
    const text = await this.#post(message, { ...headers, ...(isStateless ? { 'mcp-method': method } : {}) })
    if (text.includes('"error":')) throw new Error(`${method} failed: ${text}`)
  }

  async #post(message: object, headers = {}): Promise<string> {
    const response = await authorizedFetch(this.#auth, this.#url, {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': this.#revision,
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`status ${response.status}: ${text}`)
    return text
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { MCP_CONFORMANCE_SCENARIO: scenario = '', MCP_CONFORMANCE_CONTEXT: context = '{}' } = process.env
  const { MCP_CONFORMANCE_PROTOCOL_VERSION: revision = '2025-11-25' } = process.env
  const auth = authFor(scenario, JSON.parse(context))
  await new MinimalClient(process.argv.at(-1) ?? '', revision, auth).run()
}
