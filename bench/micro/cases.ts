/**
 * The hot paths of one call, each on its own. Data and functions only; child.ts times them.
 *
 * Defeated: specialisation for one input (each case takes several in turn), work that is dropped because nobody looks
 * at its result (each run returns a number that is summed up), inputs that the engine has in a ready form (texts are
 * made anew from bytes where a server would get bytes).
 */

import { createPublicKey } from 'node:crypto'
import { isSigned } from '../../src/auth/algorithms.ts'
import { readPrincipal } from '../../src/auth/claims.ts'
import { algorithmOf, parseJws } from '../../src/auth/jws.ts'
import { sha256 } from '../../src/auth/sha256.ts'
import { ByteBudget } from '../../src/bounds/byte-budget.ts'
import { ExpiringMap } from '../../src/bounds/expiring-map.ts'
import { dispatch } from '../../src/dispatch/dispatcher.ts'
import type { RpcExchange } from '../../src/dispatch/rpc-exchange.ts'
import { toolResultProblem } from '../../src/features/result-check.ts'
import { McpServer } from '../../src/features/server.ts'
import { callTool } from '../../src/features/tools.ts'
import { createHeaderReader } from '../../src/http/headers.ts'
import { createHostCheck } from '../../src/http/host.ts'
import { createOriginCheck } from '../../src/http/origin.ts'
import { compile } from '../../src/json-schema/compile.ts'
import { decodeMessage } from '../../src/jsonrpc/decode.ts'
import { decodeBody } from '../../src/jsonrpc/decode-body.ts'
import { encodeResult } from '../../src/jsonrpc/encode.ts'
import { encodeMessage } from '../../src/sse/frame.ts'
import { ReplayRing } from '../../src/sse/replay-ring.ts'
import { checkStandardHeaders } from '../../src/stateless-era/http/mirrored-headers.ts'
import { ACCESS_TOKEN, PUBLIC_KEY } from '../lib/access-token.ts'
import { callTool as callRequest } from '../lib/wire.ts'
import { CHECKED_ARGUMENTS, CHECKED_SCHEMA, SERVER_INFO } from '../lib/workload.ts'

export interface MicroCase {
  readonly name: string
  /** `barewire`, or `floor`: the least that does the same job. */
  readonly contender: string
  /** One operation. @param i - counts up; picks the input @returns a number that depends on the result */
  run(i: number): number
  /** What `run(0)` must return: a case that does not work must not be timed. */
  readonly expected: number
}

const INPUTS = 8
const NO_EXTENSIONS: ReadonlyMap<string, string> = new Map()
const texts = Array.from({ length: INPUTS }, (_, i) => `hello benchmark ${i}`)
const at = <T>(items: readonly T[], i: number) => items[i % items.length] as T

const bodies = texts.map((text) => Buffer.from(callRequest('session', 'echo', { text }).body))
const long = texts.map((text) => Buffer.from(callRequest('session', 'echo', { text: text.repeat(600) }).body))
const results = texts.map((text) => ({ content: [{ type: 'text', text }] }))
const links = texts.map((name, i) => ({ content: [{ type: 'resource_link', uri: `file:///${i}`, name }] }))
const images = texts.map((_, i) => ({
  content: [{ type: 'image', mimeType: 'image/png', data: Buffer.alloc(3072, i).toString('base64') }],
}))
const messages = results.map((result, id) => JSON.stringify({ jsonrpc: '2.0', id, result }))
const values = texts.map((_, i) => ({ ...structuredClone(CHECKED_ARGUMENTS), limit: i + 1 }))
const rawHeaders = texts.map((_, i) => [
  ...['Host', '127.0.0.1:3000', 'Connection', 'keep-alive', 'User-Agent', `client/${i}`],
  ...['Accept', 'application/json, text/event-stream', 'Accept-Language', '*', 'Accept-Encoding', 'gzip'],
  ...['Content-Type', 'application/json', 'Content-Length', '120', 'Mcp-Session-Id', `session-${i}`],
  ...['MCP-Protocol-Version', '2025-11-25', 'Sec-Fetch-Mode', 'cors'],
])

const readHeaders = createHeaderReader(
  ['host', 'origin', 'content-type', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id'],
  ['accept'],
)
const checkHost = createHostCheck({ allowedHosts: undefined })
const checkOrigin = createOriginCheck({ allowedOrigins: undefined, allowedHosts: undefined })
const validate = compile(CHECKED_SCHEMA)
const isSound = (result: unknown) => (toolResultProblem(result) === undefined ? 1 : 0)

const limits = { maxEvents: 256, maxBytes: 1024 * 1024 }
const ring = new ReplayRing(limits, new ByteBudget(Number.POSITIVE_INFINITY))
const full = new ReplayRing(limits, new ByteBudget(Number.POSITIVE_INFINITY))
for (let i = 0; i < 300; i++) full.push(at(messages, i), i)

const server = new McpServer(SERVER_INFO)
const inputSchema = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } as const
server.registerTool('echo', { inputSchema }, ({ text }) => text)
const methods = new Map([['tools/call', callTool]])
const requests = texts.map((text, id) => ({
  id,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text } },
}))

