/** Pages of another origin as clients, in Chromium: what CORS and its preflights let through, in both eras. */

import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type Refusal, type ServeOptions, serve } from '../../src/index.ts'
import { createFixture } from '../fixture/definition.ts'
import { needs } from '../helpers/needs.ts'
import type { WireJson } from '../helpers/wire.ts'
import { openBrowser, openPage } from './browser.ts'
import { servePages } from './clients.ts'

const REVISIONS = ['2025-11-25', '2026-07-28'] as const

describe('a page of another origin', { ...needs('chromium'), timeout: 180_000 }, () => {
  const closing: (() => unknown)[] = []
  let browser: Browser
  let origin: string
  let pages: number
  before(async () => {
    const keep = { after: (close: () => unknown) => void closing.push(close) }
    pages = await servePages(keep as TestContext)
    origin = `http://app.example:${pages}`
    // As a page over https, which has more of the web's functions.
    browser = await openBrowser(keep as TestContext, [`--unsafely-treat-insecure-origin-as-secure=${origin}`])
  })
  after(async () => {
    for (const close of closing) await close()
  })

  /** A server that allows the page, and the page. */
  async function open(t: TestContext, options: ServeOptions = {}) {
    const serving = await serve(createFixture(), {
      port: 0,
      allowedOrigins: [origin],
      replay: { retryMs: 10 },
      ...options,
    })
    const page = await openPage(browser)
    t.after(async () => {
      await page.context().close()
      await serving.close({ drainMs: 0 })
    })
    await page.goto(origin)
    return { page, serving, url: serving.url }
  }

  for (const revision of REVISIONS) {
    test(`lists, calls with progress, and elicits with barewire/client, ${revision}`, async (t) => {
      const { page, url } = await open(t)
      const seen = await page.evaluate(
        async ([url, revision]) => {
          const client = await barewire.connect(url, {
            revision,
            onElicit: () => ({ action: 'accept', content: { username: 'ada', email: 'ada@example.com' } }),
          })
          const names: string[] = []
          for await (const { name } of client.tools()) names.push(name)
          const progress: number[] = []
          const onProgress = ({ progress: value }: { progress: number }) => void progress.push(value)
          const called = await client.callTool('test_tool_with_progress', {}, { onProgress })
          const elicited = await client.callTool('test_elicitation', { message: 'Who are you?' })
          const read = await client.readResource('test://static-text')
          await client.close()
          return { names, progress, called, elicited, read, revision: client.revision }
        },
        [url, revision] as const,
      )
      assert.equal(seen.revision, revision)
      assert.ok(seen.names.includes('test_tool_with_progress'))
      assert.deepEqual(seen.progress, [0, 50, 100])
      assert.deepEqual(seen.called.content, [
        { type: 'text', text: 'Tool with progress executed successfully' },
      ])
      assert.match(JSON.stringify(seen.elicited.content), /ada@example\.com/)
      assert.equal(seen.read.contents[0]?.uri, 'test://static-text')
    })
  }

  for (const mode of ['legacy', 'auto'] as const) {
    test(`lists, calls with progress, and elicits with the official client, ${mode}`, async (t) => {
      const { page, url } = await open(t)
      const seen = await page.evaluate(
        async ([url, mode]) => {
          const { Client, StreamableHTTPClientTransport } = official
          const client = new Client(
            { name: 'page', version: '1.0.0' },
            { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
          )
          client.setRequestHandler('elicitation/create', () => ({
            action: 'accept' as const,
            content: { username: 'ada', email: 'ada@example.com' },
          }))
          await client.connect(new StreamableHTTPClientTransport(new URL(url)))
          const { tools } = await client.listTools()
          const progress: number[] = []
          const onprogress = ({ progress: value }: { progress: number }) => void progress.push(value)
          const called = await client.callTool(
            { name: 'test_tool_with_progress', arguments: {} },
            { onprogress },
          )
          const elicited = await client.callTool({
            name: 'test_elicitation',
            arguments: { message: 'Who are you?' },
          })
          await client.close()
          return { names: tools.map(({ name }) => name), progress, called, elicited }
        },
        [url, mode] as const,
      )
      assert.ok(seen.names.includes('test_tool_with_progress'))
      assert.deepEqual(seen.progress, [0, 50, 100])
      assert.match(JSON.stringify(seen.called), /executed successfully/)
      assert.match(JSON.stringify(seen.elicited), /ada@example\.com/)
    })
  }

  test('resumes a call whose connection the server has ended, and one whose connection broke', async (t) => {
    const { page, url, serving } = await open(t)
    const ended = await page.evaluate(async (url) => {
      const client = await barewire.connect(url, { revision: '2025-11-25' })
      Object.assign(globalThis, { client })
      return await client.callTool('test_reconnection')
    }, url)
    assert.match(JSON.stringify(ended.content), /Reconnection test completed successfully/)
    const breakAll = () => serving.server.closeAllConnections()
    await page.exposeFunction('breakAll', breakAll)
    const broken = await page.evaluate(async () => {
      const { client, breakAll } = globalThis as unknown as {
        client: Awaited<ReturnType<typeof barewire.connect>>
        breakAll: () => Promise<void>
      }
      const progress: number[] = []
      const result = await client.callTool(
        'test_tool_with_progress',
        {},
        {
          onProgress: ({ progress: value }) => {
            progress.push(value)
            if (value === 0) void breakAll()
          },
        },
      )
      return { progress, content: result.content }
    })
    assert.match(JSON.stringify(broken.content), /executed successfully/)
    assert.deepEqual(broken.progress, [0, 50, 100])
  })

  test('sends the headers of both eras, and reads the exposed ones', async (t) => {
    const auth = { verify: (token: string) => (token === 'good' ? { id: 'ada' } : undefined) }
    const { page, url } = await open(t, { auth })
    const preflights: { readonly [name: string]: string }[] = []
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Network.enable')
    devtools.on('Network.requestWillBeSent', ({ request }) => {
      if (request.method === 'OPTIONS') preflights.push(request.headers)
    })
    const seen = await page.evaluate(async (url) => {
      const send = async (headers: Record<string, string>, message: object) => {
        const common = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...message })
        const response = await fetch(url, { method: 'POST', headers: { ...common, ...headers }, body })
        const { status } = response
        return {
          status,
          headers: Object.fromEntries(response.headers),
          json: (await response.json()) as WireJson,
        }
      }
      const token = { authorization: 'Bearer good' }
      const prefix = 'io.modelcontextprotocol/'
      return {
        stranger: await send({}, { method: 'ping' }),
        initialize: await send(token, {
          method: 'initialize',
          params: {
            protocolVersion: '2025-11-25',
            capabilities: {},
            clientInfo: { name: 'page', version: '1' },
          },
        }),
        parameter: await send(
          {
            ...token,
            'mcp-protocol-version': '2026-07-28',
            'mcp-method': 'tools/call',
            'mcp-name': 'test_x_mcp_header',
            'mcp-param-region': 'eu',
          },
          {
            method: 'tools/call',
            params: {
              name: 'test_x_mcp_header',
              arguments: { region: 'eu', query: 'q' },
              _meta: {
                [`${prefix}protocolVersion`]: '2026-07-28',
                [`${prefix}clientInfo`]: { name: 'page', version: '1' },
                [`${prefix}clientCapabilities`]: {},
              },
            },
          },
        ),
      }
    }, url)
    assert.equal(seen.stranger.status, 401)
    assert.match(seen.stranger.headers['www-authenticate'] ?? '', /^Bearer/)
    assert.equal(seen.stranger.json.error.message, 'A bearer token is required')
    assert.equal(seen.initialize.status, 200)
    assert.ok((seen.initialize.headers['mcp-session-id'] ?? '').length > 20)
    assert.equal(seen.parameter.status, 200, JSON.stringify(seen.parameter))
    assert.ok(seen.parameter.json.result.content.length > 0)
    const asked = preflights.map((headers) => headers['Access-Control-Request-Headers'])
    assert.ok(
      asked.some((names) => names?.includes('mcp-param-region')),
      JSON.stringify(preflights),
    )
  })

  test('is refused when its origin is not allowed: the page reads nothing, the server says what to do', async (t) => {
    const refusals: Refusal[] = []
    const { page, url } = await open(t, { onRejected: (refusal) => refusals.push(refusal) })
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const errors: string[] = []
    page.on('console', (message) => errors.push(message.text()))
    await page.goto(`http://other.example:${pages}`)
    const message = await page.evaluate(
      (url) =>
        barewire.connect(url).then(
          () => 'connected',
          (error: Error) => error.message,
        ),
      url,
    )
    assert.match(message, /cannot be reached|could not|failed/i)
    assert.ok(
      errors.some((text) => /blocked by CORS policy/.test(text)),
      errors.join('\n'),
    )
    const expected = `The Origin header "http://other.example:${pages}" is not allowed: if this page may call, add it to the allowedOrigins option`
    assert.equal(refusals[0]?.error.message, expected)
    assert.ok((await warned).message.startsWith(expected))
  })

  test('on a name that was rebound to this machine gets 403, which says what to do', async (t) => {
    const { page, serving } = await open(t)
    const response = await page.goto(`http://rebound.example:${serving.port}/mcp`)
    assert.equal(response?.status(), 403)
    assert.match(
      (await response?.text()) ?? '',
      /The Host header \\"rebound\.example:\d+\\" is not allowed: .* allowedHosts option/,
    )
  })
})

