/**
 * What the authorization pages of the three revisions ask of a server, sentence by sentence, each checked with requests of
 * its revision.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { jwt, protectedResource } from '../../src/auth/index.ts'
import { get, type HttpReply, post, type RequestHeaders, TestSession } from '../helpers/wire.ts'
import { type Issuer, makeKey, now, startIssuer } from './issuer.ts'
import {
  bearer,
  challengeOf,
  type Guarded,
  guarded,
  mirrored,
  RESOURCE,
  statelessRequest,
} from './serving.ts'

type Revision = '2025-06-18' | '2025-11-25' | '2026-07-28'

interface Subject extends Guarded {
  readonly revision: Revision
  readonly issuer: Issuer
  readonly auth: ReturnType<typeof protectedResource>
  token(claims?: object): Promise<string>
  /** Calls a tool as a client of the revision does. */
  call(headers: RequestHeaders, name?: string): Promise<HttpReply>
}

const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'
const PATH = '/.well-known/oauth-protected-resource'

async function subject(t: TestContext, revision: Revision, resource = RESOURCE): Promise<Subject> {
  const issuer = await startIssuer(t, [await makeKey('ES256', 'k')])
  const auth = protectedResource({
    resource,
    authorizationServers: [issuer.url],
    scopes: { read: 'Read', write: { implies: ['read'] }, admin: {} },
    requiredScopes: ['read'],
    token: jwt({ issuer: issuer.url }),
  })
  const server = await guarded(t, auth, (definition) => {
    definition.registerTool('write', { scopes: ['write', 'admin'] }, () => 'written')
    definition.registerTool('admin', { scopes: ['admin'] }, () => 'administered')
  })
  const token = (claims: object = {}) => issuer.token(resource, { scope: 'read', ...claims })
  const call: Subject['call'] = async (headers, name = 'whoami') => {
    const { url } = server
    if (revision === '2026-07-28') {
      return await post(url, statelessRequest('tools/call', { name }), {
        ...mirrored('tools/call', name),
        ...headers,
      })
    }
    const session = await TestSession.open(url, { protocolVersion: revision, headers: bearer(await token()) })
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } }
    return await post(url, message, {
      ...session.headers,
      authorization: undefined,
      ...headers,
    } as RequestHeaders)
  }
  return { ...server, revision, issuer, auth, token, call }
}

type Check = (subject: Subject, t: TestContext) => Promise<void>

async function document({ url }: Subject, path: string) {
  const reply = await fetch(new URL(url).origin + path)
  return { reply, members: (await reply.json()) as { [name: string]: unknown } }
}

/** Refused with 401 and invalid_token, and nothing runs. */
async function refuses(each: Subject, token: string, reason: RegExp): Promise<void> {
  const reply = await each.call(bearer(token))
  assert.equal(reply.status, 401)
  assert.equal(challengeOf(reply)['error'], 'invalid_token')
  assert.match(each.refusals.at(-1)?.reason ?? '', reason)
  assert.deepEqual(each.ran, [])
}

