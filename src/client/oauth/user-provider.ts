/** Tokens of a user who logs in: the second half of `oauth` (oauth.ts). */

import { AuthorizationCodeGrant, type OnRedirect, type Redirected } from './authorization-code.ts'
import type { Discovery } from './discovery.ts'
import type { GrantRequest } from './grant.ts'
import type { ProviderSettings } from './options.ts'
import type { ClientIdentity } from './registration.ts'
import { TokenProvider } from './token-provider.ts'

export class UserProvider extends TokenProvider {
  readonly #grant: AuthorizationCodeGrant
  readonly #settings: ProviderSettings

  constructor(identity: ClientIdentity, onRedirect: OnRedirect, settings: ProviderSettings) {
    const grant = new AuthorizationCodeGrant(identity, onRedirect)
    super(grant, settings)
    this.#grant = grant
    this.#settings = settings
  }

  /** Takes up a login whose page was left. */
  async finish(redirected: Redirected, signal: AbortSignal): Promise<void> {
    const { http, store } = this.#settings
    let request: GrantRequest | undefined
    const { login, tokens } = await this.#grant.finish(redirected, store, async (begun) => {
      const { serverUrl, resource, resourceMetadataUrl, server, scope } = begun
      const needsDpop = begun.thumbprint !== undefined
      const discovery: Discovery = { resource, scopes: [], needsDpop, resourceMetadataUrl, server }
      const dpop = await this.keys.signerFor(discovery)
      request = { serverUrl, discovery, scope, dpop, http, store, signal }
      return { http, dpop, signal, client: await this.#grant.client(request) }
    })
    if (request !== undefined) await this.accept(request, login.clientId, tokens)
  }
}
