/** The metadata documents: where they are, what they say, and who may have them. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import express from 'express'
import {
  jwt,
  metadataHandler,
  type ProtectedResourceOptions,
  protectedResource,
} from '../../src/auth/index.ts'
import { createMcpHandler, McpServer } from '../../src/index.ts'
import { challengeOf, guarded, RESOURCE } from './serving.ts'

const ISSUER = 'https://auth.example.com'
const resourceOf = (more: Partial<ProtectedResourceOptions> = {}) =>
  protectedResource({
    resource: RESOURCE,
    authorizationServers: [ISSUER],
    scopes: {
      'notes:read': 'Read notes',
      'notes:write': { description: 'Write notes', implies: ['notes:read'] },
    },
    requiredScopes: ['notes:read'],
    token: jwt({ issuer: ISSUER }),
    ...more,
  })
const PREFIX = '/.well-known/oauth-protected-resource'

test('the document is at the path of the resource and at the root, and says what was configured [authorization.metadata] [authorization.metadata-servers] [rfc9728.well-known] [rfc9728.path-insertion]', async (t) => {
  const { url } = await guarded(t, resourceOf({ metadata: { resource_name: 'Notes' } }))
  const { origin } = new URL(url)
  for (const path of [PREFIX, `${PREFIX}/mcp`, `${PREFIX}/mcp?a=1`]) {
    const reply = await fetch(origin + path)
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('content-type'), 'application/json')
    assert.equal(reply.headers.get('access-control-allow-origin'), '*')
    assert.equal(reply.headers.get('cache-control'), 'public, max-age=3600')
    assert.deepEqual(await reply.json(), {
      resource_name: 'Notes',
      resource: RESOURCE,
      authorization_servers: [ISSUER],
      scopes_supported: ['notes:read', 'notes:write'],
      bearer_methods_supported: ['header'],
    })
  }
  assert.equal((await fetch(`${origin}${PREFIX}/other`)).status, 404)
})

test('a proxy that strips a prefix leaves the document at the path of the resource', async (t) => {
  const { url, whoami } = await guarded(t, resourceOf({ resource: 'https://example.com/api/v1/mcp' }))
  const { origin } = new URL(url)
  assert.equal((await fetch(`${origin}${PREFIX}/api/v1/mcp`)).status, 200)
  assert.equal((await fetch(`${origin}${PREFIX}/mcp`)).status, 404)
  const challenge = challengeOf(await whoami())
  assert.equal(challenge['resource_metadata'], `https://example.com${PREFIX}/api/v1/mcp`)
})

test('whatever the Host, the Origin and the X-Forwarded headers are, the document is the same [rfc9728.resource-value]', async (t) => {
  const { serving, refusals } = await guarded(t, resourceOf())
  const { port } = serving
  const { request } = await import('node:http')
  const headers = {
    host: 'evil.example',
    origin: 'https://evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
  }
  const text = await new Promise<string>((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: PREFIX, headers }, async (response) => {
      let body = ''
      for await (const chunk of response) body += chunk
      resolve(body)
    })
      .on('error', reject)
      .end()
  })
  assert.equal(JSON.parse(text).resource, RESOURCE)
  assert.deepEqual(refusals, [])
})

test('HEAD has no body, OPTIONS allows any header, other methods are 405', async (t) => {
  const { url } = await guarded(t, resourceOf())
  const target = new URL(url).origin + PREFIX
  const head = await fetch(target, { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
  assert.ok(Number(head.headers.get('content-length')) > 100)
  const preflight = await fetch(target, { method: 'OPTIONS' })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-headers'), '*')
  for (const method of ['POST', 'DELETE', 'PUT']) {
    const reply = await fetch(target, { method, body: method === 'DELETE' ? null : '{}' })
    assert.equal(reply.status, 405)
    assert.equal(reply.headers.get('allow'), 'GET, HEAD, OPTIONS')
  }
})

test('metadataHandler answers where it is routed to, beside a handler that is mounted elsewhere', async (t) => {
  const resource = resourceOf()
  const handler = createMcpHandler(new McpServer({ name: 'a', version: '1' }), { auth: resource })
  const app = express()
  app.use('/.well-known/oauth-protected-resource', metadataHandler(resource))
  app.use('/mcp', handler)
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    await handler.close({ drainMs: 0 })
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const reply = await fetch(`${origin}${PREFIX}/mcp`)
  assert.equal(((await reply.json()) as { resource: string }).resource, RESOURCE)
  assert.equal((await fetch(`${origin}/mcp`, { method: 'POST' })).status, 401)
  assert.throws(() => metadataHandler({} as never), {
    name: 'TypeError',
    message: /what protectedResource returns/,
  })
})

test('with dpop the document says which algorithms, and whether it is required', async (t) => {
  const { url } = await guarded(t, resourceOf({ dpop: { required: true, algorithms: ['ES256'] } }))
  const document = (await (await fetch(new URL(url).origin + PREFIX)).json()) as { [name: string]: unknown }
  assert.deepEqual(document['dpop_signing_alg_values_supported'], ['ES256'])
  assert.equal(document['dpop_bound_access_tokens_required'], true)
})

test('the URL of the document has the well-known part between host and path [rfc9728.path-insertion]', () => {
  const urls = {
    'https://example.com': `https://example.com${PREFIX}`,
    'https://example.com/': `https://example.com${PREFIX}`,
    'https://example.com/a/b': `https://example.com${PREFIX}/a/b`,
    'https://example.com:8443/mcp?tenant=1': `https://example.com:8443${PREFIX}/mcp?tenant=1`,
  }
  for (const [resource, expected] of Object.entries(urls))
    assert.equal(resourceOf({ resource }).metadataUrl, expected)
})

const wrong: readonly (readonly [string, object, RegExp])[] = [
  [
    'a resource with http',
    { resource: 'http://mcp.example.com/mcp' },
    /protectedResource\.resource must be an https URL/,
  ],
  [
    'a resource that is a path',
    { resource: '/mcp' },
    /protectedResource\.resource must be an absolute https URL \(http on loopback only\); got "\/mcp"/,
  ],
  ['a resource with a fragment', { resource: 'https://mcp.example.com/mcp#a' }, /without a fragment/],
  [
    'a resource with a password',
    { resource: 'https://a:b@mcp.example.com/mcp' },
    /without a fragment, user or password/,
  ],
  [
    'no authorization server',
    { authorizationServers: [] },
    /protectedResource\.authorizationServers must be an array of URLs, at least one/,
  ],
  [
    'an authorization server with http',
    { authorizationServers: ['http://auth.example.com'] },
    /authorizationServers must be an https/,
  ],
  [
    'offline_access as a scope',
    { scopes: { offline_access: '' }, requiredScopes: [] },
    /scopes\["offline_access"\]: refresh tokens/,
  ],
  [
    'a scope with a space',
    { scopes: { 'a b': '' }, requiredScopes: [] },
    /characters that no scope can have/,
  ],
  [
    'a scope that implies an undeclared one',
    { scopes: { a: { implies: ['b'] } }, requiredScopes: [] },
    /scopes\["a"\]\.implies has "b", which is not among the declared/,
  ],
  [
    'a required scope that is undeclared',
    { requiredScopes: ['notes:raed'] },
    /requiredScopes has "notes:raed".*did you mean "notes:read"\?/,
  ],
  [
    'no token verifier',
    { token: undefined },
    /protectedResource\.token must be jwt\(\.\.\.\), introspection\(\.\.\.\) or a function; got undefined/,
  ],
  ['metadata that are fixed', { metadata: { resource: 'x' } }, /metadata cannot have "resource"/],
  ['metadata that are text', { metadata: 'x' }, /metadata must be of type object/],
  ['lists that are neither', { lists: 'none' }, /protectedResource\.lists must be one of show, hide/],
  ['a nonce secret that is short', { dpop: { nonce: 'short' } }, /dpop\.nonce must be/],
  ['another name', { verify: () => undefined }, /did you mean "protectedResource\.token"\?/],
]
for (const [name, more, message] of wrong) {
  test(`protectedResource refuses ${name} when it is made`, () => {
    assert.throws(() => resourceOf(more as never), { name: 'TypeError', message })
  })
}
