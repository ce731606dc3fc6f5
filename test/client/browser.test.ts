/** The built client in a page of headless Chromium, on the origin of its server and on another one. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { createMcpHandler, serve } from '../../src/index.ts'
import { removeFolder } from '../helpers/remove-folder.ts'
import { within } from '../helpers/within.ts'
import { offering } from './offering.ts'
import { buildClient, checkOutcomes } from './portable-checks.ts'

const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const chromium = PLACES.find((path) => path !== undefined && existsSync(path))
const skip = chromium === undefined && 'there is no Chromium here: install it, or name it in CHROMIUM'

/** The page says what happened to /outcome of its own origin. */
const page = (url: string) => `<!doctype html><script type="module">
  let outcome
  try {
    const [client, { useClient }] = await Promise.all([import('/client.js'), import('/program.mjs')])
    outcome = { value: await useClient(client, ${JSON.stringify(url)}) }
  } catch (error) {
    outcome = { error: String(error?.stack ?? error) }
  }
  await fetch('/outcome', { method: 'POST', body: JSON.stringify(outcome) })
</script>`

describe('the client in Chromium', { skip }, () => {
  let built: Awaited<ReturnType<typeof buildClient>>
  before(async () => {
    built = await buildClient()
  })
  after(() => built?.remove())

  /** Serves the page, the files, and whatever else the test wants there; opens it, and gives what the page says. */
  async function openPage(
    t: TestContext,
    urlOf: (origin: string) => string,
    mcp?: ReturnType<typeof createMcpHandler>,
  ): Promise<{ readonly outcome: unknown; readonly files: readonly string[] }> {
    const files: string[] = []
    let say: (outcome: unknown) => void = () => {}
    const said = new Promise<unknown>((resolve) => {
      say = resolve
    })
    const server = createServer(async (request, response) => {
      const path = request.url ?? ''
      if (path === '/mcp' && mcp !== undefined) return void mcp(request, response)
      if (path === '/outcome') {
        let body = ''
        for await (const chunk of request) body += chunk
        response.end()
        return say(JSON.parse(body))
      }
      if (path === '/') {
        return response.writeHead(200, { 'content-type': 'text/html' }).end(page(urlOf(origin)))
      }
      const file = join(built.folder, path)
      if (!/^\/[\w.-]+\.m?js$/.test(path) || !existsSync(file)) return response.writeHead(404).end()
      files.push(path)
      return response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(file))
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    const profile = mkdtempSync(join(tmpdir(), 'barewire-chromium-'))
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']
    const browser = spawn(
      chromium as string,
      [...args, `--user-data-dir=${profile}`, '--remote-debugging-port=0', `${origin}/`],
      {
        stdio: 'ignore',
        env: { ...process.env, HOME: profile },
        // A group of its own, so that the processes it starts end with it.
        detached: true,
      },
    )
    const ended = new Promise<void>((resolve) => browser.once('exit', () => resolve()))
    t.after(async () => {
      if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL')
      await ended
      await removeFolder(profile)
    })
    const outcome = await within(said, () => 'the page to say what happened', 60_000)
    return { outcome, files }
  }

  const happened = (outcome: unknown) => {
    const { value, error } = outcome as { readonly value?: unknown; readonly error?: string }
    assert.equal(error, undefined)
    return value
  }

  test('on the origin of its server: connect, list, call with progress, elicit, both eras', async (t) => {
    const handler = createMcpHandler(offering())
    t.after(() => handler.close({ drainMs: 0 }))
    const { outcome, files } = await openPage(t, (origin) => `${origin}/mcp`, handler)
    checkOutcomes(happened(outcome))
    // The checker is there since a tool has an outputSchema; nobody has logged in.
    assert.deepEqual([...files].sort(), [
      '/client-compile.js',
      '/client-core.js',
      '/client.js',
      '/program.mjs',
    ])
  })

  test('on another origin, with what its server allows', async (t) => {
    // Pages of this machine may call it.
    const running = await serve(offering(), { port: 0 })
    t.after(() => running.close({ drainMs: 0 }))
    const { outcome } = await openPage(t, () => running.url)
    checkOutcomes(happened(outcome))
  })
})
