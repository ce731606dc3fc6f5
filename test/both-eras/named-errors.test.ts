/** What functions of the application throw: `onError` hears of it with the name of what they belong to. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SchemaLike } from '../../src/index.ts'
import { asking, eras } from './asking.ts'
import { never } from './problem.ts'

const fail = (): never => {
  throw new Error('hunter2')
}
const later = async (): Promise<never> => fail()
const json = () => ({ type: 'object' })
const argsSchema = { type: 'object', properties: { x: { type: 'string' } } } as const
const failing: SchemaLike = {
  '~standard': { version: 1, vendor: 'test', validate: fail, jsonSchema: { input: json, output: json } },
}

for (const era of eras) {
  test(`${era}: an error of a handler is reported with the name of its prompt or resource`, async (t) => {
    const { server, request, errors } = await asking(t, era)
    server.registerPrompt('now', {}, fail)
    server.registerPrompt('later', {}, later)
    server.registerPrompt('schema', { argsSchema: failing }, () => '')
    server.registerPrompt('completed', { argsSchema, complete: { x: later } }, () => '')
    server.registerResource('r', 'memo://r', {}, fail)
    server.registerResourceTemplate('family', 'note://{id}', { complete: { id: fail } }, later)
    const argument = { name: 'x', value: '' }
    const rows: readonly (readonly [method: string, params: object, name: string])[] = [
      ['prompts/get', { name: 'now' }, 'now'],
      ['prompts/get', { name: 'later' }, 'later'],
      ['prompts/get', { name: 'schema' }, 'schema'],
      ['resources/read', { uri: 'memo://r' }, 'memo://r'],
      ['resources/read', { uri: 'note://7' }, 'note://7'],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'completed' }, argument }, 'completed'],
      [
        'completion/complete',
        { ref: { type: 'ref/resource', uri: 'note://{id}' }, argument: { ...argument, name: 'id' } },
        'family',
      ],
    ]
    for (const [method, params, name] of rows) {
      const { error } = await request(method, params, never)
      const { error: cause, info } = errors.at(-1) ?? {}
      assert.equal(error?.message, `Internal error (reference ${info?.correlationId})`)
      assert.deepEqual(
        [cause.message, info?.phase, info?.method, info?.name],
        ['hunter2', 'handler', method, name],
      )
    }
    assert.equal(errors.length, rows.length)
  })

  test(`${era}: an error of a list callback is reported with the name of its template`, async (t) => {
    for (const list of [fail, later]) {
      const { server, request, errors } = await asking(t, era)
      server.registerResourceTemplate('good', 'memo://{id}', { list: () => [] }, () => '')
      server.registerResourceTemplate('bad', 'note://{id}', { list }, () => '')
      const { error } = await request('resources/list', {}, never)
      assert.equal(error.code, -32603)
      assert.deepEqual([errors.at(-1)?.error.message, errors.at(-1)?.info.name], ['hunter2', 'bad'])
    }
  })

  test(`${era}: a listed resource that JSON cannot hold is reported with its place`, async (t) => {
    const { server, request, errors } = await asking(t, era)
    const list = () => [
      { uri: 'note://1', name: 'one' },
      { uri: 'note://2', name: 'two', _meta: { size: 1n } },
    ]
    server.registerResourceTemplate('bad', 'note://{id}', { list }, () => '')
    const { error } = await request('resources/list', {}, never)
    assert.equal(error.code, -32603)
    const { error: cause, info } = errors.at(-1) ?? {}
    assert.match(
      cause.message,
      /^Resource template "bad": list\[1\] cannot be written as JSON: Do not know how to serialize a BigInt/,
    )
    assert.deepEqual([cause.code, info?.phase, info?.name], ['ERR_RESULT', 'output', 'bad'])
  })
}