const checks = {
  good: async (each) => {
    assert.equal((await each.call(bearer(await each.token()))).status, 200)
    assert.deepEqual(each.ran, ['whoami ada'])
  },
  metadata: async (each) => {
    for (const path of [PATH, `${PATH}/mcp`])
      assert.equal((await document(each, path)).members['resource'], RESOURCE)
  },
  servers: async (each) => {
    assert.deepEqual((await document(each, PATH)).members['authorization_servers'], [each.issuer.url])
    const options = { resource: RESOURCE, token: () => undefined }
    assert.throws(() => protectedResource({ ...options, authorizationServers: [] }), TypeError)
  },
  discovery: async (each) => {
    const { resource_metadata: url } = challengeOf(await each.call({}))
    assert.equal(url, METADATA)
    assert.equal((await document(each, new URL(url ?? '').pathname)).reply.status, 200)
    assert.equal((await document(each, PATH)).reply.status, 200)
  },
  header: async (each) => {
    const token = await each.token()
    for (const headers of [{ cookie: `access_token=${token}` }, { 'x-access-token': token }, {}]) {
      assert.equal((await each.call(headers)).status, 401)
    }
    assert.equal((await each.call(bearer(token))).status, 200)
  },
  noQuery: async (each) => {
    const target = `${each.url}?access_token=${await each.token()}`
    assert.equal((await post(target, statelessRequest('tools/list'), mirrored('tools/list'))).status, 401)
  },
  everyRequest: async (each) => {
    assert.equal((await each.call(bearer(await each.token()))).status, 200)
    const without = await each.call({})
    assert.equal(without.status, 401)
    assert.equal((await get(each.url)).status, 401)
  },
  unsigned: async (each) => {
    const [header, payload] = (await each.token()).split('.')
    await refuses(each, `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`, /signature/)
  },
  audience: async (each) =>
    refuses(each, await each.token({ aud: 'https://other.example.com/mcp' }), /aud failed/),
  noAudience: async (each) => refuses(each, await each.token({ aud: undefined }), /aud failed/),
  otherIssuer: async (each) =>
    refuses(each, await each.token({ iss: 'https://other.example.com' }), /iss failed/),
  expired: async (each) => refuses(each, await each.token({ exp: now() - 60 }), /exp failed/),
  garbage: async (each) => refuses(each, 'garbage', /3 parts/),
  statuses: async (each) => {
    assert.equal((await each.call({})).status, 401)
    assert.equal((await each.call({ authorization: 'Bearer' })).status, 400)
    const lacking = await each.call(bearer(await each.token({ scope: '' })))
    assert.equal(lacking.status, 403)
    for (const reply of [await each.call({}), lacking])
      assert.ok(reply.headers['www-authenticate'] !== undefined)
  },
  errorCodes: async (each) => {
    assert.equal(challengeOf(await each.call({}))['error'], undefined, 'no error where there was no token')
    assert.equal(challengeOf(await each.call({ authorization: 'Bearer' }))['error'], 'invalid_request')
    assert.equal(challengeOf(await each.call(bearer('garbage')))['error'], 'invalid_token')
    const lacking = await each.call(bearer(await each.token()), 'admin')
    assert.equal(challengeOf(lacking)['error'], 'insufficient_scope')
  },
  storage: async (each) => {
    const token = await each.token({ jti: 'very-private', email: 'ada@example.com' })
    await each.call(bearer(token))
    await each.call(bearer(token), 'admin')
    await each.call(bearer(`${token}x`))
    const { refusals, errors, serving } = each
    const seen = JSON.stringify([
      refusals.map(({ error, reason }) => [error.message, reason]),
      errors,
      serving.stats(),
    ])
    for (const part of [...token.split('.'), 'very-private', 'ada@example.com'])
      assert.ok(!seen.includes(part))
    assert.ok(!inspect(each.auth, { depth: 20, showHidden: true }).includes(token))
  },
  https: async ({ issuer }) => {
    const options = { authorizationServers: [issuer.url], token: jwt({ issuer: issuer.url }) }
    assert.throws(() => protectedResource({ ...options, resource: 'http://mcp.example.com/mcp' }), /https/)
    assert.throws(() => jwt({ issuer: 'http://auth.example.com' }), /https/)
  },
  challenge: async (each) => assert.equal(challengeOf(await each.call({}))['resource_metadata'], METADATA),
  scopeParameter: async (each) => assert.equal(challengeOf(await each.call({}))['scope'], 'read'),
  upperCase: async (each) => {
    const token = await each.token({ aud: 'HTTPS://MCP.EXAMPLE.COM/mcp' })
    assert.equal((await each.call(bearer(token))).status, 200)
  },
  slash: async ({ revision }, t) => {
    const each = await subject(t, revision, 'https://mcp.example.com')
    for (const aud of ['https://mcp.example.com', 'https://mcp.example.com/']) {
      assert.equal((await each.call(bearer(await each.token({ aud, jti: aud })))).status, 200)
    }
  },
  insufficient: async (each) => {
    const reply = await each.call(bearer(await each.token()), 'admin')
    assert.equal(reply.status, 403)
    const { error, scope, resource_metadata: metadata } = challengeOf(reply)
    assert.deepEqual([error, scope, metadata], ['insufficient_scope', 'admin read', METADATA])
  },
  allScopes: async (each) => {
    const reply = await each.call(bearer(await each.token()), 'write')
    assert.equal(challengeOf(reply)['scope'], 'write admin read')
    const again = await each.call(bearer(await each.token({ scope: 'write' })), 'write')
    assert.equal(challengeOf(again)['scope'], 'write admin', 'the same, and what is there')
  },
  hierarchy: async (each) => {
    assert.equal(
      (await each.call(bearer(await each.token({ scope: 'write' })))).status,
      200,
      'write implies read',
    )
    assert.equal(
      (await each.call(bearer(await each.token({ scope: 'admin' })))).status,
      403,
      'admin implies nothing',
    )
  },
  noOfflineAccess: async (each) => {
    const reply = await each.call(bearer(await each.token({ scope: 'read offline_access' })), 'admin')
    assert.equal(challengeOf(reply)['scope'], 'admin read')
    assert.ok(!JSON.stringify((await document(each, PATH)).members).includes('offline_access'))
  },
  resourceServer: async (each) => {
    const { reply, members } = await document(each, PATH)
    assert.equal(reply.status, 200)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/)
    for (const value of Object.values(members)) assert.ok(!Array.isArray(value) || value.length > 0)
  },
} satisfies { readonly [name: string]: Check }

