/**
 * `shared/auth.js`: documents and messages of OAuth, as schemas and types. Data only.
 *
 * Spec: RFC 6749, 7009, 7591, 8414, 9728; OpenID Connect Discovery 1.0.
 */

import { array, boolean, type Infer, loose, number, object, Schema, string, unknown } from '../schema.ts'

const url = (message: string, fits: (url: URL) => boolean = () => true): Schema<string> =>
  new Schema(
    (value, issues) => {
      if (typeof value !== 'string' || !URL.canParse(value) || !fits(new URL(value))) {
        issues.push({ code: 'custom', message, path: [] })
      }
      return value
    },
    { type: 'string' },
  )
const DANGEROUS = /^(?:javascript|data|vbscript):$/

export const SafeUrlSchema: Schema<string> = url(
  'Invalid input: expected a URL, not of javascript:, data: or vbscript:',
  ({ protocol }) => !DANGEROUS.test(protocol),
)
/** An empty one is none. */
export const OptionalSafeUrlSchema: Schema<string | undefined> = new Schema(
  (value, issues) => (value === '' || value === undefined ? undefined : SafeUrlSchema.check(value, issues)),
  { type: 'optional' },
  true,
)

const anyUrl = url('Invalid input: expected a URL').optional()
const safe = SafeUrlSchema.optional()
const text = string().optional()
const flag = boolean().optional()
const count = number().optional()
const strings = array(string())
const list = strings.optional()
/** Whatever is no text is none. */
const lenient: Schema<string | undefined> = new Schema(
  (value) => (typeof value === 'string' ? value : undefined),
  { type: 'optional' },
  true,
)
/** Some servers send it as text. */
const seconds: Schema<number | undefined> = new Schema(
  (value, issues) => {
    if (value === undefined) return undefined
    const found = Number(value)
    return Number.isNaN(found) ? number().check(value, issues) : found
  },
  { type: 'optional' },
  true,
)

export const OAuthProtectedResourceMetadataSchema = loose({
  resource: url('Invalid input: expected a URL'),
  authorization_servers: array(SafeUrlSchema).optional(),
  jwks_uri: anyUrl,
  scopes_supported: list,
  bearer_methods_supported: list,
  resource_signing_alg_values_supported: list,
  resource_name: text,
  resource_documentation: text,
  resource_policy_uri: anyUrl,
  resource_tos_uri: anyUrl,
  tls_client_certificate_bound_access_tokens: flag,
  authorization_details_types_supported: list,
  dpop_signing_alg_values_supported: list,
  dpop_bound_access_tokens_required: flag,
})

const endpoints = {
  issuer: string(),
  authorization_endpoint: SafeUrlSchema,
  token_endpoint: SafeUrlSchema,
  registration_endpoint: safe,
  scopes_supported: list,
  response_types_supported: strings,
  response_modes_supported: list,
  grant_types_supported: list,
  token_endpoint_auth_methods_supported: list,
  token_endpoint_auth_signing_alg_values_supported: list,
  client_id_metadata_document_supported: flag,
}

export const OAuthMetadataSchema = loose({
  ...endpoints,
  service_documentation: safe,
  revocation_endpoint: safe,
  revocation_endpoint_auth_methods_supported: list,
  revocation_endpoint_auth_signing_alg_values_supported: list,
  introspection_endpoint: text,
  introspection_endpoint_auth_methods_supported: list,
  introspection_endpoint_auth_signing_alg_values_supported: list,
  code_challenge_methods_supported: list,
})

const openId = {
  ...endpoints,
  userinfo_endpoint: safe,
  jwks_uri: SafeUrlSchema,
  acr_values_supported: list,
  subject_types_supported: strings,
  id_token_signing_alg_values_supported: strings,
  id_token_encryption_alg_values_supported: list,
  id_token_encryption_enc_values_supported: list,
  userinfo_signing_alg_values_supported: list,
  userinfo_encryption_alg_values_supported: list,
  userinfo_encryption_enc_values_supported: list,
  request_object_signing_alg_values_supported: list,
  request_object_encryption_alg_values_supported: list,
  request_object_encryption_enc_values_supported: list,
  display_values_supported: list,
  claim_types_supported: list,
  claims_supported: list,
  service_documentation: text,
  claims_locales_supported: list,
  ui_locales_supported: list,
  claims_parameter_supported: flag,
  request_parameter_supported: flag,
  request_uri_parameter_supported: flag,
  require_request_uri_registration: flag,
  op_policy_uri: safe,
  op_tos_uri: safe,
}
export const OpenIdProviderMetadataSchema = loose(openId)
export const OpenIdProviderDiscoveryMetadataSchema = object({
  ...openId,
  code_challenge_methods_supported: list,
})

export const OAuthTokensSchema = object({
  access_token: string(),
  id_token: text,
  token_type: string(),
  expires_in: seconds,
  scope: text,
  refresh_token: text,
  issuer: lenient,
})
export const OAuthErrorResponseSchema = object({
  error: string(),
  error_description: text,
  error_uri: text,
})

export const OAuthClientMetadataSchema = object({
  redirect_uris: array(SafeUrlSchema),
  token_endpoint_auth_method: text,
  grant_types: list,
  response_types: list,
  client_name: text,
  client_uri: safe,
  logo_uri: OptionalSafeUrlSchema,
  scope: text,
  contacts: list,
  tos_uri: OptionalSafeUrlSchema,
  policy_uri: text,
  jwks_uri: safe,
  jwks: unknown(),
  software_id: text,
  software_version: text,
  software_statement: text,
})
export const OAuthClientInformationSchema = object({
  client_id: string(),
  client_secret: text,
  client_id_issued_at: count,
  client_secret_expires_at: count,
  issuer: lenient,
})
export const OAuthClientInformationFullSchema = OAuthClientMetadataSchema.merge(OAuthClientInformationSchema)
export const OAuthClientRegistrationErrorSchema = object({ error: string(), error_description: text })
export const OAuthTokenRevocationRequestSchema = object({ token: string(), token_type_hint: text })

export type OAuthMetadata = Infer<typeof OAuthMetadataSchema>
export type OpenIdProviderMetadata = Infer<typeof OpenIdProviderMetadataSchema>
export type OpenIdProviderDiscoveryMetadata = Infer<typeof OpenIdProviderDiscoveryMetadataSchema>
export type OAuthTokens = Infer<typeof OAuthTokensSchema>
export type OAuthErrorResponse = Infer<typeof OAuthErrorResponseSchema>
export type OAuthClientMetadata = Infer<typeof OAuthClientMetadataSchema>
export type OAuthClientInformation = Infer<typeof OAuthClientInformationSchema>
export type OAuthClientInformationFull = Infer<typeof OAuthClientInformationFullSchema>
export type OAuthClientInformationMixed = OAuthClientInformation | OAuthClientInformationFull
export type OAuthClientRegistrationError = Infer<typeof OAuthClientRegistrationErrorSchema>
export type OAuthTokenRevocationRequest = Infer<typeof OAuthTokenRevocationRequestSchema>
export type OAuthProtectedResourceMetadata = Infer<typeof OAuthProtectedResourceMetadataSchema>
export type AuthorizationServerMetadata = OAuthMetadata | OpenIdProviderDiscoveryMetadata
