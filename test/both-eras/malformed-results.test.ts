/**
 * What handlers and callbacks give in a wrong shape: it never reaches a client. The client gets an internal error with
 * a reference, and `onError` the cause, with the name of what gave it and the path of the fault.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type PromptReturn, ToolError } from '../../src/index.ts'
import type { WireJson } from '../helpers/wire.ts'
import { asking, eras } from './asking.ts'
import { expectProblem, never, type Row } from './problem.ts'

const said = { type: 'text', text: 'fine' } as const
const bytes = Buffer.from('png')
const read = (uri: string) => ['resources/read', { uri }] as const

/** An instance of a class with members of its own. */
class Block {
  constructor(members: object) {
    Object.assign(this, members)
  }
}

const blocks: readonly Row[] = [
  ['a', /must be a content block, such as \{ type: "text", text \}, and no string; got "a"$/],
  [Promise.resolve(said), /must be a content block, an object with a type; got a Promise: await it$/],
  [{ type: 'text', text: Promise.resolve('a') }, /\.text must be a string; got a Promise: await it$/],
  [null, /must be a content block.*; got null$/],
  [{ text: 'no type' }, /\.type must be text, image, .*; got undefined$/],
  [{ type: 'json' }, /\.type must be text, image, audio, resource or resource_link; got "json"$/],
  [{ type: 'text' }, /\.text must be a string; got undefined$/],
  [{ type: 'text', text: 5 }, /\.text must be a string; got the number 5$/],
  [
    { type: 'image', data: bytes, mimeType: 'image/png' },
    /\.data must be base64 text; got a Buffer: use \.toString\('base64'\)/,
  ],
  [
    { type: 'audio', data: new Uint8Array(3), mimeType: 'a/b' },
    /\.data must be base64 text; got a Uint8Array/,
  ],
  [
    { type: 'image', data: 'data:image/png;base64,AAAA', mimeType: 'image/png' },
    /\.data must be base64 text, .*"data:image/,
  ],
  [
    { type: 'image', data: 'AAA', mimeType: 'image/png' },
    /\.data must be base64 text, with its padding; got "AAA"$/,
  ],
  [
    { type: 'image', data: `${'AAAA'.repeat(5000)}A\n==`, mimeType: 'image/png' },
    /\.data must be base64 text/,
  ],
  [
    { type: 'image', data: `data:,${'AAAA'.repeat(5000)}AA`, mimeType: 'image/png' },
    /\.data must be base64 text/,
  ],
  [{ type: 'image', data: 'AAAA' }, /\.mimeType must be a string; got undefined$/],
  [{ type: 'resource' }, /\.resource must be an object with uri, and text or blob; got undefined$/],
  [{ type: 'resource', resource: { text: 'x' } }, /\.resource\.uri must be an absolute URI; got undefined$/],
  [
    { type: 'resource', resource: { uri: 'notes/1', text: 'x' } },
    /\.resource\.uri must be .*; got "notes\/1"$/,
  ],
  [{ type: 'resource', resource: { uri: 'a:b' } }, /\.resource must have text or blob; got neither$/],
  [
    { type: 'resource', resource: { uri: 'a:b', text: '', blob: '' } },
    /\.resource must have text or blob; got both$/,
  ],
  [
    { type: 'resource', resource: { uri: 'a:b', blob: bytes } },
    /\.resource\.blob must be base64 text; got a Buffer/,
  ],
  [
    { type: 'resource', resource: { uri: 'a:b', text: '', mimeType: null } },
    /\.resource\.mimeType must be .*; got null$/,
  ],
  [{ type: 'resource_link', uri: 'a:b' }, /\.name must be a string; got undefined$/],
  [{ type: 'resource_link', uri: 'a:b', name: 'x', size: '5' }, /\.size must be a number of bytes; got "5"$/],
  [
    { type: 'resource_link', uri: 'a:b', name: 'x', icons: [{ src: 5 }] },
    /\.icons\[0\]\.src must be an absolute URI/,
  ],
  [{ ...said, annotations: 'high' }, /\.annotations must be an object; got "high"$/],
  [
    { ...said, annotations: { audience: 'user' } },
    /\.annotations\.audience must be an array of roles; got "user"$/,
  ],
  [
    { ...said, annotations: { audience: ['system'] } },
    /\.annotations\.audience\[0\] must be user or assistant; got "system"$/,
  ],
  [
    { ...said, annotations: { priority: 5 } },
    /\.annotations\.priority must be a number from 0 to 1; got the number 5$/,
  ],
  [
    { ...said, annotations: { lastModified: 5 } },
    /\.annotations\.lastModified must be a string; got the number 5$/,
  ],
  [{ ...said, _meta: [] }, /\._meta must be an object; got an array$/],
  [{ ...said, _meta: 'x' }, /\._meta must be an object; got "x"$/],
]

