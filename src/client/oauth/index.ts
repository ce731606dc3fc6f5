/**
 * Authorization of the client: exports. Nothing of Node is imported; `fetch` and Web Crypto are all that is used.
 *
 *    oauth.ts                 a user logs in          authorization-code.ts, registration.ts
 *    client-credentials.ts    a program by itself
 *    jwt-bearer.ts            workload identity, cross-app access
 *    lazy-provider.ts         loads what is below with the first request (flows.ts)
 *    token-provider.ts        keeps tokens, answers challenges, for all of them
 *    discovery.ts, server-metadata.ts, token-endpoint.ts, client-auth.ts, dpop.ts    the protocol
 *    loopback.ts              (Node only, not exported here) redirects to a command-line program
 */

export type { AssertionContext, IdentityProvider } from './assertion-grants.ts'
export type { OnRedirect, Redirected } from './authorization-code.ts'
export { type ClientCredentialsOptions, clientCredentials } from './client-credentials.ts'
export {
  type CrossAppAccessOptions,
  crossAppAccess,
  type WorkloadIdentityOptions,
  workloadIdentity,
} from './jwt-bearer.ts'
export { memoryStore } from './memory-store.ts'
export { type OAuthOptions, type OAuthProvider, oauth } from './oauth.ts'
export type { DpopOptions, KeyOptions, TokenOptions } from './options.ts'
export type { ClientMetadata } from './registration.ts'
export type { SigningAlgorithm, SigningKey, SigningKeyPair } from './signing-keys.ts'
export type { TokenStore } from './store.ts'
