/** `discover`: where metadata is looked for and in which order, and which addresses are not asked. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { type DiscoveryOptions, discover, resourceMetadataUrls } from '../../../src/client/oauth/discovery.ts'
import { metadataUrls } from '../../../src/client/oauth/server-metadata.ts'
import { metadata } from './scripted-server.ts'

const PRM = '/.well-known/oauth-protected-resource'
const AS = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'

/** An internet with these documents and nothing else: status 404, or what a number says. */
function internet(documents: Readonly<Record<string, unknown>>) {
  const asked: string[] = []
  const headers: Headers[] = []
  const fetch = async (url: string | URL, init: RequestInit): Promise<Response> => {
    const { href } = new URL(url)
    asked.push(href)
    headers.push(new Headers(init.headers))
    const found = documents[href]
    if (typeof found === 'number') return new Response(null, { status: found })
    if (typeof found === 'string') return new Response(found, { headers: { 'content-type': 'text/html' } })
    return found === undefined ? new Response(null, { status: 404 }) : Response.json(found)
  }
  return { asked, headers, fetch }
}

function find(documents: Readonly<Record<string, unknown>>, more: Partial<DiscoveryOptions> = {}) {
  const { asked, headers, fetch } = internet(documents)
  const found = discover({
    http: { fetch, timeoutMs: 1000 },
    serverUrl: 'https://mcp.example/a/mcp',
    refusePrivateAddresses: false,
    signal: new AbortController().signal,
    ...more,
  })
  return { asked, headers, found }
}

const resource = (issuer: string, more: object = {}) => ({
  resource: 'https://mcp.example/a/mcp',
  authorization_servers: [issuer],
  ...more,
})
const code = (expected: string) => (error: unknown) => (error as { code?: unknown }).code === expected

test('resourceMetadataUrls: the path, then the root', () => {
  const at = (url: string) => resourceMetadataUrls(new URL(url)).map(({ href }) => href)
  deepEqual(at('https://x.example/a/mcp'), [`https://x.example${PRM}/a/mcp`, `https://x.example${PRM}`])
  deepEqual(at('https://x.example/mcp?t=1'), [`https://x.example${PRM}/mcp?t=1`, `https://x.example${PRM}`])
  deepEqual(at('https://x.example'), [`https://x.example${PRM}`])
})

test('metadataUrls: the order for issuers with and without a path', () => {
  const at = (issuer: string) => metadataUrls(new URL(issuer)).map(({ href }) => href)
  deepEqual(at('https://auth.example'), [`https://auth.example${AS}`, `https://auth.example${OPENID}`])
  for (const issuer of ['https://auth.example/t1', 'https://auth.example/t1/']) {
    deepEqual(at(issuer), [
      `https://auth.example${AS}/t1`,
      `https://auth.example${OPENID}/t1`,
      `https://auth.example/t1${OPENID}`,
    ])
  }
})

test('discover asks at the path, then at the root, then the three places of the issuer', async () => {
  const issuer = 'https://auth.example/t1'
  const { asked, found } = find({
    [`https://mcp.example${PRM}`]: resource(issuer, {
      resource: 'https://mcp.example',
      scopes_supported: ['a', 1, 'b'],
    }),
    // A page for every path, as single-page applications have, is no metadata.
    [`https://auth.example${AS}/t1`]: '<html>',
    [`https://auth.example/t1${OPENID}`]: metadata(issuer),
  })
  const { server, resource: named, scopes } = await found
  equal(server.issuer, issuer)
  equal(named, 'https://mcp.example')
  deepEqual(scopes, ['a', 'b'])
  deepEqual(asked, [
    `https://mcp.example${PRM}/a/mcp`,
    `https://mcp.example${PRM}`,
    `https://auth.example${AS}/t1`,
    `https://auth.example${OPENID}/t1`,
    `https://auth.example/t1${OPENID}`,
  ])
})

test('discover asks where the challenge says, and nowhere else', async () => {
  const resourceMetadataUrl = 'https://meta.example/custom.json'
  const documents = {
    [resourceMetadataUrl]: resource('https://auth.example'),
    [`https://auth.example${AS}`]: metadata('https://auth.example'),
  }
  const { asked, found } = find(documents, { resourceMetadataUrl })
  await found
  deepEqual(asked, [resourceMetadataUrl, `https://auth.example${AS}`])
  const missing = find(
    { [`https://mcp.example${PRM}`]: resource('https://auth.example') },
    { resourceMetadataUrl },
  )
  await rejects(missing.found, code('ERR_AUTH_DISCOVERY'))
  deepEqual(missing.asked, [resourceMetadataUrl])
})

