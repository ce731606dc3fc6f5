/** The official clients over stdio, which start a program, and what is asked of every server behind them. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Client, type VersionNegotiationMode } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import type { WireJson } from '../helpers/wire.ts'

export interface Program {
  readonly command: string
  readonly args: string[]
  readonly env?: Record<string, string>
}

/** How the client of the second generation chooses an era, and what it gets from a server that has both. */
export const MODES: readonly {
  readonly name: string
  readonly mode: VersionNegotiationMode | undefined
  readonly revision: string
}[] = [
  { name: 'session era', mode: undefined, revision: '2025-11-25' },
  { name: 'auto', mode: 'auto', revision: '2026-07-28' },
  { name: 'pinned to 2026-07-28', mode: { pin: '2026-07-28' }, revision: '2026-07-28' },
]

const capabilities = { elicitation: {} }
/** Calls in which all progress may be lost. */
const MAX_CALLS = 20
const person = { action: 'accept' as const, content: { username: 'ann', email: 'ann@example.com' } }

export interface StdioV1Client {
  readonly client: ClientV1
  /** The data of the log messages that came. */
  readonly logged: readonly unknown[]
}

export async function startV1(t: TestContext, program: Program): Promise<StdioV1Client> {
  const client = new ClientV1({ name: 'stdio-v1', version: '1.0.0' }, { capabilities })
  const logged: unknown[] = []
  client.setRequestHandler(ElicitRequestSchema, () => person)
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logged.push(params.data)
  })
  // A line that is no message is an error too.
  const errors: Error[] = []
  client.onerror = (error) => errors.push(error)
  await client.connect(new StdioV1({ ...program, stderr: 'ignore' }))
  t.after(async () => {
    await client.close()
    assert.deepEqual(errors.filter(isUnexpected), [])
  })
  return { client, logged }
}

export async function startV2(
  t: TestContext,
  mode: VersionNegotiationMode | undefined,
  program: Program,
): Promise<Client> {
  const options = { capabilities, ...(mode !== undefined && { versionNegotiation: { mode } }) }
  const client = new Client({ name: 'stdio-v2', version: '1.0.0' }, options)
  client.setRequestHandler('elicitation/create', () => person)
  const errors: Error[] = []
  client.onerror = (error) => errors.push(error)
  await client.connect(new StdioClientTransport({ ...program, stderr: 'ignore' }))
  t.after(async () => {
    await client.close()
    assert.deepEqual(errors.filter(isUnexpected), [])
  })
  return client
}

/** Of progress that came in one piece with the result of its call, for which they have no place any more. */
function isUnexpected({ message }: Error): boolean {
  return !message.includes('progress notification for an unknown token')
}

/** What both clients have alike. */
interface OfficialClient {
  listTools(): Promise<{ readonly tools: readonly unknown[] }>
  callTool(params: object, schema?: undefined, options?: object): Promise<WireJson>
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string }[] }>
  readResource(params: { readonly uri: string }): Promise<{ readonly contents: readonly unknown[] }>
  getPrompt(params: { readonly name: string }): Promise<{ readonly messages: readonly unknown[] }>
}

/** Tools, progress, resources, prompts, elicitation, and calls at once, of a server with the definition of the fixture. */
export async function checkFixture(official: unknown): Promise<void> {
  const client = official as OfficialClient
  assert.ok((await client.listTools()).tools.length > 10)
  const call = { name: 'test_tool_with_progress', arguments: {} }
  // The second one takes no schema.
  const takesSchema = client.callTool.length === 3 || client instanceof ClientV1
  await checkProgress((onprogress) =>
    takesSchema
      ? client.callTool(call, undefined, { onprogress })
      : client.callTool(call, { onprogress } as never),
  )
  const { resources } = await client.listResources()
  assert.ok((await client.readResource({ uri: resources[0]?.uri ?? '' })).contents.length > 0)
  assert.ok((await client.getPrompt({ name: 'test_simple_prompt' })).messages.length > 0)
  const asked = await client.callTool({ name: 'test_elicitation', arguments: { message: 'Who?' } })
  assert.match(asked.content[0].text, /ann/)
  const many = Array.from({ length: 50 }, () => client.callTool({ name: 'test_simple_text', arguments: {} }))
  assert.equal((await Promise.all(many)).length, 50)
}

/**
 * Calls the fixture's tool with progress. Of messages that come in one piece an official client takes the result first,
 * and forgets the progress that comes after it: on a busy machine all of it. Such a call is made again.
 */
export async function checkProgress(
  call: (onprogress: (each: { readonly progress: number }) => void) => Promise<WireJson>,
): Promise<void> {
  let heard: number[] = []
  for (let calls = 0; heard.length === 0 && calls < MAX_CALLS; calls++) {
    const values: number[] = []
    const { content } = await call(({ progress }) => values.push(progress))
    assert.match(content[0].text, /successfully/)
    heard = values
  }
  assert.deepEqual(heard, [0, 50, 100].slice(0, Math.max(1, heard.length)))
}
