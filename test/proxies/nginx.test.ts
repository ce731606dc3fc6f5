/** Behind a real nginx, as Debian has it, with what it does by default. Options for servers behind any proxy: proxy.test.ts. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { describe, type TestContext, test } from 'node:test'
import { createGunzip } from 'node:zlib'
import { createFetchHandler } from '../../src/fetch.ts'
import { serve } from '../../src/index.ts'
import { needs } from '../helpers/needs.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { post, TestSession } from '../helpers/wire.ts'
import { within } from '../helpers/within.ts'
import { connections, streams, wholeAnswers } from '../interop/portable-checks.ts'
import { createPortableServer } from '../interop/portable-server.ts'
import { listenHono } from '../web-http/carriers.ts'
import { startNginx } from './nginx.ts'
import { startStepping } from './stepping.ts'

const meta = { progressToken: 't' }
const steps = { name: 'steps', arguments: {} }

/** What the recipe says, for a server on this port. */
const recipe = (port: number) => `
  location /mcp {
    proxy_pass http://127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Host $host;
  }`

/** Nothing but the one directive without which it would be no proxy. */
const bare = (port: number) => `location /mcp { proxy_pass http://127.0.0.1:${port}; }`

async function checkAll(t: TestContext, url: string, without?: string): Promise<void> {
  // Pieces of nginx end anywhere, so what reads a socket by itself is not among these.
  const leaves = 'a stateless call whose client leaves is aborted'
  for (const [title, check] of Object.entries({
    ...wholeAnswers,
    ...streams,
    [leaves]: connections[leaves],
  })) {
    if (title === without) continue
    await t.test(title, () => check?.(url))
  }
}

