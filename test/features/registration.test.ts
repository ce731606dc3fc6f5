/** What registrations and updates refuse by name, take for absent, and warn of. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { type Handle, McpServer, type ToolConfig } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { define, open } from './offering.ts'

type Register = (config: object) => Handle<object>

/** One function for each kind, and how messages call what it registers. */
function registrations(): Record<string, [use: string, register: Register]> {
  const { server } = define()
  const handler = () => ''
  return {
    tool: ['tool "x"', (config) => server.registerTool('x', config, handler)],
    prompt: ['prompt "x"', (config) => server.registerPrompt('x', config, handler)],
    resource: ['Resource "x"', (config) => server.registerResource('x', 'a:b', config, handler)],
    template: [
      'Resource template "x"',
      (config) => server.registerResourceTemplate('x', 'a:{b}', config, handler),
    ],
  }
}

const handlerIsLast = 'the handler is the last argument; update({ handler }) replaces it'
const meant = (name: string) => `did you mean "${name}"?`

const unknown: readonly (readonly [kind: string, name: string, hint?: string])[] = [
  ['tool', 'descripton', meant('description')],
  ['tool', 'parameters', meant('inputSchema')],
  ['tool', 'inputschema', meant('inputSchema')],
  ['tool', 'input_schema', meant('inputSchema')],
  ['tool', 'schema', meant('inputSchema')],
  ['tool', 'args', meant('inputSchema')],
  ['tool', 'argsSchema', meant('inputSchema')],
  ['tool', 'paramsSchema', meant('inputSchema')],
  ['tool', 'properties', meant('inputSchema')],
  ['tool', 'outputSchmea', meant('outputSchema')],
  ['tool', 'timeout', meant('timeoutMs')],
  ['tool', 'readOnlyHint', meant('annotations')],
  ['tool', 'meta', meant('_meta')],
  ['tool', 'execution', meant('task')],
  ['tool', 'execute', handlerIsLast],
  ['tool', 'callback', handlerIsLast],
  ['tool', 'name', 'names and URIs are arguments of their own, and stay'],
  ['tool', 'colour'],
  ['tool', '__proto__'],
  ['prompt', 'args', meant('argsSchema')],
  ['prompt', 'arguments', meant('argsSchema')],
  ['prompt', 'inputSchema', meant('argsSchema')],
  ['prompt', 'completion', meant('complete')],
  ['prompt', 'annotations'],
  ['resource', 'mimetype', meant('mimeType')],
  ['resource', 'contentType', meant('mimeType')],
  ['resource', 'subscribed', meant('subscribe')],
  ['resource', 'list'],
  ['template', 'lists', meant('list')],
  ['template', 'uriTemplate', 'names and URIs are arguments of their own, and stay'],
  ['template', 'size'],
]

for (const [kind, name, hint] of unknown) {
  test(`a ${kind} refuses the option ${name} at registration and in an update, and says what was meant`, () => {
    const config = JSON.parse(`{"${name}":{}}`)
    const [use, register] = registrations()[kind] ?? assert.fail()
    const message = `${use} has no option "${name}"${hint === undefined ? '' : `: ${hint}`}`
    assert.throws(() => register(config), { name: 'TypeError', message })
    const handle = register({})
    assert.throws(() => handle.update(config), { name: 'TypeError', message })
    assert.throws(() => handle.update({ [name]: undefined }), { name: 'TypeError' })
  })
}

test('update refuses what is no object, and a handler that is none', () => {
  for (const [use, register] of Object.values(registrations())) {
    const handle = register({})
    for (const [changes, kind] of [
      [undefined, 'undefined'],
      [null, 'null'],
      [[], 'an array'],
      [() => '', 'a function'],
    ] as const) {
      const message = `${use}: update() needs an object; got ${kind}`
      assert.throws(() => handle.update(changes as unknown as object), { name: 'TypeError', message })
    }
    for (const handler of [null, 'x', {}]) {
      assert.throws(() => handle.update({ handler }), { message: `${use} needs a handler function` })
    }
  }
})

