/** Authorization for the client scenarios of the official conformance suite: `authFor` gives the provider of a scenario. */

import type { AuthProvider } from '../../src/client/auth-provider.ts'
import {
  clientCredentials,
  crossAppAccess,
  oauth,
  type SigningAlgorithm,
  workloadIdentity,
} from '../../src/client/oauth/index.ts'

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
