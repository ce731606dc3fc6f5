/**
 * Whether tokens are bound to a key (DPoP), and to which one: what the `dpop` option, the resource and the
 * authorization server say together.
 */

import { quote } from '../../bounds/quote.ts'
import { McpError } from '../../jsonrpc/rpc-error.ts'
import type { Discovery } from './discovery.ts'
import { DpopSigner } from './dpop.ts'
import type { ProviderSettings } from './options.ts'
import type { StoredTokens } from './store.ts'
import { generateKeyPair } from './web-crypto.ts'

/** The key of a provider. */
export class DpopKeys {
  readonly #dpop: ProviderSettings['dpop']
  /** Lifecycle: from the first need of it, to the end of the provider. */
  #signer: Promise<DpopSigner> | undefined

  constructor(dpop: ProviderSettings['dpop']) {
    this.#dpop = dpop
  }

  /** The signer, if any token can be bound to it. */
  get signer(): Promise<DpopSigner> | undefined {
    return this.#signer
  }

  /** The signer of proofs for new tokens; undefined where they are not to be bound. */
  async signerFor({ needsDpop, server }: Discovery): Promise<DpopSigner | undefined> {
    const dpop = this.#dpop
    if (!(dpop?.isOn ?? needsDpop)) return undefined
    this.#signer ??= Promise.resolve(dpop?.keyPair ?? generateKeyPair()).then((pair) => DpopSigner.of(pair))
    const signer = await this.#signer
    if (server.dpopAlgorithms?.includes(signer.algorithm) ?? true) return signer
    if (dpop?.isRequired !== true) return undefined
    throw new McpError(
      'ERR_AUTH_UNSUPPORTED',
      `the authorization server ${quote(server.issuer)} does not take DPoP proofs signed with ${signer.algorithm}`,
    )
  }

  /** Whether tokens from the store can be used: bound ones only with their key. */
  async fits({ thumbprint }: StoredTokens): Promise<boolean> {
    const dpop = this.#dpop
    if (thumbprint === undefined) return dpop?.isRequired !== true
    // A key of this process may have bound them, too: another provider with the same store has another one.
    if (dpop?.isOn === true && dpop.keyPair !== undefined) this.#signer ??= DpopSigner.of(dpop.keyPair)
    return (await this.#signer)?.thumbprint === thumbprint
  }
}
