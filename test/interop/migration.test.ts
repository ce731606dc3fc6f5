/** The migration guide: its programs do the same before and after, and the guide shows them as they are. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { start as startBarewire } from '../../scripts/examples/migration/barewire.ts'
import { start as startHttpSse } from '../../scripts/examples/migration/http-sse.ts'
import { start as startV1 } from '../../scripts/examples/migration/sdk-v1.ts'
import { start as startV2 } from '../../scripts/examples/migration/sdk-v2.ts'
import { clientV1, clientV1Sse } from './client-v1.ts'
import { clientV2Auto } from './client-v2.ts'
import type { ClientKind } from './real-client.ts'

const examples = new URL('../../scripts/examples/', import.meta.url)

interface Asked {
  readonly kind: ClientKind
  readonly asks?: boolean
  readonly progress?: boolean
  readonly resource?: boolean
}

/** What a client sees of a server. */
async function seen(t: TestContext, url: string, { kind, asks, progress, resource }: Asked) {
  const client = await kind.connect({
    url,
    capabilities: { elicitation: {} },
    answers: { 'elicitation/create': () => ({ action: 'accept', content: {} }) },
  })
  t.after(() => client.close())
  const reported: unknown[] = []
  const options = progress ? { onprogress: (each: object) => reported.push(each) } : {}
  const forecast = await client.callTool('forecast', { city: 'Oslo' }, options)
  return {
    info: client.api.getServerVersion(),
    forecast: forecast.content,
    reported,
    book: asks ? (await client.callTool('book', { city: 'Oslo' })).content : undefined,
    units: resource ? (await client.api.readResource({ uri: 'weather://units' })).contents : undefined,
    errors: client.errors,
  }
}

const rows = [
  ['HTTP+SSE', startHttpSse, { kind: clientV1Sse }],
  ['the official SDK v1', startV1, { kind: clientV1, asks: true, progress: true, resource: true }],
  ['the official SDK v2', startV2, { kind: clientV2Auto, progress: true, resource: true }],
] as const

for (const [name, start, asked] of rows) {
  test(`a client sees the same of ${name} and of what takes its place`, async (t) => {
    const [before, after] = [await start(), await startBarewire()]
    t.after(() => Promise.all([before.close(), after.close()]))
    const expected = await seen(t, before.url, asked)
    assert.match(JSON.stringify(expected), /Sun in Oslo/)
    assert.deepEqual(expected.errors, [])
    assert.deepEqual(await seen(t, after.url, asked), expected)
  })
}

test('the guide shows the programs as they are', () => {
  const guide = readFileSync(new URL('README.md', examples), 'utf8')
  for (const name of ['http-sse', 'sdk-v1', 'sdk-v2', 'barewire']) {
    const text = readFileSync(new URL(`migration/${name}.ts`, examples), 'utf8')
    const [, region] = /README: from here\n([\s\S]*?)\n *\/\/ README: to here/.exec(text) ?? []
    assert.ok(region, name)
    const shown = region.replace(/^ {2}/gm, '')
    assert.ok(guide.includes(`\`\`\`ts\n${shown}\n\`\`\`\n`), `${name}.ts is not what the guide shows`)
  }
})