interface Row {
  readonly requirement: string
  readonly revision: Revision
  readonly check: Check
}

const rows: readonly Row[] = [
  { requirement: 'authorization-2025-06-18.conform', revision: '2025-06-18', check: checks.good },
  { requirement: 'authorization-2025-06-18.metadata', revision: '2025-06-18', check: checks.metadata },
  { requirement: 'authorization-2025-06-18.metadata-servers', revision: '2025-06-18', check: checks.servers },
  {
    requirement: 'authorization-2025-06-18.token-requirements',
    revision: '2025-06-18',
    check: checks.header,
  },
  { requirement: 'authorization-2025-06-18.no-query-token', revision: '2025-06-18', check: checks.noQuery },
  {
    requirement: 'authorization-2025-06-18.every-request',
    revision: '2025-06-18',
    check: checks.everyRequest,
  },
  { requirement: 'authorization-2025-06-18.token-validated', revision: '2025-06-18', check: checks.unsigned },
  { requirement: 'authorization-2025-06-18.audience', revision: '2025-06-18', check: checks.audience },
  {
    requirement: 'authorization-2025-06-18.error-handling',
    revision: '2025-06-18',
    check: checks.errorCodes,
  },
  { requirement: 'authorization-2025-06-18.invalid-401', revision: '2025-06-18', check: checks.expired },
  { requirement: 'authorization-2025-06-18.invalid-401', revision: '2025-06-18', check: checks.garbage },
  {
    requirement: 'authorization-2025-06-18.no-other-tokens',
    revision: '2025-06-18',
    check: checks.otherIssuer,
  },
  { requirement: 'authorization-2025-06-18.statuses', revision: '2025-06-18', check: checks.statuses },
  {
    requirement: 'authorization-2025-06-18.audience-binding',
    revision: '2025-06-18',
    check: checks.noAudience,
  },
  { requirement: 'authorization-2025-06-18.restriction', revision: '2025-06-18', check: checks.expired },
  {
    requirement: 'authorization-2025-06-18.oauth-validation',
    revision: '2025-06-18',
    check: checks.unsigned,
  },
  { requirement: 'authorization-2025-06-18.only-intended', revision: '2025-06-18', check: checks.audience },
  { requirement: 'authorization-2025-06-18.secure-storage', revision: '2025-06-18', check: checks.storage },
  { requirement: 'authorization-2025-06-18.https', revision: '2025-06-18', check: checks.https },
  {
    requirement: 'authorization-2025-06-18.www-authenticate',
    revision: '2025-06-18',
    check: checks.challenge,
  },
  { requirement: 'authorization-2025-06-18.resource-case', revision: '2025-06-18', check: checks.upperCase },
  { requirement: 'authorization-2025-06-18.resource-slash', revision: '2025-06-18', check: checks.slash },
  { requirement: 'authorization-2025-11-25.conform', revision: '2025-11-25', check: checks.good },
  { requirement: 'authorization-2025-11-25.metadata', revision: '2025-11-25', check: checks.metadata },
  { requirement: 'authorization-2025-11-25.metadata-servers', revision: '2025-11-25', check: checks.servers },
  {
    requirement: 'authorization-2025-11-25.token-requirements',
    revision: '2025-11-25',
    check: checks.header,
  },
  { requirement: 'authorization-2025-11-25.no-query-token', revision: '2025-11-25', check: checks.noQuery },
  {
    requirement: 'authorization-2025-11-25.every-request',
    revision: '2025-11-25',
    check: checks.everyRequest,
  },
  { requirement: 'authorization-2025-11-25.token-validated', revision: '2025-11-25', check: checks.unsigned },
  { requirement: 'authorization-2025-11-25.audience', revision: '2025-11-25', check: checks.audience },
  {
    requirement: 'authorization-2025-11-25.error-handling',
    revision: '2025-11-25',
    check: checks.errorCodes,
  },
  { requirement: 'authorization-2025-11-25.invalid-401', revision: '2025-11-25', check: checks.expired },
  { requirement: 'authorization-2025-11-25.invalid-401', revision: '2025-11-25', check: checks.garbage },
  {
    requirement: 'authorization-2025-11-25.no-other-tokens',
    revision: '2025-11-25',
    check: checks.otherIssuer,
  },
  { requirement: 'authorization-2025-11-25.statuses', revision: '2025-11-25', check: checks.statuses },
  {
    requirement: 'authorization-2025-11-25.audience-binding',
    revision: '2025-11-25',
    check: checks.noAudience,
  },
  { requirement: 'authorization-2025-11-25.restriction', revision: '2025-11-25', check: checks.expired },
  {
    requirement: 'authorization-2025-11-25.oauth-validation',
    revision: '2025-11-25',
    check: checks.unsigned,
  },
  { requirement: 'authorization-2025-11-25.only-intended', revision: '2025-11-25', check: checks.audience },
  { requirement: 'authorization-2025-11-25.secure-storage', revision: '2025-11-25', check: checks.storage },
  { requirement: 'authorization-2025-11-25.https', revision: '2025-11-25', check: checks.https },
  { requirement: 'authorization-2025-11-25.discovery', revision: '2025-11-25', check: checks.discovery },
  {
    requirement: 'authorization-2025-11-25.scope-parameter',
    revision: '2025-11-25',
    check: checks.scopeParameter,
  },
  {
    requirement: 'authorization-2025-11-25.scope-consistency',
    revision: '2025-11-25',
    check: checks.allScopes,
  },
  { requirement: 'authorization-2025-11-25.resource-case', revision: '2025-11-25', check: checks.upperCase },
  { requirement: 'authorization-2025-11-25.resource-slash', revision: '2025-11-25', check: checks.slash },
  {
    requirement: 'authorization-2025-11-25.insufficient-scope',
    revision: '2025-11-25',
    check: checks.insufficient,
  },
  {
    requirement: 'authorization-2025-11-25.inclusion-consistency',
    revision: '2025-11-25',
    check: checks.allScopes,
  },
  {
    requirement: 'authorization-2025-11-25.scopes-in-challenge',
    revision: '2025-11-25',
    check: checks.insufficient,
  },
  { requirement: 'authorization.conform', revision: '2026-07-28', check: checks.good },
  { requirement: 'authorization.metadata', revision: '2026-07-28', check: checks.metadata },
  { requirement: 'authorization.metadata-servers', revision: '2026-07-28', check: checks.servers },
  { requirement: 'authorization.token-requirements', revision: '2026-07-28', check: checks.header },
  { requirement: 'authorization.no-query-token', revision: '2026-07-28', check: checks.noQuery },
  { requirement: 'authorization.every-request', revision: '2026-07-28', check: checks.everyRequest },
  { requirement: 'authorization.token-validated', revision: '2026-07-28', check: checks.unsigned },
  { requirement: 'authorization.audience', revision: '2026-07-28', check: checks.audience },
  { requirement: 'authorization.error-handling', revision: '2026-07-28', check: checks.errorCodes },
  { requirement: 'authorization.invalid-401', revision: '2026-07-28', check: checks.expired },
  { requirement: 'authorization.invalid-401', revision: '2026-07-28', check: checks.garbage },
  { requirement: 'authorization.no-other-tokens', revision: '2026-07-28', check: checks.otherIssuer },
  { requirement: 'authorization.statuses', revision: '2026-07-28', check: checks.statuses },
  { requirement: 'authorization.audience-binding', revision: '2026-07-28', check: checks.noAudience },
  { requirement: 'authorization.restriction', revision: '2026-07-28', check: checks.expired },
  { requirement: 'authorization.oauth-validation', revision: '2026-07-28', check: checks.unsigned },
  { requirement: 'authorization.only-intended', revision: '2026-07-28', check: checks.audience },
  { requirement: 'authorization.secure-storage', revision: '2026-07-28', check: checks.storage },
  { requirement: 'authorization.https', revision: '2026-07-28', check: checks.https },
  { requirement: 'authorization.discovery', revision: '2026-07-28', check: checks.discovery },
  { requirement: 'authorization.scope-parameter', revision: '2026-07-28', check: checks.scopeParameter },
  { requirement: 'authorization.scope-consistency', revision: '2026-07-28', check: checks.allScopes },
  { requirement: 'authorization.resource-case', revision: '2026-07-28', check: checks.upperCase },
  { requirement: 'authorization.resource-slash', revision: '2026-07-28', check: checks.slash },
  { requirement: 'authorization.insufficient-scope', revision: '2026-07-28', check: checks.insufficient },
  { requirement: 'authorization.inclusion-consistency', revision: '2026-07-28', check: checks.allScopes },
  { requirement: 'authorization.scopes-in-challenge', revision: '2026-07-28', check: checks.insufficient },
  { requirement: 'authorization.only-own', revision: '2026-07-28', check: checks.audience },
  { requirement: 'authorization.no-offline-access', revision: '2026-07-28', check: checks.noOfflineAccess },
  { requirement: 'authorization.single-challenge', revision: '2026-07-28', check: checks.allScopes },
  { requirement: 'authorization.hierarchy', revision: '2026-07-28', check: checks.hierarchy },
  { requirement: 'authorization.security', revision: '2026-07-28', check: checks.noAudience },
  { requirement: 'rfc9728.well-known', revision: '2026-07-28', check: checks.metadata },
  { requirement: 'rfc9728.get', revision: '2026-07-28', check: checks.resourceServer },
  { requirement: 'rfc9728.response', revision: '2026-07-28', check: checks.resourceServer },
]

for (const { requirement, revision, check } of rows) {
  test(`${requirement} holds, as a client of ${revision} sees it: ${check.name}`, async (t) => {
    await check(await subject(t, revision), t)
  })
}

test('an empty list is no member of the metadata [rfc9728.no-empty-values]', async (t) => {
  const auth = protectedResource({
    resource: RESOURCE,
    authorizationServers: ['https://a.example'],
    token: () => undefined,
  })
  const { url } = await guarded(t, auth)
  const members = (await (await fetch(new URL(url).origin + PATH)).json()) as object
  assert.deepEqual(Object.keys(members), ['resource', 'authorization_servers', 'bearer_methods_supported'])
})
