/** The page for a person who opens the URL of a server in a browser: who gets it, and what stands on it. In a real browser: browser/page.test.ts. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { protectedResource } from '../src/auth/index.ts'
import { createFetchHandler } from '../src/fetch.ts'
import { createMcpHandler, McpServer, type ServeOptions, serve } from '../src/index.ts'
import { TestSession } from './helpers/wire.ts'
import { listenHono } from './web-http/carriers.ts'

/** As Chromium sends it when an address is typed. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

const open = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers: { accept: BROWSER, ...headers } })

function newServer(): McpServer {
  const server = new McpServer({ name: 'weather', version: '1.2.3', title: 'The weather' })
  server.registerTool('get_weather', { description: 'Current weather for a city' }, () => '')
  return server
}

async function serveIt(t: TestContext, options: ServeOptions = {}, server = newServer()) {
  const serving = await serve(server, { port: 0, ...options })
  t.after(() => serving.close({ drainMs: 0 }))
  return { ...serving, origin: `http://127.0.0.1:${serving.port}` }
}

/** What a reader sees, and copies. */
const visible = (html: string) =>
  html
    .slice(html.indexOf('<main>'))
    .replace(/<[^>]*>/g, '')
    .replaceAll('&quot;', '"')

test('a browser gets the page at the endpoint and at /, on node and fetch', async (t) => {
  const { origin } = await serveIt(t)
  const app = await listenHono(createFetchHandler(newServer()))
  t.after(() => app.close())
  for (const [url, endpoint] of [
    [`${origin}/mcp`, `${origin}/mcp`],
    [`${origin}/mcp/`, `${origin}/mcp`],
    [`${origin}/`, `${origin}/mcp`],
    [`${origin}/?utm=1`, `${origin}/mcp`],
    [app.url, app.url],
  ] as const) {
    const response = await open(url)
    assert.equal(response.status, 200, url)
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
    const text = visible(await response.text())
    for (const part of ['The weather', 'weather 1.2.3', 'get_weather', 'Current weather for a city']) {
      assert.ok(text.includes(part), `${part} in ${text}`)
    }
    assert.ok(text.includes(`"url": "${endpoint}"`), `${endpoint} in ${text}`)
    assert.ok(text.includes(`claude mcp add --transport http weather ${endpoint}\n`))
  }
})

test('the page allows no script, and says so; its style is the one that its policy names', async (t) => {
  const { url } = await serveIt(t)
  const { headers } = await open(url)
  const policy = headers.get('content-security-policy') ?? ''
  assert.match(
    policy,
    /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  )
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('referrer-policy'), 'no-referrer')
  assert.equal(headers.get('cache-control'), 'no-store')
})

test('what is no browser is answered as a client of MCP', async (t) => {
  const { origin, url } = await serveIt(t)
  for (const [target, init, status] of [
    [url, { headers: { accept: 'text/event-stream' } }, 405],
    [url, { headers: { accept: '*/*' } }, 405],
    [url, { headers: { accept: 'text/*' } }, 405],
    [url, { headers: { accept: 'text/html;q=0, */*' } }, 405],
    [url, { headers: { accept: 'text/html, text/event-stream' } }, 405],
    [url, { headers: { accept: BROWSER, 'mcp-session-id': 'unknown' } }, 404],
    [url, { headers: { accept: BROWSER }, method: 'DELETE' }, 400],
    [
      url,
      { headers: { accept: BROWSER, 'content-type': 'application/json' }, method: 'POST', body: '{' },
      400,
    ],
    [`${origin}/`, {}, 404],
    [`${origin}/`, { headers: { accept: BROWSER }, method: 'POST' }, 404],
    [`${origin}/other`, { headers: { accept: BROWSER } }, 404],
  ] as const) {
    const response = await fetch(target, init)
    assert.equal(response.status, status, `${target} ${JSON.stringify(init)}`)
    assert.equal(response.headers.get('content-type'), 'application/json')
    await response.arrayBuffer()
  }
  const session = await TestSession.open(url)
  const stream = await session.listen({ headers: { accept: 'text/html, */*' } }).catch((error) => error)
  assert.equal(stream.status, 200)
  await stream.close()
})

