/**
 * `barewire/auth`: who may call. An MCP server as an OAuth 2.1 resource server, or one that knows API keys.
 *
 * Not here: how the entrance asks (http/authenticate.ts), and which scopes an operation needs (features/scopes.ts).
 */

export type { Authenticator, VerifiedPrincipal } from '../http/authenticate.ts'
export type { AlgorithmName } from './algorithms.ts'
export { type ApiKeyOptions, apiKey } from './api-key.ts'
export type { DpopSettings, ProofStore } from './dpop.ts'
export { type IntrospectionOptions, introspection } from './introspection.ts'
export { type JwtOptions, jwt } from './jwt.ts'
export { type MetadataRequest, type MetadataResponse, metadataHandler } from './metadata-handler.ts'
export {
  type ProtectedResource,
  type ProtectedResourceOptions,
  protectedResource,
} from './protected-resource.ts'
export type { ScopeConfig, ScopeDeclarations } from './scope-table.ts'
export type { CustomVerify, JoseResult, TokenVerifier, VerifyResult } from './verifier.ts'
