/**
 * Times a fetch handler in process: `node child.js MODULE SETUP`. A call is a `Request` that was made before the clock
 * started, the handler, and the whole body of its `Response`, one call at a time.
 *
 * Making a `Request` is left out: on a platform it is the platform's work, and costs here as much as a fast handler.
 */

import { answerCalls } from '../lib/remote.ts'
import type { FetchHandlerOf, Setup } from '../lib/setup.ts'
import type { WireRequest } from '../lib/wire.ts'

export interface Asked {
  readonly status: number
  readonly sessionId: string | undefined
  readonly text: string
}

export interface FetchFigures {
  readonly calls: number
  readonly milliseconds: number
  /** User and system time, in microseconds. */
  readonly cpu: number
}

const URL_OF_ALL = 'http://127.0.0.1:3000/mcp'
/** Requests that are made at a time. */
const BATCH = 256
/** Answers between two that are looked at. */
const SAMPLE = 64

const [, , modulePath = '', setupText = '{}'] = process.argv
const { fetchHandler } = (await import(modulePath)) as { readonly fetchHandler?: FetchHandlerOf }
if (fetchHandler === undefined) throw new Error(`${modulePath} has no fetchHandler`)
const handler = await fetchHandler(JSON.parse(setupText) as Setup)

answerCalls({ ask, load })
process.send?.({})

async function ask(request: WireRequest): Promise<Asked> {
  const response = await handler(make(request))
  const text = await response.text()
  return { status: response.status, sessionId: response.headers.get('mcp-session-id') ?? undefined, text }
}

/** @throws {Error} an answer that is not as expected */
async function load(options: {
  readonly request: WireRequest
  readonly seconds: number
  readonly needle: string
}): Promise<FetchFigures> {
  const { request, seconds, needle } = options
  let calls = 0
  let milliseconds = 0
  let cpu = 0
  while (milliseconds < seconds * 1000) {
    const batch = Array.from({ length: BATCH }, () => make(request))
    const before = process.cpuUsage()
    const began = performance.now()
    for (const each of batch) {
      const response = await handler(each)
      const text = await response.text()
      if (response.status !== 200) throw new Error(`status ${response.status}: ${text.slice(0, 200)}`)
      if (calls++ % SAMPLE === 0 && !text.includes(needle)) throw new Error(`lacks ${needle}: ${text}`)
    }
    milliseconds += performance.now() - began
    const { user, system } = process.cpuUsage(before)
    cpu += user + system
  }
  return { calls, milliseconds, cpu }
}

function make({ method, headers, body }: WireRequest): Request {
  // As a platform passes them on.
  const length = { host: '127.0.0.1:3000', 'content-length': `${Buffer.byteLength(body)}` }
  return new Request(URL_OF_ALL, { method, headers: { ...length, ...headers }, body })
}
