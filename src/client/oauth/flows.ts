/** The part of the authorization that is loaded when a client sends its first request (lazy-provider.ts). */

export { crossAppGrant, workloadGrant } from './assertion-grants.ts'
export { requestTokens } from './token-endpoint.ts'
export { TokenProvider } from './token-provider.ts'
export { UserProvider } from './user-provider.ts'
