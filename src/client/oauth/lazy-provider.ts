/**
 * A provider whose flows are loaded with the first request: who imports the client for its calls does not load them.
 * Options are checked before that, so that a wrong one throws where it was given.
 */

import type { AuthProvider } from '../auth-provider.ts'
import { loadPart } from '../load-part.ts'

type Request = Parameters<AuthProvider['headers']>[0]
type Flows = Awaited<ReturnType<typeof loadFlows>>

export class LazyProvider<P extends AuthProvider> implements AuthProvider {
  readonly #make: (flows: Flows) => P
  #provider: P | undefined

  constructor(make: (flows: Flows) => P) {
    this.#make = make
  }

  headers(request: Request): ReturnType<AuthProvider['headers']> {
    if (this.#provider !== undefined) return this.#provider.headers(request)
    return this.loaded().then((provider) => provider.headers(request))
  }

  async onChallenge(response: Response, request: Request): Promise<boolean> {
    return await (await this.loaded()).onChallenge(response, request)
  }

  /** @throws {McpError} ERR_CONNECTION */
  async loaded(): Promise<P> {
    if (this.#provider !== undefined) return this.#provider
    const flows = await loadFlows()
    this.#provider ??= this.#make(flows)
    return this.#provider
  }
}

function loadFlows() {
  return loadPart(() => import('./flows.ts'))
}
