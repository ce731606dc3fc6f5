/** Middleware of the facade, as a program mounts it on node:http. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { InvalidTokenError } from '../../src/sdk/server/auth/errors.ts'
import { requireBearerAuth } from '../../src/sdk/server/auth/middleware/bearerAuth.ts'
import { mcpAuthMetadataRouter } from '../../src/sdk/server/auth/router.ts'
import type { Middleware } from '../../src/sdk/server/http-middleware.ts'
import { listen } from './listen.ts'

/** @returns its URL; what is passed on is answered with 204, and with 500 where it is an error */
async function mount(t: TestContext, middleware: Middleware): Promise<URL> {
  return await listen(t, (request, response) => {
    middleware(request, response, (error?: unknown) => {
      response.writeHead(error === undefined ? 204 : 500).end(String(error ?? ''))
    })
  })
}

const refuse = (problem: string) => ({
  verifyAccessToken: async () => {
    throw new InvalidTokenError(problem)
  },
})

test('requireBearerAuth: a refusal in any language is a valid challenge', async (t) => {
  const url = await mount(t, requireBearerAuth({ verifier: refuse('Jeton "expiré" \n\\ 期限切れ') }))
  const response = await fetch(url, { headers: { authorization: 'Bearer x' } })
  assert.equal(response.status, 401)
  assert.equal(
    response.headers.get('www-authenticate'),
    'Bearer error="invalid_token", error_description="Jeton \'expir?\' ?? ????"',
  )
  assert.equal(
    ((await response.json()) as { error_description: string }).error_description,
    'Jeton "expiré" \n\\ 期限切れ',
  )
})

test('requireBearerAuth: what it cannot say goes to next, and ends no process', async (t) => {
  const options = { verifier: refuse('no'), resourceMetadataUrl: 'https://exämple.com' }
  const url = await mount(t, requireBearerAuth(options))
  const response = await fetch(url, { headers: { authorization: 'Bearer x' } })
  assert.equal(response.status, 500)
  assert.match(await response.text(), /resource_metadata must be visible ASCII/)
})

test('mcpAuthMetadataRouter answers the preflight of a page, and names its methods to others', async (t) => {
  const url = await mount(
    t,
    mcpAuthMetadataRouter({
      oauthMetadata: { issuer: 'https://auth.example' },
      resourceServerUrl: new URL('https://api.example/mcp'),
    }),
  )
  const document = new URL('/.well-known/oauth-protected-resource/mcp', url)
  const preflight = await fetch(document, {
    method: 'OPTIONS',
    headers: { origin: 'https://page.example', 'access-control-request-headers': 'mcp-protocol-version' },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
  assert.equal(preflight.headers.get('access-control-allow-headers'), '*')
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET, OPTIONS')
  const found = await fetch(document)
  assert.deepEqual(((await found.json()) as { authorization_servers: string[] }).authorization_servers, [
    'https://auth.example',
  ])
  const posted = await fetch(document, { method: 'POST' })
  assert.equal(posted.status, 405)
  assert.equal(posted.headers.get('allow'), 'GET, OPTIONS')
  assert.equal((await fetch(new URL('/other', url))).status, 204)
})
