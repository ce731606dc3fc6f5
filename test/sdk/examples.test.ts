/**
 * The example servers and clients that the SDK's package brings, on the SDK and on the facade (hooks.mjs): the official
 * client has the same conversation with both, and a client prints the same.
 *
 * Left out: those that need an authorization server, or a person.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { run } from '../../scripts/lib/child.ts'
import { beginTalk, lists, type Talk } from './conversation.ts'
import { LIBRARIES, type Library, nodeArguments, startProgram } from './run-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const example = (path: string) =>
  fileURLToPath(
    new URL(`../../node_modules/@modelcontextprotocol/sdk/dist/esm/examples/${path}.js`, import.meta.url),
  )

type Connect = (t: TestContext, library: Library, file: string) => Promise<object>

const overHttp: Connect = async (t, library, file) => {
  const { port } = await startProgram(t, library, file)
  return new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`))
}
const overSse =
  (path: string): Connect =>
  async (t, library, file) => {
    const { port } = await startProgram(t, library, file)
    return new SSEClientTransport(new URL(`http://127.0.0.1:${port}${path}`))
  }
const overStdio: Connect = async (_t, library, file) =>
  new StdioClientTransport({
    command: process.execPath,
    args: [...nodeArguments(library), file],
    cwd: root,
    stderr: 'ignore',
  })

/** One call of each tool. */
type Calls = readonly (readonly [tool: string, args: Record<string, unknown>])[]

async function sameTalk(
  t: TestContext,
  name: string,
  connect: Connect,
  calls: Calls,
  more: (talk: Talk) => Promise<void> = async () => {},
): Promise<void> {
  const [sdk, facade] = await Promise.all(
    LIBRARIES.map(async (library) => {
      const talk = await beginTalk(await connect(t, library, example(`server/${name}`)))
      const progress: unknown[] = []
      talk.record['progress'] = progress
      await lists(talk)
      for (const [tool, args] of calls) {
        await talk.step(`${tool} ${JSON.stringify(args)}`, () =>
          talk.client.callTool({ name: tool, arguments: args }, undefined, {
            onprogress: (update) => progress.push(update),
          }),
        )
      }
      await more(talk)
      await talk.client.close()
      return talk.record
    }),
  )
  assert.deepEqual(withoutTimes(facade), withoutTimes(sdk))
}

/** Some examples say what time it is, or make an id; what is wrong with a form, each library says in its own words. */
function withoutTimes(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/(does not match requested schema: )(?:[^"\\]|\\.)*/g, '$1WHY')
    .replace(/\b[\da-f]{32}\b/g, 'TASK')
    .replace(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'UUID')
  return JSON.parse(text)
}

const periodic: Calls = [['start-notification-stream', { interval: 20, count: 3 }]]
const SERVERS: readonly (readonly [string, Connect, Calls])[] = [
  ['simpleStatelessStreamableHttp', overHttp, periodic],
  ['honoWebStandardStreamableHttp', overHttp, [['greet', { name: 'Ann' }]]],
  ['sseAndStreamableHttpCompatibleServer', overHttp, periodic],
  ['simpleSseServer', overSse('/mcp'), periodic],
  ['sseAndStreamableHttpCompatibleServer', overSse('/sse'), periodic],
  [
    'jsonResponseStreamableHttp',
    overHttp,
    [
      ['greet', { name: 'Ann' }],
      ['multi-greet', { name: 'Bo' }],
    ],
  ],
  [
    'elicitationFormExample',
    overHttp,
    [
      ['register_user', {}],
      ['update_shipping_address', {}],
    ],
  ],
  ['mcpServerOutputSchema', overStdio, [['get_weather', {}]]],
  [
    'progressExample',
    overStdio,
    [
      ['count', { n: 3 }],
      ['count', {}],
    ],
  ],
  ['toolWithSampleServer', overStdio, [['summarize', { text: 'Long' }]]],
]

for (const [name, connect, calls] of SERVERS) {
  test(`example server ${name}: the conversation is that with the SDK`, async (t) => {
    await sameTalk(t, name, connect, calls, async ({ step, client }) => {
      await step('missing prompt', () =>
        client.getPrompt({ name: 'greeting-template', arguments: { name: 'Ann' } }),
      )
    })
  })
}

async function streamed({ client }: Talk, name: string, args: Record<string, unknown>): Promise<unknown[]> {
  const seen: unknown[] = []
  const params = { name, arguments: args }
  for await (const message of client.experimental.tasks.callToolStream(params)) {
    if (message.type !== 'taskStatus') seen.push(message)
  }
  return seen
}

test('example server simpleStreamableHttp: tools, a form, tasks, one of which asks its user', async (t) => {
  const calls: Calls = [
    ['greet', { name: 'Ann' }],
    ['collect-user-info', { infoType: 'feedback' }],
    ['start-notification-stream', { interval: 20, count: 2 }],
    ['list-files', {}],
    ['delay', {}],
  ]
  await sameTalk(t, 'simpleStreamableHttp', overHttp, calls, async (talk) => {
    await talk.step('delayed', () => streamed(talk, 'delay', { duration: 20 }))
  })
})

test('example server simpleTaskInteractive: a queue and a tasks/result of its own', async (t) => {
  await sameTalk(t, 'simpleTaskInteractive', overHttp, [], async (talk) => {
    await talk.step('confirmed', () => streamed(talk, 'confirm_delete', { filename: 'a.txt' }))
    await talk.step('haiku', () => streamed(talk, 'write_haiku', { topic: 'tea' }))
  })
})

test('example server standaloneSseWithGetStreamableHttp: resources are listed', async (t) => {
  await sameTalk(t, 'standaloneSseWithGetStreamableHttp', overHttp, [])
})

test('example server ssePollingExample: the connection is closed during the call, and taken up again', async (t) => {
  await sameTalk(t, 'ssePollingExample', overHttp, [['long-task', {}]])
})

const CLIENTS = ['parallelToolCallsClient', 'multipleClientsParallel', 'streamableHttpWithSseFallbackClient']
// They wait for ten seconds and more.
describe('example clients', { concurrency: true }, () => {
  for (const name of CLIENTS) {
    test(`example client ${name} prints the same on the facade`, async (t) => {
      const printed = await Promise.all(
        LIBRARIES.map(async (library) => {
          const { port } = await startProgram(
            t,
            'sdk',
            example('server/sseAndStreamableHttpCompatibleServer'),
          )
          const args = [...nodeArguments(library), example(`client/${name}`), `http://127.0.0.1:${port}/mcp`]
          const { stdout } = await run(process.execPath, args, { cwd: root })
          return stdout.replaceAll(String(port), 'PORT').split('\n').sort()
        }),
      )
      const [sdk, facade] = printed.map(withoutTimes)
      assert.ok((sdk as string[]).length > 5)
      assert.deepEqual(facade, sdk)
    })
  }
})
