/** What must work behind every proxy, asked of one that runs in front of a server here. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { TestContext } from 'node:test'
import { serve } from '../../src/index.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { TestSession } from '../helpers/wire.ts'
import { within } from '../helpers/within.ts'
import { connections, streams, wholeAnswers } from '../interop/portable-checks.ts'
import { createPortableServer } from '../interop/portable-server.ts'
import { startStepping } from './stepping.ts'

export interface Proxy {
  readonly origin: string
  /** Of one with TLS: what clients have to trust. */
  readonly certificate?: Buffer | string | undefined
}

/** Starts the proxy in front of a server on a port of this machine. */
export type StartProxy = (t: TestContext, port: number) => Promise<Proxy>

export const meta = { progressToken: 't' }
export const steps = { name: 'steps', arguments: {} }

export async function checkPortable(t: TestContext, startProxy: StartProxy): Promise<void> {
  const serving = await serve(createPortableServer(), { port: 0 })
  t.after(() => serving.close({ drainMs: 0 }))
  const { origin } = await startProxy(t, serving.port)
  await checkAll(t, `${origin}/mcp`)
}

/**
 * The portable checks that a proxy does not change the pieces of.
 *
 * @param without - one that the server behind it does not pass
 */
export async function checkAll(t: TestContext, url: string, without?: string): Promise<void> {
  // Pieces of a proxy end anywhere, so what reads a socket by itself is not among these.
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

/** Progress arrives before the next message is sent, in both eras. */
export async function checkProgress(t: TestContext, startProxy: StartProxy): Promise<void> {
  const stepping = await startStepping(t)
  const { origin } = await startProxy(t, stepping.port)
  const url = `${origin}/mcp`
  const taken: number[] = []
  const session = await TestSession.open(url)
  const stateless = new StatelessClient(url)
  for (const client of [session, stateless]) {
    const stream = await client.stream('tools/call', steps, { meta })
    for (const expected of [1, 2, 3]) {
      // The tool waits: what a proxy kept back until there is more would never come.
      const { params } = await stream.nextMessage()
      taken.push(performance.now() - stepping.sentAt)
      assert.equal(params.progress, expected)
      stepping.go()
    }
    assert.deepEqual((await stream.nextMessage()).result.content, [{ type: 'text', text: 'done' }])
    assert.equal((await stream.end()).complete, true)
  }
  t.diagnostic(`milliseconds from sending to arrival: ${taken.map((each) => each.toFixed(1)).join(' ')}`)
}

/** With TLS and HTTP/2 towards the client, events arrive one by one, and RST_STREAM cancels the call. */
export async function checkHttp2(t: TestContext, startProxy: StartProxy): Promise<void> {
  const stepping = await startStepping(t)
  const { origin, certificate } = await startProxy(t, stepping.port)
  const session = connectHttp2(origin, certificate === undefined ? {} : { ca: certificate })
  t.after(() => session.destroy())
  await within(once(session, 'connect'), () => 'HTTP/2 with the proxy')
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
}

/** A client that disconnects cancels its call: stateless at once, with a session after disconnectGraceMs. */
export async function checkDisconnect(t: TestContext, startProxy: StartProxy): Promise<void> {
  const stepping = await startStepping(t, { disconnectGraceMs: 10 })
  const { origin } = await startProxy(t, stepping.port)
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
  await stepping.aborted(2)
}

/** Host and Origin are those of the client. */
export async function checkHostAndOrigin(t: TestContext, startProxy: StartProxy): Promise<void> {
  const { port } = await startStepping(t, { allowedHosts: ['mcp.example.com'] })
  const { origin } = await startProxy(t, port)
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
}

/** GET streams live longer than an idle limit of two seconds by their comments, and end without. */
export async function checkIdleLimit(t: TestContext, startProxy: StartProxy): Promise<void> {
  // 100 to 2000, as 3 to the 60 seconds of the default; keepAliveMs is 15 s by default.
  const kept = await startStepping(t, { keepAliveMs: 100 })
  const silent = await startStepping(t, { keepAliveMs: 0 })
  const urls = []
  for (const { port } of [kept, silent]) urls.push(`${(await startProxy(t, port)).origin}/mcp`)
  const [url = '', silentUrl = ''] = urls
  const session = await TestSession.open(url)
  const listening = [
    await session.listen(),
    await new StatelessClient(url).listen({ toolsListChanged: true }),
  ]
  const ending = await (await TestSession.open(silentUrl)).listen()
  // What has no comments is ended by the proxy: so that much time has passed for the others too.
  await ending.ended
  kept.server.registerTool('added', {}, () => '')
  for (const stream of listening) {
    const { method } = await stream.nextMessage(({ method }) => method.includes('list_changed'))
    assert.equal(method, 'notifications/tools/list_changed')
    assert.ok(stream.events.filter(({ comment }) => comment !== undefined).length >= 2)
    await stream.close()
  }
}