const contents: readonly Row[] = [
  [{ contents: 'x' }, /^contents must be an array of objects; got "x"$/],
  [{ contents: [5] }, /^contents\[0\] must be an object with uri/],
  [{ uri: 'x', text: 'no uri' }, /^contents\[0\]\.uri must be an absolute URI; got "x"$/],
  [[{ uri: 'a:b' }], /^contents\[0\] must have text or blob; got neither$/],
  [[{ uri: 'a:b', blob: bytes }], /^contents\[0\]\.blob must be base64 text; got a Buffer/],
  [{ contents: [], _meta: 5 }, /^_meta must be an object; got the number 5$/],
  [{ contents: [], resultType: 'task' }, /^resultType must be complete; got "task"$/],
  [undefined, /must return a string, a Uint8Array, contents, or \{ contents \}; got undefined$/],
  [5, /must return .*; got the number 5$/],
]

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    test('every block of a tool is checked, with its path', async (t) => {
      const asked = await asking(t, era)
      const { server } = asked
      for (const [index, [block, problem]] of blocks.entries()) {
        const name = `t${index}`
        server.registerTool(name, {}, () => [said, block])
        server.registerTool(`${name}_later`, { timeoutMs: 60_000 }, async () => ({ content: [block] }))
        const path = (at: number) =>
          new RegExp(`^tool "${name}(_later)?": content\\[${at}\\]( |(?=\\.))${problem.source}`)
        await expectProblem(asked, ['tools/call', { name }], path(1), name)
        await expectProblem(asked, ['tools/call', { name: `${name}_later` }], path(0), `${name}_later`)
      }
    })

    test('instances and values with a toJSON are judged and sent as what JSON makes of them', async (t) => {
      const asked = await asking(t, era)
      const lastModified = new Date(0)
      const sent = { ...said, annotations: { lastModified: '1970-01-01T00:00:00.000Z' } }
      const fine: readonly WireJson[] = [
        [{ ...said, annotations: { lastModified } }],
        [new Block({ ...said, annotations: { lastModified } })],
        [{ toJSON: () => sent, type: 'text' }],
        { content: [sent], toJSON: undefined, isError: undefined },
        new Block({ content: [new Block(sent)] }),
      ]
      for (const [index, given] of fine.entries()) {
        asked.server.registerTool(`fine${index}`, {}, () => given)
        const { result } = await asked.call(`fine${index}`, {}, never)
        assert.deepEqual(result.content, [sent], String(index))
      }
      const inherited = Object.create(
        {
          get text() {
            return 'x'
          },
        },
        { type: { value: 'text', enumerable: true } },
      )
      const rows: readonly Row[] = [
        [[inherited], /: content\[0\]\.text must be a string; got undefined$/],
        [[{ ...said, toJSON: () => 'x' }], /: content\[0\] must be a content block, .*; got "x"$/],
        [[{ ...said, _meta: lastModified }], /: content\[0\]\._meta must be an object; got "1970/],
        [[{ ...said, _meta: new Block({ n: 1n }) }], /: the result cannot be written as JSON: .*BigInt/],
      ]
      for (const [index, [given, problem]] of rows.entries()) {
        asked.server.registerTool(`t${index}`, {}, () => given)
        await expectProblem(asked, ['tools/call', { name: `t${index}` }], problem, `t${index}`)
      }
    })

    test('the other members of a tool result are checked, and what is no result at all', async (t) => {
      const asked = await asking(t, era)
      const rows: readonly Row[] = [
        [{ content: 'note body' }, /: content must be an array of content blocks; got "note body"$/],
        [{ content: { 0: said } }, /: content must be an array of content blocks; got an object$/],
        [['a', 'b'], /: content\[0\] must be a content block/],
        [{ type: 'json' }, /: content\[0\]\.type must be/],
        [{ content: [], isError: 'no' }, /: isError must be true or false; got "no"$/],
        [{ content: [], _meta: [] }, /: _meta must be an object; got an array$/],
        [
          { content: [], resultType: 'input_required' },
          /: resultType must be complete; got "input_required"$/,
        ],
        [{ structuredContent: () => 1 }, /: structuredContent must be a JSON value; got a function$/],
        [{ structuredContent: 10n }, /: structuredContent cannot be written as JSON: /],
        [5, /^tool "t\d+" must return a string, a content block, .*; got the number 5$/],
        [
          5,
          / must return a string, a content block, an array of content blocks \(no strings\), \{ structuredContent \} or \{ content \}; got/,
        ],
        [
          { title: 'row' },
          /^tool "t\d+" must return .*; got an object: did you mean \{ structuredContent: ... \}\?$/,
        ],
        [new Map(), /^tool "t\d+" must return .*; got a Map$/],
        [new Error('x'), /^tool "t\d+" must return .*; got an Error$/],
        [
          { structuredContent: Promise.resolve({}) },
          /: structuredContent must be a JSON value; got a Promise: await it$/,
        ],
        [
          { content: Promise.resolve([]) },
          /: content must be an array of content blocks; got a Promise: await it$/,
        ],
      ]
      for (const [index, [given, problem]] of rows.entries()) {
        const name = `t${index}`
        asked.server.registerTool(name, {}, () => given)
        await expectProblem(asked, ['tools/call', { name }], problem, name)
      }
    })

    test('the content of a ToolError is checked', async (t) => {
      const asked = await asking(t, era)
      asked.server.registerTool('fails', {}, () => {
        throw new ToolError('not found', ['text'] as unknown as [])
      })
      const problem = /^tool "fails": ToolError: content\[0\] must be a content block/
      await expectProblem(asked, ['tools/call', { name: 'fails' }], problem, 'fails')
    })

    test('what resources give is checked, single ones and those of a template', async (t) => {
      const asked = await asking(t, era)
      for (const [index, [given, problem]] of contents.entries()) {
        const uri = `memo://${index}`
        asked.server.registerResource(`r${index}`, uri, {}, () => given)
        asked.server.registerResourceTemplate(`t${index}`, `note${index}://{id}`, {}, async () => given)
        const under = (use: string) => new RegExp(`^${use}(: | )${problem.source.replace('^', '')}`)
        await expectProblem(asked, read(uri), under(`Resource "r${index}"`), uri)
        await expectProblem(
          asked,
          read(`note${index}://1`),
          under(`Resource template "t${index}"`),
          `t${index}`,
        )
      }
    })

    test('the lists of templates are checked, entry by entry', async (t) => {
      const rows: readonly Row[] = [
        ['x', /^Resource template "t": list must be an array of resources; got "x"$/],
        [[null], /: list\[0\] must be an object with uri and name; got null$/],
        [
          [{ uri: 'memo://1', name: 'one' }, { uri: 'memo://2' }],
          /: list\[1\]\.name must be a string; got undefined$/,
        ],
        [[{ name: 'one' }], /: list\[0\]\.uri must be an absolute URI; got undefined$/],
        [
          [[{ uri: 'memo://1', name: 'one' }]],
          /: list\[0\] must be an object with uri and name; got an array$/,
        ],
        [
          [{ uri: 'a:b', name: 'x', description: null }],
          /: list\[0\]\.description must be a string; got null$/,
        ],
        [
          [{ uri: 'a:b', name: 'x', annotations: { priority: 2 } }],
          /: list\[0\]\.annotations\.priority must be/,
        ],
      ]
      for (const [list, problem] of rows) {
        const asked = await asking(t, era)
        asked.server.registerResourceTemplate('t', 'memo://{id}', { list: () => list }, () => '')
        await expectProblem(asked, ['resources/list', {}], problem, 't')
      }
    })

    test('what prompts give is checked', async (t) => {
      const asked = await asking(t, era)
      const rows: readonly Row[] = [
        [{ messages: 'x' }, /: messages must be an array of objects; got "x"$/],
        [[said], /: messages\[0\]\.role must be user or assistant; got undefined$/],
        [
          [{ role: 'system', content: said }],
          /: messages\[0\]\.role must be user or assistant; got "system"$/,
        ],
        [
          [{ role: 'user', content: [said] }],
          /: messages\[0\]\.content must be a content block, .*; got an array$/,
        ],
        [[{ role: 'user', content: 'x' }], /: messages\[0\]\.content must be a content block, .*; got "x"$/],
        [
          { type: 'image', data: bytes, mimeType: 'image/png' },
          /: messages\[0\]\.content\.data must be base64 text; got a Buffer/,
        ],
        [{ messages: [], description: 5 }, /: description must be a string; got the number 5$/],
        [{ messages: [], _meta: null }, /: _meta must be an object; got null$/],
        [5, /^prompt "p\d+" must return a string, .*; got the number 5$/],
      ]
      for (const [index, [given, problem]] of rows.entries()) {
        const name = `p${index}`
        asked.server.registerPrompt(name, {}, () => given as PromptReturn)
        await expectProblem(asked, ['prompts/get', { name }], problem, name)
      }
    })

    test('what completers give is checked', async (t) => {
      const asked = await asking(t, era)
      const rows: readonly Row[] = [
        [undefined, /: the result must be an object with values; got undefined$/],
        ['abc', /: the result must be an object with values; got "abc"$/],
        [['a', 5], /: values\[1\] must be a string; got the number 5$/],
        [{ values: 'abc' }, /: values must be an array of strings; got "abc"$/],
        [{ values: [], total: '7' }, /: total must be 0 or a positive integer; got "7"$/],
        [{ values: [], total: 1.5 }, /: total must be 0 or a positive integer; got the number 1.5$/],
      ]
      for (const [index, [given, problem]] of rows.entries()) {
        const name = `p${index}`
        const complete = { city: () => given }
        const argsSchema = { type: 'object', properties: { city: { type: 'string' } } } as const
        asked.server.registerPrompt(name, { argsSchema, complete }, () => '')
        const params = { ref: { type: 'ref/prompt', name }, argument: { name: 'city', value: '' } }
        const under = new RegExp(`^prompt "${name}" complete "city"${problem.source}`)
        await expectProblem(asked, ['completion/complete', params], under, name)
      }
    })
  })
}
