/** What the built package loads later (scripts/lib/lazy-parts.ts): not before it is used, and then it works. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bundle, bundleTogether } from '../../scripts/lib/bundle.ts'
import { run } from '../../scripts/lib/child.ts'
import { findEarlyParts, LAZY_PARTS } from '../../scripts/lib/lazy-parts.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A server with one tool, and clients of both eras. `loaded()` names the lazy parts that the process has loaded. */
const PRELUDE = `
const { renameSync } = require('node:fs')
const { basename, join } = require('node:path')
const loaded = () => Object.keys(require.cache).map((file) => basename(file, '.cjs')).filter((name) => name.startsWith('lazy-')).sort()
const hide = (name) => renameSync(join(__dirname, 'lazy-' + name + '.cjs'), join(__dirname, name + '.away'))
const show = (name) => renameSync(join(__dirname, name + '.away'), join(__dirname, 'lazy-' + name + '.cjs'))
const { McpServer, serve, UrlElicitationRequiredError } = require('./index.cjs')
const accept = 'application/json, text/event-stream'
const inputSchema = { type: 'object', properties: { text: { type: 'string', pattern: '^[a-z]*$' } }, required: ['text'] }
const makeServer = () => {
  const server = new McpServer({ name: 'lazy', version: '1' })
  server.registerTool('echo', { inputSchema }, ({ text }) => text)
  return server
}
const read = async (response) => {
  const text = await response.text()
  const json = text.startsWith('{') ? text : /^data: (\\{.*)$/m.exec(text)?.[1]
  return { status: response.status, ...(json !== undefined && JSON.parse(json)) }
}
const makeClient = async (url, era) => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
  }
  const headers = { 'content-type': 'application/json', accept }
  const ask = async (method, params) => {
    const own = era === 'session' ? {} : { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(params.name && { 'mcp-name': params.name }) }
    const body = { jsonrpc: '2.0', id: 1, method, params: era === 'session' ? params : { ...params, _meta } }
    return fetch(url, { method: 'POST', headers: { ...headers, ...own }, body: JSON.stringify(body) })
  }
  if (era === 'session') {
    const opened = await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } })
    await opened.text()
    Object.assign(headers, { 'mcp-session-id': opened.headers.get('mcp-session-id'), 'mcp-protocol-version': '2025-11-25' })
  }
  return { headers, ask: async (...call) => read(await ask(...call)) }
}
`

/** A use of each part, and what it returns. */
const USES: { readonly [part: string]: readonly [program: string, result: unknown] } = {
  'client-input': [
    `new UrlElicitationRequiredError([{ message: 'm', url: 'http://a/', elicitationId: 'e' }]).code`,
    -32042,
  ],
  formats: [
    `(server.registerTool('mail', {}, async (_args, ctx) => {
        await ctx.elicit('to', { message: 'To whom?', requestedSchema: { type: 'object', properties: { to: { type: 'string', format: 'email' } } } })
        return 'sent'
      }),
      (await (await makeClient(url, 'stateless')).ask('tools/call', { name: 'mail', arguments: {} })).result.resultType)`,
    'input_required',
  ],
  get: [`(await fetch(url, { headers: { ...client.headers, accept: 'text/event-stream' } })).status`, 200],
  'http-sse': [`(await serve(makeServer(), { port: 0, httpSse: true })).url.startsWith('http')`, true],
  metaschema: [
    `(server.registerTool('meta', { inputSchema: { type: 'object', properties: { text: { $ref: 'https://json-schema.org/draft/2020-12/schema' } } } }, () => 'ok'),
      (await client.ask('tools/call', { name: 'meta', arguments: { text: { type: 'string' } } })).result.content[0].text)`,
    'ok',
  ],
  nodes: [
    `(await serve(makeServer(), { port: 0, store: require('./memory-store.cjs').memoryStore() })).url.startsWith('http')`,
    true,
  ],
  patterns: [
    `(server.registerTool('p', { inputSchema: { type: 'object', properties: { text: { type: 'string', pattern: '^(a|b)+$' } } } }, () => 'ok'),
      (await client.ask('tools/call', { name: 'p', arguments: { text: 'ab' } })).result.content[0].text)`,
    'ok',
  ],
  'schema-errors': [
    `(await client.ask('tools/call', { name: 'echo', arguments: { text: 1 } })).result.isError`,
    true,
  ],
  tasks: [
    `(server.registerTool('long', { task: true }, () => 'done'),
      (await client.ask('tools/call', { name: 'long', arguments: {}, task: {} })).result.task.status !== undefined)`,
    true,
  ],
  zlib: [
    `typeof (await makeClient((await serve(makeServer(), { port: 0, sessions: { keys: ['k'.repeat(32)] } })).url, 'session')).headers['mcp-session-id']`,
    'string',
  ],
  'uri-templates': [
    `(server.registerResourceTemplate('x', 'x://{name}', {}, (uri, { name }) => name),
      (await client.ask('resources/read', { uri: 'x://a' })).result.contents[0].text)`,
    'a',
  ],
}

