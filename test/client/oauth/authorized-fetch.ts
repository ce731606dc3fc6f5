/** The part of a transport that the provider talks to: one request, sent again as long as the provider says so. */
import type { AuthProvider } from '../../../src/client/auth-provider.ts'

/** More than any provider asks for; past it the test fails with the last response. */
const MAX_ATTEMPTS = 10

/** Sends a request with the provider's headers. */
export async function authorizedFetch(
  auth: AuthProvider,
  url: string,
  init: RequestInit & { readonly signal?: AbortSignal } = {},
): Promise<Response> {
  // One object for all attempts: the provider knows by it what it did.
  const request = { url, method: init.method ?? 'POST', signal: init.signal }
  for (let attempt = 1; ; attempt++) {
    const headers = { ...(init.headers as Record<string, string>), ...(await auth.headers(request)) }
    const response = await fetch(url, { ...init, method: request.method, headers })
    const { status } = response
    if (status !== 401 && status !== 403 && !response.headers.has('dpop-nonce')) return response
    const isAgain = await auth.onChallenge(response, request)
    if (!isAgain || attempt === MAX_ATTEMPTS) return response
    await response.body?.cancel()
  }
}
