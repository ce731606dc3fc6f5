/** Registrations: what tools, prompts and resources say of themselves is checked, and refused with the member named. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Handle, ToolConfig } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { define, names, open } from './offering.ts'

const circular: { self?: unknown } = {}
circular.self = circular

type Row = readonly [config: WireJson, problem: RegExp]

/** Of everything that can be registered. */
const common: readonly Row[] = [
  [{ title: 5 }, / title must be a string; got the number 5$/],
  [{ description: null }, / description must be a string; got null$/],
  [{ description: ['x'] }, / description must be a string; got an array$/],
  [{ icons: 'x' }, / icons must be an array of icons; got "x"$/],
  [{ icons: [{ mimeType: 'a/b' }] }, / icons\[0\]\.src must be an absolute URI; got undefined$/],
  [
    { icons: [{ src: 'a:b', sizes: '48x48' }] },
    / icons\[0\]\.sizes must be an array of strings; got "48x48"$/,
  ],
  [{ icons: [{ src: 'a:b', theme: 'red' }] }, / icons\[0\]\.theme must be light or dark; got "red"$/],
  [{ _meta: [] }, / _meta must be an object; got an array$/],
  [{ _meta: { n: 1n } }, / cannot be written as JSON: .*BigInt/],
  [{ _meta: circular }, / cannot be written as JSON: .*circular/i],
  [{ visible: true }, / visible must be a function; got a boolean$/],
]

const resources: readonly Row[] = [
  ...common,
  [{ mimeType: 5 }, / mimeType must be a string; got the number 5$/],
  [{ annotations: [] }, / annotations must be an object; got an array$/],
  [
    { annotations: { audience: ['model'] } },
    / annotations\.audience\[0\] must be user or assistant; got "model"$/,
  ],
  [{ annotations: { priority: '1' } }, / annotations\.priority must be a number from 0 to 1; got "1"$/],
  [{ subscribe: 'yes' }, / subscribe must be true, false or a function; got a string$/],
]

const kinds: { readonly [kind: string]: readonly Row[] } = {
  tool: [
    ...common,
    [{ annotations: 'x' }, / annotations must be an object; got "x"$/],
    [{ annotations: { title: 5 } }, / annotations\.title must be a string; got the number 5$/],
    [
      { annotations: { readOnlyHint: 'yes' } },
      / annotations\.readOnlyHint must be true or false; got "yes"$/,
    ],
  ],
  prompt: [
    ...common,
    [
      { argsSchema: { type: 'object', properties: { a: { type: 'string' } } }, complete: { a: ['x'] } },
      / complete a must be a function; got an array$/,
    ],
  ],
  resource: [
    ...resources,
    [{ size: '5' }, / size must be a number of bytes; got "5"$/],
    [{ size: -1 }, / size must be/],
  ],
  'resource template': [
    ...resources,
    [{ list: [] }, / list must be a function; got an array$/],
    [{ complete: { b: 'x' } }, / complete b must be a function; got a string$/],
  ],
}

/** Registers one thing of a kind. */
function register(kind: string, config: WireJson): Handle<object> {
  const { server } = define()
  if (kind === 'tool') return server.registerTool('x', config, () => '')
  if (kind === 'prompt') return server.registerPrompt('x', config, () => '')
  if (kind === 'resource') return server.registerResource('x', 'a:b', config, () => '')
  return server.registerResourceTemplate('x', 'a:{b}', config, () => '')
}

for (const [kind, rows] of Object.entries(kinds)) {
  describe(`a ${kind}`, () => {
    test('is refused with a member of a wrong type, which is named', () => {
      for (const [config, problem] of rows) {
        const named = new RegExp(`^${kind} "x"${problem.source}`, 'i')
        assert.throws(() => register(kind, config), { name: 'TypeError', message: named })
        const handle = register(kind, {})
        assert.throws(() => handle.update(config), { name: 'TypeError', message: named })
      }
    })

    test('needs a configuration', () => {
      for (const config of [undefined, null, 'x', () => '']) {
        const message = new RegExp(`^${kind} "x" needs a configuration, an object; got `, 'i')
        assert.throws(() => register(kind, config), { name: 'TypeError', message })
      }
    })
  })
}

test('values are judged as what JSON makes of them, which is what clients are shown', async (t) => {
  const { server } = define()
  const lastModified = new Date(0) as unknown as string
  const mine = new (class {
    'com.example/k' = 1
  })() as unknown as { 'com.example/k': number }
  server.registerResource('r', 'a:b', { annotations: { lastModified }, _meta: mine }, () => '')
  server.registerTool('t', { title: undefined, _meta: mine } as unknown as ToolConfig, () => '')
  const session = await open(t, server)
  const [resource] = (await session.request('resources/list')).result.resources
  assert.equal(resource.annotations.lastModified, '1970-01-01T00:00:00.000Z')
  assert.deepEqual(resource._meta, { 'com.example/k': 1 })
  assert.deepEqual(await names(session, 'tools'), ['t'])
})