test('discover without metadata of the resource: the host itself, as in 2025-03-26', async () => {
  const described = find({ [`https://mcp.example${AS}`]: metadata('https://mcp.example') })
  const { server, resource: named } = await described.found
  equal(server.tokenEndpoint, 'https://mcp.example/token')
  equal(server.isDescribed, true)
  equal(named, 'https://mcp.example/a/mcp')
  equal(described.asked.at(-1), `https://mcp.example${AS}`)
  equal(described.headers.at(-1)?.get('mcp-protocol-version'), '2025-03-26')

  const bare = await find({}).found
  equal(bare.server.authorizationEndpoint, 'https://mcp.example/authorize')
  equal(bare.server.registrationEndpoint, 'https://mcp.example/register')
  equal(bare.server.isDescribed, false)

  await rejects(
    find({ [`https://mcp.example${AS}`]: metadata('https://other.example') }).found,
    code('ERR_AUTH_DISCOVERY'),
  )
})

test('discover does not take a server that fails for one without metadata', async () => {
  for (const status of [500, 503, 429]) {
    const { asked, found } = find({ [`https://mcp.example${PRM}/a/mcp`]: status })
    await rejects(found, code('ERR_AUTH_DISCOVERY'))
    equal(asked.includes(`https://mcp.example${AS}`), false)
  }
})

test('discover chooses the authorization server of the credentials, of earlier tokens, or the first', async () => {
  const [a, b] = ['https://a.example', 'https://b.example']
  const documents = {
    [`https://mcp.example${PRM}/a/mcp`]: { ...resource(a), authorization_servers: [a, b] },
    [`${a}${AS}`]: metadata(a),
    [`${b}${AS}`]: metadata(b),
  }
  equal((await find(documents).found).server.issuer, a)
  equal((await find(documents, { preferredIssuer: b }).found).server.issuer, b)
  equal((await find(documents, { preferredIssuer: 'https://gone.example' }).found).server.issuer, a)
  equal((await find(documents, { issuer: b }).found).server.issuer, b)
  await rejects(find(documents, { issuer: 'https://c.example' }).found, code('ERR_AUTH_DISCOVERY'))
})

test('discover: an application that named the issuer needs no metadata of the resource', async () => {
  const issuer = 'https://auth.example'
  const { found } = find({ [`${issuer}${AS}`]: metadata(issuer) }, { issuer })
  equal((await found).server.issuer, issuer)
})

for (const target of [
  'http://auth.example',
  'http://169.254.169.254',
  'file:///etc/passwd',
  'https://user@auth.example',
  'https://:pw@auth.example',
  'http://127.0.0.1:8080',
  'https://localhost',
  'https://[::1]',
  'http://0x7f.1',
]) {
  test(`discover does not let a public server lead to ${target}`, async () => {
    const asAuthorizationServer = find({ [`https://mcp.example${PRM}/a/mcp`]: resource(target) })
    await rejects(asAuthorizationServer.found, code('ERR_AUTH_URL'))
    deepEqual(asAuthorizationServer.asked, [`https://mcp.example${PRM}/a/mcp`])
    const asMetadata = find({}, { resourceMetadataUrl: `${target}/x` })
    await rejects(asMetadata.found, code('ERR_AUTH_URL'))
    deepEqual(asMetadata.asked, [])
  })
}

test('discover: a server on this machine may name others there; one without https elsewhere has no tokens at all', async () => {
  const serverUrl = 'http://localhost:3000/mcp'
  const issuer = 'http://127.0.0.1:4000'
  const local = find(
    {
      [`http://localhost:3000${PRM}/mcp`]: { resource: serverUrl, authorization_servers: [issuer] },
      [`${issuer}${AS}`]: metadata(issuer),
    },
    { serverUrl },
  )
  equal((await local.found).server.issuer, issuer)
  await rejects(find({}, { serverUrl: 'http://10.0.0.5/mcp' }).found, code('ERR_AUTH_URL'))
})

for (const host of [
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '[fd00::1]',
  '[fe80::1]',
  '[::ffff:10.0.0.1]',
  'printer.local',
  'db.internal',
]) {
  test(`discover with refusePrivateAddresses does not ask ${host}`, async () => {
    const documents = { [`https://mcp.example${PRM}/a/mcp`]: resource(`https://${host}`) }
    const { asked, found } = find(documents, { refusePrivateAddresses: true })
    await rejects(found, code('ERR_AUTH_URL'))
    equal(asked.length, 1)
    // Without the option it is asked, and has no metadata.
    await rejects(find(documents).found, code('ERR_AUTH_DISCOVERY'))
  })
}