/** An exchange that goes nowhere. */
const exchange: RpcExchange = {
  revision: '2025-11-25',
  peer: { info: { name: 'bench', version: '1' }, capabilities: {} },
  principal: undefined,
  signal: new AbortController().signal,
  aborted: false,
  logLevel: undefined,
  sessionId: 'session',
  headers: {},
  abort: () => {},
  notify: () => undefined,
  messageRate: undefined,
  request: undefined,
  clientInput: undefined,
  cacheHint: undefined,
  closeStream: () => {},
}

const keyOfIssuer = createPublicKey({ key: PUBLIC_KEY, format: 'jwk' })
const rs256 = algorithmOf(parseJws(ACCESS_TOKEN), ['RS256'])
const authorizations = texts.map(() => Buffer.from(`Bearer ${ACCESS_TOKEN}`))
const knownTokens = new ExpiringMap<true>(100, Number.POSITIVE_INFINITY)
knownTokens.add(sha256(`Bearer ${ACCESS_TOKEN}`), true, Number.POSITIVE_INFINITY, 0)

export const MICRO_CASES: readonly MicroCase[] = [
  {
    name: 'decode',
    contender: 'barewire',
    run: (i) => (decodeMessage(decodeBody(at(bodies, i))).kind === 'request' ? 1 : 0),
    expected: 1,
  },
  {
    name: 'decode',
    contender: 'floor',
    run: (i) => (JSON.parse(at(bodies, i).toString()) as { id: number }).id,
    expected: 1,
  },
  {
    name: 'decode-10k',
    contender: 'barewire',
    run: (i) => (decodeMessage(decodeBody(at(long, i))).kind === 'request' ? 1 : 0),
    expected: 1,
  },
  {
    name: 'decode-10k',
    contender: 'floor',
    run: (i) => (JSON.parse(at(long, i).toString()) as { id: number }).id,
    expected: 1,
  },
  {
    name: 'encode',
    contender: 'barewire',
    run: (i) => encodeResult(i, at(results, i)).length,
    expected: JSON.stringify({ jsonrpc: '2.0', id: 0, result: results[0] }).length,
  },
  {
    name: 'encode',
    contender: 'floor',
    run: (i) => JSON.stringify({ jsonrpc: '2.0', id: i, result: at(results, i) }).length,
    expected: JSON.stringify({ jsonrpc: '2.0', id: 0, result: results[0] }).length,
  },
  {
    name: 'frame',
    contender: 'barewire',
    run: (i) => encodeMessage(at(messages, i), `stream_${i}`).length,
    expected: `event: message\nid: stream_0\ndata: ${messages[0]}\n\n`.length,
  },
  {
    name: 'ring-push',
    contender: 'barewire',
    run: (i) => (ring.push(at(messages, i), i) > 0 ? 1 : 0),
    expected: 1,
  },
  { name: 'ring-replay-255', contender: 'barewire', run: () => full.after(45).length, expected: 255 },
  {
    name: 'headers',
    contender: 'barewire',
    run: (i) => (readHeaders(at(rawHeaders, i)).values[3] as string).length,
    expected: 'session-0'.length,
  },
  {
    name: 'host-and-origin',
    contender: 'barewire',
    run: (i) =>
      Number(
        checkHost(i % 2 === 0 ? 'localhost:3000' : '127.0.0.1:3000') === true &&
          checkOrigin(undefined) === true,
      ),
    expected: 1,
  },
  {
    name: 'mirrored-headers',
    contender: 'barewire',
    run: (i) => {
      const { method, params } = at(requests, i)
      checkStandardHeaders(method, params, 'tools/call', 'echo', NO_EXTENSIONS)
      return 1
    },
    expected: 1,
  },
  {
    name: 'dispatch',
    contender: 'barewire',
    run: (i) => ('result' in dispatch(at(requests, i), exchange, methods, server) ? 1 : 0),
    expected: 1,
  },
  { name: 'result-check', contender: 'barewire', run: (i) => isSound(at(results, i)), expected: 1 },
  { name: 'result-check-link', contender: 'barewire', run: (i) => isSound(at(links, i)), expected: 1 },
  { name: 'result-check-image', contender: 'barewire', run: (i) => isSound(at(images, i)), expected: 1 },
  {
    name: 'schema',
    contender: 'barewire',
    run: (i) => (validate(at(values, i)).valid ? 1 : 0),
    expected: 1,
  },
  {
    name: 'token-known',
    contender: 'barewire',
    run: (i) => Number(knownTokens.find(sha256(at(authorizations, i).toString('latin1'))) === true),
    expected: 1,
  },
  {
    name: 'token-first-sight',
    contender: 'barewire',
    run: (i) => {
      const jws = parseJws(at(authorizations, i).toString('latin1', 7))
      return (
        readPrincipal(jws.payload).scopes.length *
        Number(isSigned(rs256, keyOfIssuer, jws.signed, jws.signature))
      )
    },
    expected: 1,
  },
]
