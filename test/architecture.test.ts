/**
 * Holds src/ against the rules of architecture-rules.ts, and each rule against a source made up to break it: a
 * rule that cannot fail protects nothing.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findCircles, findSpecifiers, resolveImport, rules, type Source } from './architecture-rules.ts'

const src = fileURLToPath(new URL('../src', import.meta.url))
const sources: readonly Source[] = (readdirSync(src, { recursive: true }) as string[])
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ path: name.replaceAll('\\', '/'), text: readFileSync(join(src, name), 'utf8') }))

describe('src/', () => {
  test('contains the sources that the rules are about', () => {
    assert.ok(sources.length > 0)
  })
  for (const [name, rule] of Object.entries(rules)) {
    test(name, () => assert.deepEqual(sources.flatMap(rule), []))
  }
  test('no files import each other in a circle', () => {
    assert.deepEqual(findCircles(sources), [])
  })
  test('every relative import names a file that exists', () => {
    const missing = sources.flatMap(({ path, text }) =>
      findSpecifiers(text)
        .filter((specifier) => specifier.startsWith('.'))
        .filter((specifier) => !existsSync(join(src, resolveImport(path, specifier) ?? specifier)))
        .map((specifier) => `${path} imports ${specifier}`),
    )
    assert.deepEqual(missing, [])
  })
})

/** The text from the first to the last layer of the diagram, with one blank between its parts. */
function layersIn(text: string): string {
  const diagram = /^[\s*]*(\{protocol, bounds\} <-[^`]*?<- index)\b/m.exec(text)?.[1]
  assert.ok(diagram !== undefined, 'there is no diagram of the layers')
  return diagram.replace(/[\s*]+/g, ' ')
}

test('src/README.md and architecture-rules.ts draw the same layers', () => {
  const read = (path: string) => readFileSync(join(src, path), 'utf8')
  assert.equal(layersIn(read('README.md')), layersIn(read('../test/architecture-rules.ts')))
  const drawn = layersIn('{protocol, bounds} <- http\n *   <- index')
  assert.notEqual(drawn, layersIn('{protocol, bounds} <- sse <- index'))
})

/** [rule, path, a source that breaks it, a source that does not] */
const cases: readonly (readonly [string, string, string, string])[] = [
  [
    'only built-ins are imported',
    'jsonrpc/decode.ts',
    "import { z } from 'zod'",
    "import { Buffer } from 'node:buffer'",
  ],
  ['only built-ins are imported', 'jsonrpc/decode.ts', "import 'express'", "import './encode.ts'"],
  [
    'only built-ins are imported',
    'jsonrpc/decode.ts',
    "const fs = await import('fs')",
    "await import('./encode.ts')",
  ],
  ['only built-ins are imported', 'jsonrpc/decode.ts', "const z = require('zod')", '// require nothing'],
  [
    'only built-ins are imported',
    'jsonrpc/decode.ts',
    "export * from './encode.js'",
    "export * from './encode.ts'",
  ],
  [
    'only built-ins are imported',
    'serve.ts',
    "import { x } from '../package.json'",
    "import { x } from './handler.ts'",
  ],
  [
    'only built-ins are imported',
    'index.ts',
    "import { a } from 'barewire'",
    " * import { a } from 'barewire'",
  ],
  ['imports go one way', 'protocol/methods.ts', "import '../jsonrpc/message.ts'", "import './spec.ts'"],
  [
    'imports go one way',
    'sse/frame.ts',
    "import type { A } from '../jsonrpc/message.ts'",
    "import '../protocol/spec.ts'",
  ],
  [
    'imports go one way',
    'node-http/body.ts',
    "import '../dispatch/rpc-exchange.ts'",
    "import '../jsonrpc/decode.ts'",
  ],
  [
    'imports go one way',
    'dispatch/dispatcher.ts',
    "import '../features/tools.ts'",
    "import '../jsonrpc/message.ts'",
  ],
  [
    'imports go one way',
    'features/tools.ts',
    "import '../node-http/body.ts'",
    "import '../dispatch/context.ts'",
  ],
  [
    'imports go one way',
    'features/tools.ts',
    "import '../session-era/http/admit.ts'",
    "import '../json-schema/compile.ts'",
  ],
  [
    'imports go one way',
    'session-era/http/admit.ts',
    "import '../../stateless-era/http/admit.ts'",
    "import '../../features/server.ts'",
  ],
  [
    'imports go one way',
    'session-era/era.ts',
    "import { Streams } from './http/streams.ts'",
    "import type { StandaloneStream } from './standalone-stream.ts'",
  ],
  [
    'imports go one way',
    'session-era/http/endpoint.ts',
    "import '../../node-http/exchange.ts'",
    "import '../era.ts'",
  ],
  [
    'imports go one way',
    'session-era/http/admit.ts',
    "import '../../select-era.ts'",
    "import '../../http/host.ts'",
  ],
  [
    'imports go one way',
    'stateless-era/exchange.ts',
    "import type { PostResponse } from './http/post-response.ts'",
    "import type { RequestTransport } from './transport.ts'",
  ],
  [
    'imports go one way',
    'stateless-era/subscriptions.ts',
    "import { encodeMessage } from '../sse/frame.ts'",
    "import { RpcError } from '../jsonrpc/rpc-error.ts'",
  ],
  [
    'imports go one way',
    'stateless-era/http/post-response.ts',
    "import { serve } from '../../serve.ts'",
    "import { StatelessExchange } from '../exchange.ts'\nimport '../../sse/frame.ts'",
  ],
  [
    'imports go one way',
    'features/tools.ts',
    "import '../stateless-era/http/admit.ts'",
    "import '../dispatch/outcome.ts'",
  ],
  ['imports go one way', 'handler.ts', "import './select-era.ts'", "import './node-http/response.ts'"],
  ['imports go one way', 'client/index.ts', "import '../features/tools.ts'", "import '../sse/parser.ts'"],
  [
    'imports go one way',
    'index.ts',
    "import { c } from './client/index.ts'",
    "import { serve } from './serve.ts'",
  ],
  ['imports go one way', 'utils/misc.ts', '', ''],
  [
    'only the entrance knows both eras',
    'serve.ts',
    "import './session-era/http/endpoint.ts'\nimport './stateless-era/http/endpoint.ts'",
    "import './session-era/http/endpoint.ts'",
  ],
  [
    'only the entrance knows both eras',
    'session-era/http/resumable-stream.ts',
    "import '../../stateless-era/subscriptions.ts'",
    '',
  ],
  [
    'only the entrance knows both eras',
    'stateless-era/http/endpoint.ts',
    "import '../../session-era/http/endpoint.ts'",
    "import '../era.ts'",
  ],
  [
    'a lifecycle names no carrier',
    'stateless-era/exchange.ts',
    "import type { HttpExchange } from '../http/http-exchange.ts'",
    "import type { RequestHeaders } from '../http/http-exchange.ts'",
  ],
  [
    'sockets stay at the edge',
    'features/tools.ts',
    "import type { IncomingMessage } from 'node:http'",
    "import 'node:crypto'",
  ],
  [
    'sse, http and json-schema know no MCP method',
    'node-http/sse-writer.ts',
    '// as tools/call does',
    '// as a caller does',
  ],
  [
    'sse, http and json-schema know no MCP method',
    'node-http/body.ts',
    "const m = 'initialize'",
    '// initialize the pool',
  ],
  [
    'sse, http and json-schema know no MCP method',
    'node-http/response.ts',
    "'notifications/cancelled'",
    "'application/json'",
  ],
  [
    'versions are compared at the edge',
    'features/tools.ts',
    "if (v === '2025-06-18') {}",
    "const v = '2025-06-18'",
  ],
  [
    'versions are compared at the edge',
    'session-era/http/admit.ts',
    "if ('2025-11-25' <= v) {}",
    "// v === '2025-11-25'",
  ],
  [
    'versions are compared at the edge',
    'node-http/response.ts',
    "case '2025-03-26':",
    "// case '2025-03-26':",
  ],
  ['versions are compared at the edge', 'handler.ts', "known.has('2026-07-28')", 'known.has(version)'],
  [
    'each file has a module comment',
    'sse/frame.ts',
    'export const x = 1',
    '/**\n * Frames: encodes one event of a stream into its bytes.\n */\nexport const x = 1',
  ],
  [
    'each file has a module comment',
    'sse/frame.ts',
    '/** Frames. */',
    `/** ${'What it is and is not. '.repeat(3)}*/`,
  ],
  ['no file is too long', 'sse/frame.ts', '\n'.repeat(401), `${'x\n'.repeat(400)}`],
]

describe('each rule', () => {
  for (const [name, path, bad, good] of cases) {
    const rule = rules[name]
    assert.ok(rule !== undefined, `there is no rule "${name}"`)
    test(`${name}: refuses ${JSON.stringify(bad.slice(0, 60))} in ${path}`, () => {
      assert.equal(rule({ path, text: bad }).length, 1)
    })
    // A layer that nobody drew has no good source.
    if (bad === good) continue
    test(`${name}: accepts ${JSON.stringify(good.slice(0, 60))} in ${path}`, () => {
      assert.deepEqual(rule({ path, text: good }), [])
    })
  }
  test('is shown to fail by at least one made-up source', () => {
    assert.deepEqual(new Set(cases.map(([name]) => name)), new Set(Object.keys(rules)))
  })
  test('lets revisions files and select-era.ts compare versions, and those two entrances import both eras', () => {
    const compares = "if (v === '2025-06-18') {}"
    const both = "import './session-era/revisions.ts'\nimport './stateless-era/revisions.ts'"
    for (const path of ['select-era.ts', 'session-era/revisions.ts', 'protocol/revisions.ts']) {
      assert.deepEqual(rules['versions are compared at the edge']?.({ path, text: compares }), [])
    }
    for (const path of ['select-era.ts', 'eras.ts']) {
      assert.deepEqual(rules['only the entrance knows both eras']?.({ path, text: both }), [])
      assert.deepEqual(rules['imports go one way']?.({ path, text: both }), [])
    }
  })
})

describe('findCircles', () => {
  const source = (path: string, ...imported: string[]): Source => ({
    path,
    text: imported.map((specifier) => `import type { A } from '${specifier}'`).join('\n'),
  })

  test('finds files that import each other, directly or through a third one, and a file that imports itself', () => {
    const pair = [source('a/one.ts', './two.ts'), source('a/two.ts', './one.ts')]
    assert.deepEqual(findCircles(pair), ['a/one.ts, a/two.ts import each other in a circle'])
    const three = [source('a/x.ts', '../b/y.ts'), source('b/y.ts', './z.ts'), source('b/z.ts', '../a/x.ts')]
    assert.deepEqual(findCircles(three), ['a/x.ts, b/y.ts, b/z.ts import each other in a circle'])
    assert.equal(findCircles([...pair, ...three]).length, 2)
    assert.deepEqual(findCircles([source('c.ts', './c.ts')]), ['c.ts import each other in a circle'])
  })
  test('counts no circle where two files share a third one, or one imports a circle from outside', () => {
    const shared = [source('a.ts', './c.ts'), source('b.ts', './a.ts', './c.ts'), source('c.ts')]
    assert.deepEqual(findCircles(shared), [])
    const circle = [source('d.ts', './e.ts'), source('e.ts', './d.ts')]
    assert.deepEqual(findCircles([source('a.ts', './d.ts'), ...circle]), [
      'd.ts, e.ts import each other in a circle',
    ])
  })
})

describe('findSpecifiers', () => {
  test('reads imports over several lines, and none from comments', () => {
    const text = [
      '/**',
      " * import { a } from 'comment'",
      ' */',
      'import {',
      '  type A,',
      '  b,',
      "} from './b.ts'",
      "export type { C } from './c.ts'",
      "type D = import('./d.ts').D",
      "// import 'nothing'",
    ].join('\n')
    assert.deepEqual(findSpecifiers(text), ['./b.ts', './c.ts', './d.ts'])
  })
})
