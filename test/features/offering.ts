/** Server definitions and sessions for the tests of what a server offers: nothing of them outlives its test. */

import type { TestContext } from 'node:test'
import { type ErrorInfo, McpServer, type ServeOptions, type ServerOptions, serve } from '../../src/index.ts'
import { TestSession, type TestSessionOptions, type WireJson } from '../helpers/wire.ts'

export const revisions = ['2025-03-26', '2025-06-18', '2025-11-25'] as const

export interface Offering {
  readonly server: McpServer
  /** What `onError` was told, in order. */
  readonly errors: { readonly error: WireJson; readonly info: ErrorInfo }[]
}

export function define(options: ServerOptions = {}): Offering {
  const errors: Offering['errors'] = []
  const onError = (error: unknown, info: ErrorInfo) => void errors.push({ error, info })
  return { server: new McpServer({ name: 'test', version: '1.0.0' }, { onError, ...options }), errors }
}

/** Serves a definition until the end of the test. @returns the URL */
export async function start(t: TestContext, server: McpServer, options: ServeOptions = {}): Promise<string> {
  const serving = await serve(server, { port: 0, ...options })
  t.after(() => serving.close({ drainMs: 0 }))
  return serving.url
}

/** A session that is closed at the end of the test. */
export async function join(
  t: TestContext,
  url: string,
  options: TestSessionOptions = {},
): Promise<TestSession> {
  const session = await TestSession.open(url, options)
  t.after(() => session.close())
  return session
}

/** A definition served for one session. */
export async function open(
  t: TestContext,
  server: McpServer,
  options: TestSessionOptions = {},
): Promise<TestSession> {
  return await join(t, await start(t, server), options)
}

/** The names (or URIs) of one list. */
export async function names(
  session: TestSession,
  kind: 'tools' | 'prompts' | 'resources',
): Promise<string[]> {
  const { result } = await session.request(`${kind}/list`)
  return result[kind].map((entry: WireJson) => (kind === 'resources' ? entry.uri : entry.name))
}