describe('a page of the internet', { ...needs('chromium'), timeout: 120_000 }, () => {
  test('may call a server on a private address, once its user allows it', async (t) => {
    const pages = await servePages(t)
    const origin = `http://app.example:${pages}`
    const serving = await serve(createFixture(), { port: 0, allowedOrigins: [origin] })
    t.after(() => serving.close({ drainMs: 0 }))
    // What comes from the pages' server counts as the internet; only secure pages may ask for a private address.
    const browser = await openBrowser(t, [
      `--ip-address-space-overrides=127.0.0.1:${pages}=public`,
      `--unsafely-treat-insecure-origin-as-secure=${origin}`,
    ])
    const call = async (page: Page) => {
      await page.goto(origin)
      return await page.evaluate(async (url) => {
        const client = await barewire.connect(url)
        return (await client.callTool('test_simple_text')).content
      }, serving.url)
    }
    const granted = await openPage(browser)
    await granted.context().grantPermissions(['local-network-access'], { origin })
    assert.deepEqual(await call(granted), [
      { type: 'text', text: 'This is a simple text response for testing.' },
    ])
    const denied = await openPage(browser)
    const devtools = await browser.newBrowserCDPSession()
    await devtools.send('Browser.setPermission', {
      permission: { name: 'local-network-access' },
      setting: 'denied',
      origin,
    })
    await assert.rejects(call(denied))
  })
})
