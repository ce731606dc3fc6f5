/** Registrations and options of wrong types: a TypeError that names what is wrong, and nothing that is ignored in silence. */

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { createMcpHandler, type McpServer } from '../../src/index.ts'
import { type StdioOptions, serveStdio } from '../../src/stdio.ts'
import { define } from './offering.ts'

const circular: { self?: unknown } = {}
circular.self = circular
/** What has no members of its own to be looked at, so that it would be taken for an empty object. */
const others: readonly unknown[] = [null, true, 0, 5, 1n, Symbol('s'), 'x', '', () => 'x', [], ['x']]

function refuses(register: (server: McpServer) => unknown, problem: RegExp): void {
  const { server } = define()
  assert.throws(
    () => register(server),
    (error) => error instanceof TypeError && problem.test(error.message),
    String(problem),
  )
}

test('options that are objects of functions are refused when they are no objects', () => {
  for (const other of others) {
    const complete = other as never
    refuses(
      (server) => server.registerPrompt('p', { complete }, () => ''),
      /^prompt "p" complete must be an object; got /,
    )
    refuses(
      (server) => server.registerResourceTemplate('t', 'a:{b}', { complete }, () => ''),
      /^Resource template "t" complete must be an object; got /,
    )
    for (const option of ['methods', 'cache', 'namedBy', 'notifications']) {
      refuses(
        (server) => server.registerExtension('com.example/x', { [option]: other } as never),
        new RegExp(`^Extension "com\\.example/x" ${option} must be an object; got `),
      )
    }
  }
})

test('names and URIs are refused when they are no strings', () => {
  for (const other of others) {
    if (typeof other === 'string') continue
    const wrong = other as never
    refuses((server) => server.registerResource('r', wrong, {}, () => ''), /^Resource "r": .+ is not a URI/)
    refuses(
      (server) => server.registerResourceTemplate('t', wrong, {}, () => ''),
      /^Resource template "t": the URI template must be a string; got /,
    )
    refuses((server) => server.registerExtension(wrong), /^Extension .*: an id is a reversed domain name/)
  }
})

test('a member that JSON cannot hold is named', () => {
  for (const wrong of [1n, circular] as never[]) {
    refuses(
      (server) => server.registerTool('t', { title: wrong }, () => ''),
      /^tool "t" title must be a string; got /,
    )
    refuses((server) => server.registerPrompt('p', { icons: [wrong] }, () => ''), /^prompt "p" icons\[0\]/)
    refuses(
      (server) => server.registerResource('r', 'a:b', { size: wrong }, () => ''),
      /^Resource "r" size must be a number of bytes; got /,
    )
    refuses(
      (server) => server.registerTool('t', { _meta: { a: wrong } }, () => ''),
      /^tool "t" cannot be written as JSON: /,
    )
  }
})

test('options of handlers are named', () => {
  const { server } = define()
  const rows: readonly (readonly [options: object, problem: RegExp])[] = [
    [{ allowedHosts: [1n] }, /^allowedHosts: 1 is not a host/],
    [{ allowedOrigins: [1n] }, /^allowedOrigins: 1 is not an origin/],
    [{ store: [] }, /^store must be a store, .*; got an array$/],
  ]
  for (const [options, problem] of rows) {
    assert.throws(() => createMcpHandler(server, options), { name: 'TypeError', message: problem })
  }
  for (const name of ['input', 'output'] as const) {
    for (const other of others) {
      const streams = { input: new PassThrough(), output: new PassThrough(), [name]: other } as StdioOptions
      assert.throws(
        () => serveStdio(server, streams),
        { name: 'TypeError', message: new RegExp(`^${name} must be a stream; got `) },
        String(other),
      )
    }
  }
})
