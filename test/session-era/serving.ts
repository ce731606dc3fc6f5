/**
 * A served definition for the tests of the session era: real sockets, and tool calls that the test itself answers.
 *
 * `hold` is a tool whose handler waits for the test: `await held.next()` gives the call with its `ctx`, and nothing
 * goes on before the test says so. So no test has to guess how long something takes.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import {
  type HandlerOptions,
  McpServer,
  type RequestContext,
  type ServerOptions,
  type Serving,
  type SessionEnd,
  serve,
} from '../../src/index.ts'
import {
  type RequestOptions,
  type RequestReply,
  type SseStream,
  TestSession,
  type TestSessionOptions,
  type WireJson,
} from '../helpers/wire.ts'
import { endOfTurn, pause, within } from '../helpers/within.ts'

type Arguments = { readonly [name: string]: unknown }

/** One call of `hold` that has begun. */
export interface HeldCall {
  readonly args: Arguments
  readonly ctx: RequestContext
  /** Waits until the signal of the call aborts, and gives the reason. */
  aborted(): Promise<Error>
  finish(text: string): void
  fail(error: Error): void
}

export class HeldCalls {
  readonly #begun: HeldCall[] = []
  readonly #waiting: ((call: HeldCall) => void)[] = []

  /** The next call in the order in which they began. */
  async next(): Promise<HeldCall> {
    const begun = this.#begun.shift()
    if (begun !== undefined) return begun
    return await within(new Promise<HeldCall>((resolve) => this.#waiting.push(resolve)), () => 'a held call')
  }

  /** The handler of the tool. */
  readonly run = (args: Arguments, ctx: RequestContext): Promise<string> =>
    new Promise((finish, fail) => {
      // Asked for at once, as a handler does that passes it on.
      const { signal } = ctx
      const aborted = async () => {
        if (!signal.aborted) await within(once(signal, 'abort'), () => 'the signal to abort')
        return signal.reason
      }
      const call = { args, ctx, finish, fail, aborted }
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#begun.push(call)
      else waiting(call)
    })
}

export interface Fixture {
  readonly url: string
  readonly port: number
  readonly server: McpServer
  readonly held: HeldCalls
  /** What `onError` was given. A test that expects errors takes them out. */
  readonly errors: unknown[]
  /** Sessions that ended, with the reason, as `onSessionClosed` was told. */
  readonly ended: [id: string, reason: SessionEnd][]
  readonly stats: Serving['stats']
  readonly close: Serving['close']
  readonly ready: Serving['ready']
  readonly http: Serving['server']
  /** A session that is closed with the test. */
  open(options?: TestSessionOptions): Promise<TestSession>
}

export type FixtureOptions = HandlerOptions & ServerOptions & { setup?: (server: McpServer) => void }

/** Serves `echo`, which returns its `text` at once, `hold`, and what `setup` adds. */
export async function serving(t: TestContext, options: FixtureOptions = {}): Promise<Fixture> {
  const { setup, pageSize, logging = false, ...handlerOptions } = options
  const errors: unknown[] = []
  const server = new McpServer(
    { name: 'fixture', version: '1.0.0' },
    { logging, onError: (error) => errors.push(error), ...(pageSize !== undefined && { pageSize }) },
  )
  const held = new HeldCalls()
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  server.registerTool('echo', { inputSchema }, ({ text }) => text ?? '')
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  setup?.(server)
  const ended: [string, SessionEnd][] = []
  const { onSessionClosed } = handlerOptions
  const served = await serve(server, {
    port: 0,
    ...handlerOptions,
    onSessionClosed: (session, reason) => {
      ended.push([session.id, reason])
      onSessionClosed?.(session, reason)
    },
  })
  const sessions: TestSession[] = []
  t.after(async () => {
    t.mock.timers.reset()
    await Promise.all(sessions.map((session) => session.close()))
    await served.close({ drainMs: 0 })
    assert.deepEqual(errors, [], 'onError was told of something that the test did not expect')
  })
  return {
    url: served.url,
    port: served.port,
    stats: served.stats,
    close: served.close,
    ready: served.ready,
    http: served.server,
    server,
    held,
    errors,
    ended,
    open: async (sessionOptions) => {
      const session = await TestSession.open(served.url, sessionOptions)
      sessions.push(session)
      return session
    },
  }
}

/** The text of a tool's result. */
export function textOf(reply: { readonly result?: RequestReply['result'] }): string {
  return reply.result?.content?.[0]?.text
}

/** Small seeded generator, so that a failure can be run again. */
export function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Waits until the condition holds, looking again after each turn of the event loop, and later after each millisecond. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  let isWaiting = true
  const watch = async () => {
    for (let turn = 0; isWaiting && !condition(); turn++) await (turn < 20 ? endOfTurn() : pause())
  }
  try {
    await within(watch(), () => what)
  } finally {
    isWaiting = false
  }
}

/** Calls `hold` with a progress token and opens its stream by progress 0. */
export async function streaming(
  session: TestSession,
  held: HeldCalls,
  options: RequestOptions & { args?: object } = {},
): Promise<{ call: HeldCall; stream: SseStream }> {
  const { args = {}, ...requestOptions } = options
  const opening = session.stream(
    'tools/call',
    { name: 'hold', arguments: args },
    { meta: { progressToken: 'token' }, ...requestOptions },
  )
  const call = await held.next()
  call.ctx.progress(0)
  return { call, stream: await opening }
}

/** The same, and its client loses the connection behind progress 0. */
export async function interrupted(...all: Parameters<typeof streaming>): ReturnType<typeof streaming> {
  const begun = await streaming(...all)
  await begun.stream.until(({ json }) => json?.params?.progress === 0)
  await begun.stream.destroy()
  return begun
}

/** Progress values among the messages of a stream or an answer. */
export function progressOf(source: { readonly messages: readonly WireJson[] }): number[] {
  return source.messages
    .filter(({ method }) => method === 'notifications/progress')
    .map(({ params }) => params.progress)
}

/** Responses among the messages of a stream or an answer. */
export function responsesOf(source: { readonly messages: readonly WireJson[] }): WireJson[] {
  return source.messages.filter(({ method }) => method === undefined)
}
