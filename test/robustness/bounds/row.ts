/** A row of the table of what is kept, the server that its clients attack, and what they send. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import {
  type HandlerOptions,
  inputRequired,
  type McpServer,
  type RequestContext,
} from '../../../src/index.ts'
import { type RequestHeaders, type SseStream, TestSession, type WireJson } from '../../helpers/wire.ts'
import { type StatelessFixture, serving } from '../../stateless-era/serving.ts'

export interface Row {
  /** What is kept. */
  readonly kept: string
  /** The options that bound it; none: a limit that is always the same. */
  readonly options: readonly string[]
  run(t: TestContext): Promise<void>
}

export const auth = { verify: (token: string) => ({ id: token }) }
export const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
export const unchecked = { check: 'none' } as const
export const memo = (name: string, length = 20) => `memo://${name}/`.padEnd(length, 'x')

function offer(server: McpServer): void {
  server.registerResourceTemplate('memo', 'memo://{+id}', { subscribe: true }, () => '')
  server.registerTool('log', {}, (_args, ctx) => {
    for (let n = 0; n < 20; n++) ctx.log.info('x'.repeat(1000))
    return 'logged'
  })
  server.registerTool('task', { task: true }, () => 'y'.repeat(10_000))
  server.registerTool('ask', {}, async (_args, ctx) => await askOften(ctx))
  server.registerTool('once', {}, async (_args, ctx) => {
    if (ctx.requestState === undefined) return inputRequired({ state: 'asked' })
    return await ctx.once('key', () => randomUUID())
  })
}

/** How many of 300 questions at once were sent. */
async function askOften(ctx: RequestContext): Promise<string> {
  const asked = Array.from({ length: 300 }, (_, n) => ctx.listRoots(`roots ${n}`, { timeoutMs: 50 }))
  const outcomes = await Promise.allSettled(asked)
  const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'answered'))
  return String(codes.filter((code) => code === 'ERR_REQUEST_TIMEOUT').length)
}

export const serve = (t: TestContext, handler: HandlerOptions = {}) =>
  serving(t, { setup: offer, handler, server: { logging: true } })

/** Sends until something is refused. @returns how many were not, and the refusal */
export async function untilRefused<Reply extends { status: number; error?: WireJson }>(
  most: number,
  send: (n: number) => Promise<Reply>,
): Promise<{ taken: number; refusal: Reply }> {
  for (let n = 0; n < most; n++) {
    const reply = await send(n)
    if (reply.error !== undefined) return { taken: n, refusal: reply }
  }
  return assert.fail(`${most} of them, and none was refused`)
}

/** Someone else is served in both eras. */
export async function assertOthersAreServed(
  { url, client }: StatelessFixture,
  headers: RequestHeaders = {},
): Promise<void> {
  const session = await TestSession.open(url, { headers })
  assert.equal((await session.call('echo', { text: 'a' })).status, 200)
  assert.equal((await client({ headers }).call('echo', { text: 'b' })).status, 200)
  await session.delete()
}

/** A listen stream, or the refusal of one. */
export async function listen(
  { client, opened }: StatelessFixture,
  notifications: object,
  { headers = {}, id = 1 }: { headers?: RequestHeaders; id?: string | number } = {},
): Promise<{ status: number; error?: WireJson; stream?: SseStream }> {
  try {
    return {
      status: 200,
      stream: await opened(client({ headers }).listen(notifications, { id, ...unchecked })),
    }
  } catch {
    return await client({ headers }).request('subscriptions/listen', { notifications }, { id, ...unchecked })
  }
}

export const initialize = (clientInfo: object, protocolVersion = '2025-11-25') => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'c', version: '1', ...clientInfo } },
})
