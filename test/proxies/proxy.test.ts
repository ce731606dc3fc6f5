/** What a server makes of the headers of a proxy: trustProxy, and the hints of refusals without it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFetchHandler, McpServer } from '../../src/fetch.ts'
import { serve } from '../../src/index.ts'
import { httpText, initializeText, start } from '../conversations/running-server.ts'
import { post, raw } from '../helpers/wire.ts'
import { initializeRequest } from '../web-http/request.ts'

const HOST = 'mcp.example.com'
const allowedHosts = [HOST]

type Headers = Parameters<typeof httpText>[0] extends infer R | undefined ? NonNullable<R> : never

async function ask(port: number, headers: NonNullable<Headers['headers']>) {
  const reply = await raw(port, httpText({ headers, body: initializeText }))
  const { message = '' } = JSON.parse(reply.body).error ?? {}
  return { status: reply.status, message }
}

test('trustProxy checks the last X-Forwarded-Host in the place of Host', async (t) => {
  const { port } = await start(t, { allowedHosts, trustProxy: true })
  const cases: readonly (readonly [string, string | readonly string[] | undefined, number])[] = [
    ['127.0.0.1:3000', HOST, 200],
    ['127.0.0.1:3000', `${HOST}:8443`, 200],
    ['127.0.0.1:3000', ` ${HOST} `, 200],
    // What the client sent is before what the proxy has added, on one line or on another.
    ['127.0.0.1:3000', `evil.example, ${HOST}`, 200],
    ['127.0.0.1:3000', ['evil.example', HOST], 200],
    ['127.0.0.1:3000', `${HOST}, evil.example`, 403],
    [HOST, 'evil.example', 403],
    [HOST, '', 403],
    [HOST, 'a b', 403],
    // A proxy that passes on Host need not say it again.
    [HOST, undefined, 200],
    ['127.0.0.1:3000', undefined, 403],
  ]
  for (const [host, forwarded, status] of cases) {
    const reply = await ask(port, { host, 'x-forwarded-host': forwarded })
    assert.equal(reply.status, status, `${host} ${forwarded}: ${reply.message}`)
  }
  const { message } = await ask(port, { host: HOST, 'x-forwarded-host': 'evil.example' })
  assert.match(message, /^The X-Forwarded-Host header "evil\.example" is not allowed: .*allowedHosts option$/)
})

test('trustProxy compares an Origin with the forwarded host', async (t) => {
  const { port } = await start(t, { allowedHosts, trustProxy: true })
  const headers = { host: '127.0.0.1:3000', 'x-forwarded-host': HOST }
  assert.equal((await ask(port, { ...headers, origin: `https://${HOST}` })).status, 200)
  assert.equal((await ask(port, { ...headers, origin: 'https://evil.example' })).status, 403)
})

test('without trustProxy, X-Forwarded-Host allows nothing, and a refusal says what to change', async (t) => {
  const { port } = await start(t, { allowedHosts })
  const forwarded = { 'x-forwarded-host': HOST }
  const cases: readonly (readonly [NonNullable<Headers['headers']>, RegExp])[] = [
    [
      { host: '10.0.0.7', ...forwarded },
      /allowedHosts option\. A proxy says that its client asked for "mcp\.example\.com": let .* the trustProxy option/,
    ],
    [{ host: '10.0.0.7', 'x-forwarded-for': '192.0.2.1' }, /allowedHosts option\. If a proxy is in front/],
    [{ host: '10.0.0.7', via: '1.1 cdn' }, /allowedHosts option\. If a proxy is in front/],
    // As nginx sends it to a server on this machine when it is told nothing.
    [{ host: '127.0.0.1:3000' }, /allowedHosts option\. If a proxy is in front/],
    [{ host: 'evil.example' }, /allowedHosts option$/],
  ]
  for (const [headers, message] of cases) {
    const reply = await ask(port, headers)
    assert.equal(reply.status, 403)
    assert.match(reply.message, message)
  }
  assert.equal((await ask(port, { host: HOST, 'x-forwarded-host': 'evil.example' })).status, 200)
})

test('a refused Origin says nothing of proxies where there is none', async (t) => {
  const { port } = await start(t)
  const { message } = await ask(port, { host: `localhost:${port}`, origin: 'https://evil.example' })
  assert.match(message, /allowedOrigins option$/)
})

test('a refused Origin behind a proxy that does not pass on Host says what to change', async (t) => {
  // Host is the server's own name then, which is allowed by default; the page comes from the public one.
  const { port } = await start(t)
  const headers = { host: '127.0.0.1:3000', origin: `https://${HOST}`, 'x-forwarded-host': HOST }
  const { status, message } = await ask(port, headers)
  assert.equal(status, 403)
  assert.match(
    message,
    /"https:\/\/mcp\.example\.com" is not allowed.*allowedOrigins option\. A proxy says .*trustProxy/,
  )
})

test('a fetch handler trusts a proxy in the same way', async (t) => {
  const server = new McpServer({ name: 'proxied', version: '1.0.0' })
  const handler = createFetchHandler(server, { allowedHosts, trustProxy: true })
  t.after(() => handler.close({ drainMs: 0 }))
  const status = async (headers: Record<string, string>) =>
    (await handler(initializeRequest({ headers }))).status
  assert.equal(await status({ 'x-forwarded-host': HOST }), 200)
  assert.equal(await status({ 'x-forwarded-host': 'evil.example' }), 403)
  assert.equal(await status({}), 403)
})

test('trustProxy and page must be booleans, and other words for them are recognised', async () => {
  const server = new McpServer({ name: 'proxied', version: '1.0.0' })
  for (const name of ['trustProxy', 'page']) {
    for (const value of [1, 'true', null, {}]) {
      const options = { [name]: value } as never
      assert.throws(() => createFetchHandler(server, options), {
        name: 'TypeError',
        message: new RegExp(`^${name} must be of type boolean; got `),
      })
      await assert.rejects(serve(server, options), { name: 'TypeError' })
    }
  }
  await assert.rejects(serve(server, { behindProxy: true } as never), /"behindProxy".*trustProxy/)
})

test('the documents of a protected resource say nothing of a request, whatever a proxy says', async (t) => {
  const { protectedResource } = await import('../../src/auth/index.ts')
  const auth = protectedResource({
    resource: 'https://mcp.example.com/mcp',
    authorizationServers: ['https://auth.example.com'],
    token: () => undefined,
  })
  const { url, port } = await start(t, { auth, trustProxy: true, allowedHosts })
  const forwarded = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
  const target = '/.well-known/oauth-protected-resource/mcp'
  const document = await raw(port, httpText({ method: 'GET', target, headers: forwarded }))
  assert.equal(JSON.parse(document.body).resource, 'https://mcp.example.com/mcp')
  const { status, headers } = await post(url, initializeText, { 'x-forwarded-host': HOST })
  assert.equal(status, 401)
  assert.match(String(headers['www-authenticate']), /"https:\/\/mcp\.example\.com\/\.well-known/)
})