test('page: false answers a browser as it answers everybody', async (t) => {
  const { origin, url } = await serveIt(t, { page: false })
  assert.equal((await open(url)).status, 405)
  assert.equal((await open(`${origin}/`)).status, 404)
})

test('the page is refused where Host is, and shows a URL that a proxy knows only with trustProxy', async (t) => {
  const forwarded = {
    'x-forwarded-host': 'mcp.example.com',
    'x-forwarded-proto': 'https',
    'x-forwarded-prefix': '/tools',
  }
  const plain = await serveIt(t)
  assert.ok((await (await open(plain.url, forwarded)).text()).includes(`${plain.origin}/mcp`))
  const limited = await serveIt(t, { allowedHosts: ['mcp.example.com'] })
  assert.equal((await open(limited.url)).status, 403)
  const trusting = await serveIt(t, { allowedHosts: ['mcp.example.com'], trustProxy: true })
  const text = await (await open(trusting.url, forwarded)).text()
  assert.ok(visible(text).includes('"url": "https://mcp.example.com/tools/mcp"'))
})

test('with auth the page needs no token and lists no tools', async (t) => {
  const auth = protectedResource({
    resource: 'https://mcp.example.com/mcp',
    authorizationServers: ['https://auth.example.com'],
    token: () => undefined,
  })
  for (const option of [auth, { verify: () => undefined }]) {
    const { url } = await serveIt(t, { auth: option })
    const response = await open(url)
    assert.equal(response.status, 200)
    const text = visible(await response.text())
    assert.ok(text.includes('The weather') && text.includes('credentials'), text)
    assert.ok(!text.includes('get_weather'))
    assert.equal((await fetch(url, { headers: { accept: 'text/event-stream' } })).status, 401)
  }
})

test('tools that are disabled or decide who sees them are not on the page, and of very many the first ones', async (t) => {
  const server = newServer()
  server.registerTool('off', {}, () => '').disable()
  server.registerTool('for_some', { visible: () => true }, () => '')
  const { url } = await serveIt(t, {}, server)
  const few = visible(await (await open(url)).text())
  assert.ok(few.includes('get_weather') && !few.includes('off\n') && !few.includes('for_some'))
  assert.ok(!few.includes('more'))
  for (let i = 0; i < 150; i += 1) {
    server.registerTool(`tool-${i}`, { description: 'x'.repeat(10_000) }, () => '')
  }
  const many = await (await open(url)).text()
  assert.ok(many.includes('tool-98<') && !many.includes('tool-99<') && many.includes('and 51 more'))
  assert.ok(many.length < 50_000)
})

test('nothing that a server or a request says becomes markup or a command', async (t) => {
  const evil = `"><script>alert(1)</script><img src=x onerror='alert(1)'>&amp;`
  const server = new McpServer({
    name: `w; rm -rf ~ ${evil}`,
    version: evil,
    title: evil,
    description: evil,
    websiteUrl: 'javascript:alert(1)',
  })
  server.registerTool('plain', { title: evil, description: evil }, () => '')
  const handler = createMcpHandler(server, { allowedHosts: ['*'] })
  const app = createServer(handler)
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    await handler.close({ drainMs: 0 })
    app.close()
  })
  const origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  const html = await (await open(`${origin}/mcp`)).text()
  assert.doesNotMatch(html, /<(script|img|iframe|form|object|base)\b|javascript:|\bon\w+=['"]/i)
  assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/)
  assert.match(html, /--transport http w[\w-]+ http:\/\/127\.0\.0\.1:\d+\/mcp\n/)
  // An address with characters of a shell is not shown, so that nobody copies it.
  for (const path of ['/mcp;id', '/$(id)', '/a&b', '/a%22b', "/a'b"]) {
    const text = await (await open(`${origin}${path}`)).text()
    assert.ok(text.includes('the address of this page'), path)
    assert.ok(!text.includes('claude mcp'))
  }
})

test('a website is a link when it is one of the web', async (t) => {
  const server = new McpServer({ name: 'a', version: '1', websiteUrl: 'https://example.com/?a=1&b="' })
  const { url } = await serveIt(t, {}, server)
  assert.match(
    await (await open(url)).text(),
    /<a rel="noopener noreferrer" href="https:\/\/example\.com\/\?a=1&amp;b=&quot;">/,
  )
})