describe('behind nginx', { ...needs('nginx', 'openssl'), timeout: 120_000 }, () => {
  for (const [name, block] of Object.entries({
    'the documented configuration': recipe,
    'proxy_pass alone': bare,
  })) {
    test(`everything that is portable works with ${name}`, async (t) => {
      const serving = await serve(createPortableServer(), { port: 0 })
      t.after(() => serving.close({ drainMs: 0 }))
      const { origin } = await startNginx(t, { server: block(serving.port) })
      await checkAll(t, `${origin}/mcp`)
    })

    test(`progress arrives before the next message is sent, in both eras, with ${name}`, async (t) => {
      const stepping = await startStepping(t)
      const { origin } = await startNginx(t, { server: block(stepping.port) })
      const url = `${origin}/mcp`
      const taken: number[] = []
      const session = await TestSession.open(url)
      const stateless = new StatelessClient(url)
      for (const client of [session, stateless]) {
        const stream = await client.stream('tools/call', steps, { meta })
        for (const expected of [1, 2, 3]) {
          // The tool waits: what nginx kept back until there is more would never come.
          const { params } = await stream.nextMessage()
          taken.push(performance.now() - stepping.sentAt)
          assert.equal(params.progress, expected)
          stepping.go()
        }
        assert.deepEqual((await stream.nextMessage()).result.content, [{ type: 'text', text: 'done' }])
        assert.equal((await stream.end()).complete, true)
      }
      t.diagnostic(`milliseconds from sending to arrival: ${taken.map((each) => each.toFixed(1)).join(' ')}`)
    })
  }

  test('everything that is portable works on a fetch handler in Hono', async (t) => {
    const app = await listenHono(createFetchHandler(createPortableServer()))
    t.after(() => app.close())
    const { origin } = await startNginx(t, { server: recipe(Number(new URL(app.url).port)) })
    // Hono's server closes the connection under a body that nobody reads, and nginx may then answer 502.
    await checkAll(t, `${origin}/mcp`, 'a request that is refused before its body is read is answered')
  })

  test('a client that reads nothing for a while loses no message', async (t) => {
    const serving = await serve(createPortableServer(), { port: 0 })
    t.after(() => serving.close({ drainMs: 0 }))
    const { origin } = await startNginx(t, { server: recipe(serving.port) })
    const client = new StatelessClient(`${origin}/mcp`)
    const count = 20_000
    const stream = await client.stream('tools/call', { name: 'progress', arguments: { count } }, { meta })
    stream.pause()
    await client.call('echo')
    stream.resume()
    assert.equal((await stream.end()).complete, true)
    const values = stream.messages.slice(0, -1).map(({ params }) => params.progress)
    assert.deepEqual(
      values,
      Array.from({ length: count }, (_, i) => i + 1),
    )
  })

  test('with gzip, events arrive one by one, compressed', async (t) => {
    const { port, go } = await startStepping(t)
    const gzip = 'gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;'
    const { origin } = await startNginx(t, { server: `${gzip} ${recipe(port)}` })
    const client = new StatelessClient(`${origin}/mcp`, { headers: { 'accept-encoding': 'gzip' } })
    const message = client.message('tools/call', steps, { meta })
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const request = httpRequest(`${origin}/mcp`, {
      method: 'POST',
      agent: false,
      headers: { ...headers, ...(client.headers(message) as Record<string, string>) },
    })
    request.end(JSON.stringify(message))
    const [response] = await within(once(request, 'response'), () => 'the head of the answer')
    assert.equal(response.headers['content-encoding'], 'gzip')
    const text = response.pipe(createGunzip()).setEncoding('utf8')
    let received = ''
    for (const expected of [1, 2, 3]) {
      while (!received.includes(`"progress":${expected},`)) {
        received += (await within(once(text, 'data'), () => `progress ${expected}`))[0]
      }
      go()
    }
    while (!received.includes('"text":"done"')) received += (await once(text, 'data'))[0]
    // A whole answer too.
    const echo = client.message('tools/call', { name: 'echo', arguments: {} })
    const whole = await post(`${origin}/mcp`, echo, {
      ...client.headers(echo),
      'accept-encoding': 'identity',
    })
    assert.equal(whole.json.result.content[0].text, 'echo')
  })

  test('with TLS and HTTP/2 towards the client, events arrive one by one, and RST_STREAM cancels the call', async (t) => {
    const stepping = await startStepping(t)
    const { origin, certificate } = await startNginx(t, { server: recipe(stepping.port), tls: true })
    const session = connectHttp2(origin, { ca: certificate })
    t.after(() => session.destroy())
    await within(once(session, 'connect'), () => 'HTTP/2 with nginx')
    const client = new StatelessClient(`${origin}/mcp`)
    const message = client.message('tools/call', steps, { meta })
    const stream = session.request({
      ':method': 'POST',
      ':path': '/mcp',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...client.headers(message),
    })
    stream.setEncoding('utf8').end(JSON.stringify(message))
    const [head] = await within(once(stream, 'response'), () => 'the head of the answer')
    assert.equal(head[':status'], 200)
    let received = ''
    for (const expected of [1, 2]) {
      while (!received.includes(`"progress":${expected},`)) {
        received += (await within(once(stream, 'data'), () => `progress ${expected}`))[0]
      }
      if (expected === 1) stepping.go()
    }
    assert.equal(stepping.abortions, 0)
    stream.close()
    await stepping.aborted()
  })

  test('a client that disconnects cancels its call: stateless at once, with a session after disconnectGraceMs', async (t) => {
    const stepping = await startStepping(t, { disconnectGraceMs: 10 })
    const { origin } = await startNginx(t, { server: recipe(stepping.port) })
    const stream = await new StatelessClient(`${origin}/mcp`).stream('tools/call', steps, { meta })
    await stream.nextMessage()
    assert.equal(stepping.abortions, 0)
    await stream.destroy()
    await stepping.aborted()
    const session = await TestSession.open(`${origin}/mcp`)
    const call = await session.stream('tools/call', steps, { meta })
    await call.nextMessage()
    assert.equal(stepping.abortions, 1)
    await call.close()
    while (stepping.abortions < 2) await session.request('ping')
  })

  test('GET streams live longer than proxy_read_timeout by their comments, and end without', async (t) => {
    const limited = (port: number) => recipe(port).replace('proxy_pass', 'proxy_read_timeout 2s; proxy_pass')
    // 100 to 2000, as 3 to the 60 seconds of the default; keepAliveMs is 15 s by default.
    const kept = await startStepping(t, { keepAliveMs: 100 })
    const silent = await startStepping(t, { keepAliveMs: 0 })
    const urls = []
    for (const { port } of [kept, silent])
      urls.push(`${(await startNginx(t, { server: limited(port) })).origin}/mcp`)
    const [url = '', silentUrl = ''] = urls
    const session = await TestSession.open(url)
    const listening = [
      await session.listen(),
      await new StatelessClient(url).listen({ toolsListChanged: true }),
    ]
    const ending = await (await TestSession.open(silentUrl)).listen()
    // What has no comments is ended by nginx: so that much time has passed for the others too.
    await ending.ended
    kept.server.registerTool('added', {}, () => '')
    for (const stream of listening) {
      const { method } = await stream.nextMessage(({ method }) => method.includes('list_changed'))
      assert.equal(method, 'notifications/tools/list_changed')
      assert.ok(stream.events.filter(({ comment }) => comment !== undefined).length >= 2)
      await stream.close()
    }
  })

  test('below a sub-path, which nginx removes or leaves', async (t) => {
    const removed = await startStepping(t)
    const left = await startStepping(t, { path: '/tools/left/mcp' })
    const { origin } = await startNginx(t, {
      server: `
        location /tools/removed/ { proxy_pass http://127.0.0.1:${removed.port}/; }
        location /tools/left/ { proxy_pass http://127.0.0.1:${left.port}; }
        location /tools/wrong/ { proxy_pass http://127.0.0.1:${removed.port}; }`,
    })
    for (const path of ['removed', 'left']) {
      const session = await TestSession.open(`${origin}/tools/${path}/mcp`)
      assert.equal((await session.call('echo')).result.content[0].text, 'echo')
      assert.equal((await session.delete()).status, 200)
    }
    const { status, json } = await post(`${origin}/tools/wrong/mcp`, '{}')
    assert.equal(status, 404)
    assert.match(json.error.message, /"\/tools\/wrong\/mcp".*endpoint is \/mcp \(the path option\)/)
  })

  test('Host and Origin are those of the client with the documented configuration', async (t) => {
    const { port } = await startStepping(t, { allowedHosts: ['mcp.example.com'] })
    const { origin } = await startNginx(t, { server: recipe(port) })
    const status = async (headers: { readonly [name: string]: string }) => {
      const client = new StatelessClient(`${origin}/mcp`, { headers })
      return (await client.request('tools/list', {}, { check: 'none' })).status
    }
    const host = 'mcp.example.com'
    assert.equal(await status({ host }), 200)
    assert.equal(await status({ host, origin: 'https://mcp.example.com' }), 200)
    assert.equal(await status({ host, origin: 'https://other.example.com' }), 403)
    assert.equal(await status({ host: 'other.example.com' }), 403)
    assert.equal(await status({ host: 'other.example.com', 'x-forwarded-host': host }), 403)
  })

  test('where nginx passes on no Host, the refusal says so, and trustProxy takes what it says', async (t) => {
    const forwarding = (port: number) => `
      location /mcp {
        proxy_pass http://127.0.0.1:${port};
        proxy_set_header X-Forwarded-Host $host;
      }`
    const allowedHosts = ['mcp.example.com']
    const ask = async (port: number, block: (port: number) => string) => {
      const { origin } = await startNginx(t, { server: block(port) })
      const client = new StatelessClient(`${origin}/mcp`, { headers: { host: 'mcp.example.com' } })
      return await client.request('tools/list', {}, { check: 'none' })
    }
    const plain = await startStepping(t, { allowedHosts })
    const refused = await ask(plain.port, bare)
    assert.equal(refused.status, 403)
    assert.match(
      refused.error.message,
      /^The Host header "127\.0\.0\.1:\d+" is not allowed: .* allowedHosts option\. If a proxy/,
    )
    const hinted = await ask(plain.port, forwarding)
    assert.equal(hinted.status, 403)
    assert.match(hinted.error.message, /asked for "mcp\.example\.com": .*set the trustProxy option/)
    const trusting = await startStepping(t, { allowedHosts, trustProxy: true })
    assert.equal((await ask(trusting.port, forwarding)).status, 200)
  })
})