describe('lazy parts', () => {
  const home = mkdtempSync(join(tmpdir(), 'barewire-lazy-'))
  before(async () => {
    const entries = [
      { source: 'index.ts', output: 'index' },
      { source: 'fetch.ts', output: 'fetch' },
    ]
    await bundleTogether(home, entries)
    bundle(join(home, 'memory-store.js'), join(root, 'src', 'memory-store.ts'))
  })
  after(() => rmSync(home, { recursive: true, force: true }))

  const evaluate = async (program: string): Promise<unknown> => {
    const file = join(home, `${Math.random()}.cjs`)
    const text = `${PRELUDE};(async () => { ${program} })().then((value) => { console.log(JSON.stringify(value)); process.exit(0) })`
    writeFileSync(file, text)
    const { stdout, stderr } = await run(process.execPath, [file], { cwd: home, timeout: 60_000 })
    assert.notEqual(stdout, '', stderr)
    return JSON.parse(stdout)
  }

  test('findEarlyParts finds none that comes with the entries, and one that does', () => {
    assert.deepEqual(findEarlyParts(home, ['index', 'fetch']), [])
    assert.match(findEarlyParts(home, ['lazy-get']).join(), /lazy-get\.cjs is loaded with the package/)
  })

  for (const era of ['session', 'stateless']) {
    test(`the first answers of a server with one tool load no lazy part: ${era} era`, async () => {
      const found = await evaluate(`
        const { url } = await serve(makeServer(), { port: 0 })
        const client = await makeClient(url, '${era}')
        const listed = await client.ask('tools/list', {})
        const called = await client.ask('tools/call', { name: 'echo', arguments: { text: 'x' } })
        return [listed.result.tools.length, called.result.content[0].text, loaded()]`)
      assert.deepEqual(found, [1, 'x', []])
    })
  }

  test('every part has a use below, which loads it', () => {
    assert.deepEqual(LAZY_PARTS.map(({ name }) => name).sort(), Object.keys(USES).sort())
  })

  for (const [part, [program, result]] of Object.entries(USES)) {
    test(`${part} is loaded by its first use`, async () => {
      const found = await evaluate(`
        const server = makeServer()
        const { url } = await serve(server, { port: 0 })
        const client = await makeClient(url, 'session')
        const early = loaded()
        const result = ${program}
        return [early, result, loaded().includes('lazy-${part}')]`)
      assert.deepEqual(found, [[], result, true])
    })
  }

  test('a part that cannot be read is an internal error of the request, and the next one tries again', async () => {
    const found = await evaluate(`
      const { url } = await serve(makeServer(), { port: 0 })
      const client = await makeClient(url, 'session')
      const uses = {
        'schema-errors': async () => (await client.ask('tools/call', { name: 'echo', arguments: { text: 1 } })).result.content[0].text.slice(0, 14),
        get: async () => (await fetch(url, { headers: { ...client.headers, accept: 'text/event-stream' } })).status,
      }
      const outcomes = {}
      for (const [name, use] of Object.entries(uses)) {
        hide(name)
        const without = await use()
        show(name)
        outcomes[name] = [without, await use()]
      }
      return outcomes`)
    assert.deepEqual(found, {
      'schema-errors': ['Internal error', 'Invalid argume'],
      get: [500, 200],
    })
  })
})
