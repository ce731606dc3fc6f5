/**
 * The recipe for AWS Lambda, run by its real runtime client with the Runtime API and the events of a function URL.
 * `npm run interop` installs that client, which is compiled then.
 */

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { needsThat } from '../helpers/needs.ts'
import { removeFolder } from '../helpers/remove-folder.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { within } from '../helpers/within.ts'
import { clientV2Auto, clientV2Pinned } from './client-v2.ts'
import { type FunctionUrl, startFunctionUrl } from './lambda/function-url.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = join(root, 'test', 'interop', 'lambda', 'node_modules', 'aws-lambda-ric')
const ric = join(home, 'bin', 'index.mjs')
/** What its install compiles. */
const isCompiled = existsSync(join(home, 'dist', 'rapid-client.node'))
const host = 'abcdefghij.lambda-url.eu-west-1.on.aws'
const meta = { progressToken: 't' }

/** The service that the tool `forecast` asks: it answers when the test says so. */
async function startForecast() {
  const asked = new EventEmitter()
  const waiting: ServerResponse[] = []
  const server = createServer((_, response) => {
    waiting.push(response)
    asked.emit('asked')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async answer(text: string): Promise<void> {
      while (waiting.length === 0) await within(once(asked, 'asked'), () => 'the tool to ask')
      waiting.shift()?.end(text)
    },
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

for (const [mode, name] of [
  ['RESPONSE_STREAM', 'handler'],
  ['BUFFERED', 'buffered'],
] as const) {
  describe(`AWS Lambda, function URL with invoke mode ${mode}`, {
    ...needsThat(isCompiled, 'npm run interop'),
    timeout: 120_000,
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-lambda-'))
    let forecast: Awaited<ReturnType<typeof startForecast>>
    let lambda: FunctionUrl
    let url = ''
    before(async () => {
      await build({
        entryPoints: [join(root, 'scripts', 'examples', 'lambda.ts')],
        outfile: join(folder, 'lambda.mjs'),
        bundle: true,
        format: 'esm',
        platform: 'node',
        logLevel: 'silent',
      })
      forecast = await startForecast()
      lambda = await startFunctionUrl(ric, folder, `lambda.${name}`, host, { FORECAST_URL: forecast.url })
      url = `${lambda.origin}/mcp`
    })
    after(async () => {
      await lambda?.stop()
      forecast?.stop()
      await removeFolder(folder)
    })

    for (const kind of [clientV2Auto, clientV2Pinned]) {
      test(`the official client, ${kind.name}: discover, list, call, progress`, async (t) => {
        const client = await kind.connect({ url })
        t.after(() => client.close())
        assert.equal(client.protocolVersion, '2026-07-28')
        assert.deepEqual((await client.listTools()).map((tool) => tool.name).sort(), ['add', 'forecast'])
        assert.equal((await client.callTool('add', { a: 2, b: 40 })).content[0]?.text, '42')
        const values: number[] = []
        const onprogress = ({ progress }: { progress: number }) => values.push(progress)
        const calling = client.callTool('forecast', { city: 'Zürich' }, { onprogress })
        await forecast.answer('Sun')
        assert.equal((await calling).content[0]?.text, 'Sun')
        assert.deepEqual(values, [1, 2])
        assert.deepEqual(client.errors, [])
      })
    }

    if (mode === 'RESPONSE_STREAM') {
      test('progress arrives before the next message is sent', async () => {
        const params = { name: 'forecast', arguments: { city: 'Rome' } }
        const stream = await new StatelessClient(url).stream('tools/call', params, { meta })
        // The tool waits: what was kept back until there is more would never come.
        assert.equal((await stream.nextMessage()).params.progress, 1)
        await forecast.answer('Rain')
        assert.equal((await stream.nextMessage()).params.progress, 2)
        assert.deepEqual((await stream.nextMessage()).result.content, [{ type: 'text', text: 'Rain' }])
        assert.equal((await stream.end()).complete, true)
      })
    }

    test('every answer comes as the mode says, and refusals keep their status', async () => {
      const rows = [
        [{}, 200, /./],
        [{ host: 'evil.example' }, 403, /allowedHosts option/],
        [{ origin: 'https://evil.example' }, 403, /allowedOrigins option/],
        [{ origin: `https://${host}` }, 200, /./],
      ] as const
      for (const [headers, status, message] of rows) {
        const client = new StatelessClient(url, { headers })
        const reply = await client.request('tools/list', {}, { check: 'none' })
        assert.equal(reply.status, status, JSON.stringify(headers))
        assert.match(JSON.stringify(reply.error?.message ?? 'ok'), message)
      }
      const { streamed, buffered } = lambda.answered
      assert.equal(mode === 'BUFFERED' ? streamed : buffered, 0)
      assert.ok(streamed + buffered >= rows.length)
    })
  })
}
