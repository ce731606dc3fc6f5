/** Behind a real nginx, as Debian has it, with what it does by default. Options for servers behind any proxy: proxy.test.ts. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { describe, test } from 'node:test'
import { createGunzip } from 'node:zlib'
import { createFetchHandler } from '../../src/fetch.ts'
import { serve } from '../../src/index.ts'
import { needs } from '../helpers/needs.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { post, TestSession } from '../helpers/wire.ts'
import { within } from '../helpers/within.ts'
import { createPortableServer } from '../interop/portable-server.ts'
import { listenHono } from '../web-http/carriers.ts'
import { startNginx } from './nginx.ts'
import {
  checkAll,
  checkDisconnect,
  checkHostAndOrigin,
  checkHttp2,
  checkIdleLimit,
  checkPortable,
  checkProgress,
  meta,
  type StartProxy,
  steps,
} from './proxy-checks.ts'
import { startStepping } from './stepping.ts'

/** What the recipe says, for a server on this port. */
const recipe = (port: number) => `
  location /mcp {
    proxy_pass http://127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Host $host;
  }`

/** Nothing but the one directive without which it would be no proxy. */
const bare = (port: number) => `location /mcp { proxy_pass http://127.0.0.1:${port}; }`

const inFront: StartProxy = (t, port) => startNginx(t, { server: recipe(port) })

describe('behind nginx', { ...needs('nginx'), timeout: 120_000 }, () => {
  for (const [name, block] of Object.entries({
    'the documented configuration': recipe,
    'proxy_pass alone': bare,
  })) {
    test(`everything that is portable works with ${name}`, async (t) => {
      await checkPortable(t, (_, port) => startNginx(t, { server: block(port) }))
    })

    test(`progress arrives before the next message is sent, in both eras, with ${name}`, async (t) => {
      await checkProgress(t, (_, port) => startNginx(t, { server: block(port) }))
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
    await checkHttp2(t, (_, port) => startNginx(t, { server: recipe(port), tls: true }))
  })

  test('a client that disconnects cancels its call: stateless at once, with a session after disconnectGraceMs', async (t) => {
    await checkDisconnect(t, inFront)
  })

  test('GET streams live longer than proxy_read_timeout by their comments, and end without', async (t) => {
    const limited = (port: number) => recipe(port).replace('proxy_pass', 'proxy_read_timeout 2s; proxy_pass')
    await checkIdleLimit(t, (_, port) => startNginx(t, { server: limited(port) }))
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
    await checkHostAndOrigin(t, inFront)
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
