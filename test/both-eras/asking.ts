/** One call of a tool in either era, with questions on the way that one function answers: the same test for both. */

import type { TestContext } from 'node:test'
import { type McpServer, type ServerOptions, serve } from '../../src/index.ts'
import { define } from '../features/offering.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { TestSession, type WireJson } from '../helpers/wire.ts'

export const eras = ['session', 'stateless'] as const

/** Gives the result for a question. */
export type Answer = (method: string, params: WireJson) => unknown

export interface Asking {
  readonly server: McpServer
  readonly errors: ReturnType<typeof define>['errors']
  /** What was asked, in order: the message of an elicitation, or the method. */
  readonly asked: string[]
  call(name: string, args: object, answer: Answer): Promise<{ result: WireJson; error: WireJson }>
  request(method: string, params: object, answer: Answer): Promise<{ result: WireJson; error: WireJson }>
}

export const capabilities = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} }

export async function asking(
  t: TestContext,
  era: (typeof eras)[number],
  options: { server?: ServerOptions; capabilities?: object } = {},
): Promise<Asking> {
  const { server, errors } = define(options.server)
  const serving = await serve(server, { port: 0 })
  const declared = { capabilities: options.capabilities ?? capabilities }
  const asked: string[] = []
  const note = (answer: Answer): Answer => {
    return (method, params) => {
      asked.push(params?.message ?? method)
      return answer(method, params)
    }
  }
  const session = era === 'session' ? await TestSession.open(serving.url, declared) : undefined
  t.after(async () => {
    await session?.close()
    await serving.close({ drainMs: 0 })
  })
  const request: Asking['request'] = async (method, params, answer) => {
    if (session !== undefined) {
      session.onRequest = note(answer)
      return await session.request(method, params)
    }
    const noted = note(answer)
    const answers = (_key: string, { method: name, params: sent }: WireJson) => noted(name, sent)
    return await new StatelessClient(serving.url, declared).drive(method, params, { answers })
  }
  const call: Asking['call'] = (name, args, answer) =>
    request('tools/call', { name, arguments: args }, answer)
  return { server, errors, asked, call, request }
}