test('an extension, nested options, arguments and variables are refused by name with the nearest one', () => {
  const { server } = define()
  const rows: [() => unknown, RegExp][] = [
    [
      () => server.registerExtension('a.b/c', { setting: {} } as never),
      /no option "setting": did you mean "settings"\?/,
    ],
    [() => server.registerExtension('a.b/c', null as never), /needs a configuration, an object; got null/],
    [
      () =>
        server.registerExtension('a.b/c', {
          methods: { 'c/list': () => ({}) },
          cache: { 'c/list': { ttl: 5 } as never },
        }),
      /Extension "a\.b\/c" cache\["c\/list"\] has no option "ttl": did you mean "ttlMs"\?/,
    ],
    [
      () =>
        server.registerExtension('a.b/c', { methods: { 'c/list': () => ({}) }, namedBy: { 'c/lst': 'x' } }),
      /did you mean "c\/list"\?/,
    ],
    [
      () => server.registerResource('x', 'a:b', { cache: { ttl: 5 } as never }, () => ''),
      /Resource "x" cache has no option "ttl": did you mean "ttlMs"\?/,
    ],
    [
      () => server.registerTool('x', { rateLimit: { perSecond: 1, bursts: 1 } as never }, () => ''),
      /tool "x" rateLimit has no option "bursts": did you mean "burst"\?/,
    ],
    [
      () =>
        server.registerPrompt(
          'x',
          { argsSchema: { city: z.string() }, complete: { ctiy: () => [] } },
          () => '',
        ),
      /no argument "ctiy" to complete: did you mean "city"\?/,
    ],
    [
      () => server.registerResourceTemplate('x', 'a:{path}', { complete: { pth: () => [] } }, () => ''),
      /no variable "pth": did you mean "path"\?/,
    ],
  ]
  for (const [register, message] of rows) assert.throws(register, message)
})

test('McpServer refuses unknown names in both of its arguments, and says where they belong', () => {
  const info = { name: 'x', version: '1' }
  const rows: [object, unknown, string][] = [
    [
      { ...info, titel: 'x' },
      {},
      'The first argument of McpServer has no option "titel": did you mean "title"?',
    ],
    [
      { ...info, instructions: 'x' },
      {},
      'The first argument of McpServer has no option "instructions": options are the second argument',
    ],
    [info, { instruction: 'x' }, 'McpServer has no option "instruction": did you mean "instructions"?'],
    [info, { auth: {} }, 'McpServer has no option "auth": it is an option of serve and createMcpHandler'],
    [info, { title: 'x' }, 'McpServer has no option "title": it belongs to the first argument'],
    [
      info,
      { capabilities: { tools: {} } },
      'McpServer has no option "capabilities": capabilities follow from what is registered',
    ],
    [info, null, 'McpServer needs a configuration, an object; got null'],
  ]
  for (const [first, second, message] of rows) {
    assert.throws(() => new McpServer(first as never, second as never), { name: 'TypeError', message })
  }
})

test('options that are undefined are absent, at registration and in an update', async (t) => {
  const { server } = define({
    instructions: undefined,
    pageSize: undefined,
    logging: undefined,
    cache: undefined,
  })
  const none = {
    title: undefined,
    description: undefined,
    icons: undefined,
    _meta: undefined,
    visible: undefined,
  }
  const tool = server.registerTool(
    'x',
    {
      ...none,
      inputSchema: undefined,
      outputSchema: undefined,
      timeoutMs: undefined,
      task: undefined,
      rateLimit: undefined,
    },
    () => 'ran',
  )
  server.registerPrompt('x', { ...none, argsSchema: undefined, complete: undefined }, () => 'ran')
  const cache = { ttlMs: undefined, scope: undefined } as never
  server.registerResource('x', 'a:b', { ...none, subscribe: undefined, size: undefined, cache }, () => 'ran')
  server.registerResourceTemplate(
    'x',
    'a:{b}',
    { ...none, list: undefined, complete: undefined },
    () => 'ran',
  )
  server.registerExtension('a.b/c', {
    settings: undefined,
    methods: undefined,
    cache: undefined,
    namedBy: undefined,
  })
  tool.update({ title: 'kept' })
  tool.update({ title: undefined, description: 'new', handler: undefined })
  const session = await open(t, server)
  const [listed] = (await session.request('tools/list')).result.tools
  assert.deepEqual([listed.title, listed.description], ['kept', 'new'])
  assert.equal((await session.call('x')).result.content[0].text, 'ran')
  assert.equal((await session.request('resources/read', { uri: 'a:b' })).result.contents[0].text, 'ran')
})

/** Collects warnings of the library until the end of the test. */
async function warningsOf(t: TestContext, action: () => void): Promise<string[]> {
  const seen: string[] = []
  const listener = (warning: Error & { code?: string }) => {
    if (warning.code?.startsWith('BAREWIRE_')) seen.push(warning.message)
  }
  process.on('warning', listener)
  t.after(() => void process.off('warning', listener))
  action()
  process.emitWarning('all are given', { code: 'TEST' })
  await once(process, 'warning', { signal: t.signal })
  await new Promise((resolve) => setImmediate(resolve))
  return seen
}

const tool = (name: string, config: object) => () => {
  for (let i = 0; i < 2; i++) {
    const handle = define().server.registerTool(
      name,
      config as ToolConfig,
      () => ({ structuredContent: {} }) as never,
    )
    handle.update({ title: 'again' })
  }
}
const object = (member: WireJson, more: object = {}) => ({
  type: 'object',
  properties: { a: member },
  ...more,
})

