/** The client against servers of the official SDK, over each of its transports. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Client, type ConnectTarget, connect, forgetServers } from '../../src/client/index.ts'
import { stdio } from '../../src/client/stdio.ts'
import { typescript } from '../helpers/typescript.ts'
import { eventStream, type Running, streamable } from './official-server.ts'

const { TRANSPILED_SOURCES } = process.env
const testEnv = TRANSPILED_SOURCES === undefined ? {} : { TRANSPILED_SOURCES }
const program = fileURLToPath(new URL('official-server.ts', import.meta.url))

interface Row {
  readonly name: string
  readonly revision: string
  /** Whether the server can send anything but answers. */
  readonly asks: boolean
  readonly streams: boolean
  start(): Promise<Running> | Running
  target?(): ConnectTarget
}

const rows: readonly Row[] = [
  {
    name: 'sessions',
    revision: '2025-11-25',
    asks: true,
    streams: true,
    start: () => streamable('sessions'),
  },
  {
    name: 'one server for each request',
    revision: '2025-11-25',
    asks: false,
    streams: true,
    start: () => streamable('requests'),
  },
  { name: 'JSON only', revision: '2025-11-25', asks: false, streams: false, start: () => streamable('json') },
  { name: 'HTTP+SSE', revision: '2025-11-25', asks: true, streams: true, start: eventStream },
  {
    name: 'stdio',
    revision: '2025-11-25',
    asks: true,
    streams: true,
    start: () => ({ url: '', close: () => {} }),
    // A server gets few variables of the environment; the loader of npm test reads one of its own.
    target: () => stdio(process.execPath, [...typescript, program], { env: testEnv }),
  },
]

async function useAll(client: Client, { asks, streams }: Row): Promise<void> {
  const tools = await client.tools().toArray()
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['add', 'count', 'ask'],
  )
  const sums = await Promise.all([1, 2, 3].map((a) => client.callTool('add', { a, b: 1 })))
  assert.deepEqual(
    sums.map(({ structuredContent }) => structuredContent),
    [{ sum: 2 }, { sum: 3 }, { sum: 4 }],
  )
  const reports: number[] = []
  await client.callTool('count', {}, { onProgress: ({ progress }) => reports.push(progress) })
  if (streams) assert.deepEqual(reports, [1, 2, 3])
  assert.equal(
    JSON.stringify((await client.readResource('note://1')).contents),
    '[{"uri":"note://1","text":"a note"}]',
  )
  assert.equal((await client.getPrompt('greet', { name: 'Ann' })).messages.length, 1)
  const failed = await client.callTool('add', { a: 'x' })
  assert.equal(failed.isError, true)
  if (!asks) return
  const { content } = await client.callTool('ask')
  const [first] = content as unknown as readonly [{ readonly text: string }]
  assert.deepEqual(JSON.parse(first.text), { action: 'accept', content: { name: 'Ann', age: 7 } })
}

for (const row of rows) {
  test(`official SDK v1, ${row.name}: list, call, progress, read, prompt, elicit`, async (t) => {
    forgetServers()
    const running = await row.start()
    t.after(() => running.close())
    await using client = await connect(row.target?.() ?? running.url, {
      onElicit: () => ({ action: 'accept', content: { name: 'Ann' } }),
    })
    assert.deepEqual(
      [client.era, client.revision, client.serverInfo?.name],
      ['session', row.revision, 'official'],
    )
    await useAll(client, row)
  })
}
