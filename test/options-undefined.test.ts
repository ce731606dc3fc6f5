/**
 * An option that is given as `undefined` is as if it were absent: that is what `process.env.X` and
 * `prod ? {...} : undefined` give. The names of the options are read from the sources, so that none is forgotten.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { McpServer, type ServeOptions, serve } from '../src/index.ts'
import { checkOptions } from '../src/options.ts'
import { StatelessClient } from './helpers/stateless-client.ts'

/** The optional members of an interface and of those it extends here, all `undefined`. */
function unset(file: string, ...interfaces: string[]): Record<string, undefined> {
  const text = readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8')
  const names = interfaces.flatMap((name) => {
    const [, body = ''] = new RegExp(`interface ${name}\\b[^]*?\\{\\n([^]*?)\\n\\}`).exec(text) ?? []
    return [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].map((match) => match[1] ?? '')
  })
  assert.ok(names.length > 1, `${file} has no ${interfaces}`)
  return Object.fromEntries(names.map((name) => [name, undefined]))
}

const nested = {
  sessions: unset('session-era/options.ts', 'SessionOptions'),
  replay: unset('session-era/options.ts', 'ReplayOptions'),
  subscriptions: unset('stateless-era/options.ts', 'SubscriptionOptions'),
  tasks: unset('features/tasks/options.ts', 'TaskOptions'),
  requestState: unset('dispatch/client-input/request-state-options.ts', 'SealOptions'),
  messageRate: { perSecond: undefined, burst: undefined },
}

test('HandlerOptions: undefined is the default, for every option and every member of one', () => {
  assert.deepEqual(checkOptions(unset('options.ts', 'HandlerOptions')), checkOptions({}))
  for (const [name, option] of Object.entries(nested)) {
    // What is kept as it was given has the members still.
    const checked = JSON.stringify(checkOptions({ [name]: option }))
    assert.deepEqual(JSON.parse(checked), JSON.parse(JSON.stringify(checkOptions({ [name]: {} }))), name)
  }
})

test('HandlerOptions: what the store of tasks replaces may be undefined beside it', () => {
  const store = { create() {}, read: () => undefined, update() {}, delete() {} }
  assert.doesNotThrow(() => checkOptions({ tasks: { ...nested.tasks, store } }))
})

test('serve, McpServer and registrations: undefined is as absent, in lists and results', async (t) => {
  const plain = await open(t, false)
  const withUnset = await open(t, true)
  const requests: readonly [string, object][] = [
    ['server/discover', {}],
    ['tools/list', {}],
    ['tools/call', { name: 'tool' }],
    ['prompts/list', {}],
    ['prompts/get', { name: 'prompt' }],
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['resources/read', { uri: 'a:static' }],
    ['resources/read', { uri: 'a:/1' }],
  ]
  for (const [method, params] of requests) {
    const { result, error } = await plain.request(method, params)
    assert.equal(error, undefined)
    assert.deepEqual((await withUnset.request(method, params)).result, result, method)
  }
})

async function open(t: TestContext, isUnset: boolean): Promise<StatelessClient> {
  const members = (file: string, ...interfaces: string[]) => (isUnset ? unset(file, ...interfaces) : {})
  const cache = { ttlMs: 5000, scope: 'public' } as const
  const info = members('protocol/wire-types.ts', 'Implementation')
  const server = new McpServer(
    { ...info, name: 'undefined', version: '1' },
    { ...members('features/server-options.ts', 'ServerOptions'), cache: { read: cache } },
  )
  server.registerTool('tool', members('features/tools.ts', 'ToolConfig'), () => ({
    ...members('protocol/wire-types.ts', 'CallToolResult'),
    content: [{ ...members('protocol/wire-types.ts', 'ContentBase'), type: 'text', text: 'x' }],
  }))
  server.registerPrompt('prompt', members('features/prompts.ts', 'PromptConfig'), () => ({
    ...members('protocol/wire-types.ts', 'GetPromptResult'),
    messages: [],
  }))
  // A hint without members leaves the server's.
  const hint = isUnset ? { cache: { ttlMs: undefined, scope: undefined } } : {}
  const resource = members('features/resources.ts', 'CommonConfig', 'ResourceConfig')
  server.registerResource('static', 'a:static', { ...resource, ...hint }, (uri) => ({
    ...members('protocol/wire-types.ts', 'TextResourceContents'),
    uri: uri.href,
    text: 'x',
  }))
  const template = members('features/resources.ts', 'CommonConfig', 'ResourceTemplateConfig')
  server.registerResourceTemplate('template', 'a:/{id}', { ...template, ...hint }, () => 'x')
  const options: ServeOptions = { ...members('serve.ts', 'ServeOptions'), port: 0 }
  const { url, close } = await serve(server, options)
  t.after(() => close())
  return new StatelessClient(url)
}