const warned: readonly (readonly [what: string, action: () => void, message: RegExp | undefined])[] = [
  [
    'a dot in a name',
    tool('dotted.name', {}),
    /^tool "dotted\.name": Claude Desktop .* 1 to 64 of A-Z a-z 0-9 _ -$/,
  ],
  ['a slash in a name', tool('slashed/name', {}), /^tool "slashed\/name": Claude Desktop/],
  ['a name of 65 characters', tool('n'.repeat(65), {}), /^tool "n{65}": Claude Desktop/],
  ['a name of 64 characters', tool('n'.repeat(64), {}), undefined],
  [
    'a keyword with a typing error',
    tool('typo_keyword', { inputSchema: { type: 'object', propertis: { a: { type: 'string' } } } }),
    /^tool "typo_keyword" inputSchema: "propertis" at the root is no keyword of JSON Schema, and has no effect: did you mean "properties"\?$/,
  ],
  [
    'a keyword with a typing error in a member',
    tool('typo_member', { inputSchema: object({ type: 'string', minLenght: 3 }) }),
    /"minLenght" at \/properties\/a is no keyword .*: did you mean "minLength"\?$/,
  ],
  [
    'a keyword in snake case in an outputSchema',
    tool('typo_output', { outputSchema: object({ type: 'string', max_length: 3 }) }),
    /^tool "typo_output" outputSchema: "max_length" at .*: did you mean "maxLength"\?$/,
  ],
  [
    'keywords of others',
    tool('other_words', {
      inputSchema: object(
        {
          type: 'string',
          'x-order': 1,
          example: 'a',
          name: 'a',
          note: 'a',
          enumNames: ['a'],
          markdownDescription: 'a',
        },
        { id: 'x', discriminator: {} },
      ),
    }),
    undefined,
  ],
  [
    'a required name that is a property but for its case',
    tool('required_case', { inputSchema: object({ type: 'string' }, { required: ['A'] }) }),
    /^tool "required_case" inputSchema: "required" at the root has "A", which is not among the properties: did you mean "a"\?$/,
  ],
  [
    'a required name that no argument can have',
    tool('required_never', {
      inputSchema: object({ type: 'string' }, { required: ['other'], additionalProperties: false }),
    }),
    /"required" at the root has "other", which is not among the properties, so that nothing is valid$/,
  ],
  [
    'a required name that is allowed beside the properties',
    tool('required_other', { inputSchema: object({ type: 'string' }, { required: ['other'] }) }),
    undefined,
  ],
  [
    'a draft-07 outputSchema',
    tool('old_output', { outputSchema: object({}, { $schema: 'http://json-schema.org/draft-07/schema#' }) }),
    /^tool "old_output" outputSchema: Claude Code .*draft-07/,
  ],
  [
    'a draft-07 inputSchema',
    tool('old_input', { inputSchema: object({}, { $schema: 'http://json-schema.org/draft-07/schema#' }) }),
    undefined,
  ],
  [
    'a 2020-12 outputSchema',
    tool('new_output', {
      outputSchema: object({}, { $schema: 'https://json-schema.org/draft/2020-12/schema' }),
    }),
    undefined,
  ],
  [
    'nullable in an inputSchema',
    tool('nullable_in', {
      inputSchema: object({ type: 'array', items: { type: 'string', nullable: true } }),
    }),
    /^tool "nullable_in" inputSchema: "nullable" at \/properties\/a\/items is a word of OpenAPI/,
  ],
  [
    'nullable in an outputSchema',
    tool('nullable_out', { outputSchema: object({ type: 'string', nullable: true }) }),
    /^tool "nullable_out" outputSchema: "nullable" at \/properties\/a /,
  ],
  [
    'nullable in an argsSchema',
    () => {
      const argsSchema = object({ type: 'string', nullable: true }) as never
      define().server.registerPrompt('nullable_prompt', { argsSchema }, () => '')
    },
    /^prompt "nullable_prompt" argsSchema: "nullable" at \/properties\/a /,
  ],
  [
    'a property, a value and a false that are called nullable',
    tool('not_nullable', {
      inputSchema: {
        type: 'object',
        properties: { nullable: { type: 'boolean', nullable: false }, b: { default: { nullable: true } } },
      },
    }),
    undefined,
  ],
]

for (const [what, action, message] of warned) {
  test(`${what} is ${message === undefined ? 'not ' : ''}warned of${message === undefined ? '' : ', once, by name'}`, async (t) => {
    const seen = await warningsOf(t, action)
    if (message === undefined) return assert.deepEqual(seen, [])
    assert.equal(seen.length, 1, String(seen))
    assert.match(seen[0] ?? '', message)
  })
}
