/**
 * The programs of guides, on the official SDK and on the facade, driven by the official client: the two conversations are
 * the same, and where they are not, the difference is said here.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { beginTalk, lists, type Talk } from './conversation.ts'
import { LIBRARIES, startProgram } from './run-program.ts'

const program = (name: string) => fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))

interface Run extends Talk {
  readonly url: URL
  readonly transport: StreamableHTTPClientTransport
}

/** Runs the same steps against both, and gives what each has recorded. */
async function both(
  t: TestContext,
  name: string,
  steps: (run: Run) => Promise<void>,
  headers: Record<string, string> = {},
): Promise<[Record<string, unknown>, Record<string, unknown>]> {
  const records = LIBRARIES.map(async (library) => {
    const { port } = await startProgram(t, library, program(name))
    const url = new URL(`http://127.0.0.1:${port}/mcp`)
    const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } })
    const talk = await beginTalk(transport)
    await steps({ ...talk, url, transport })
    await talk.client.close()
    return talk.record
  })
  return (await Promise.all(records)) as [Record<string, unknown>, Record<string, unknown>]
}

test('an issue tracker with sessions in a map: lists, calls, failures, completion, log messages, DELETE', async (t) => {
  const [sdk, facade] = await both(t, 'issue-tracker', async (run) => {
    const { client, step, url, transport } = run
    await lists(run)
    const call = (name: string, args: Record<string, unknown>) => () =>
      client.callTool({ name, arguments: args })
    await step('list', call('list_issues', {}))
    await step('open', call('list_issues', { onlyOpen: true }))
    await step('create', call('create_issue', { title: 'Crash', labels: ['bug'] }))
    await step('too short', call('create_issue', { title: 'x', labels: ['no'] }))
    await step('throws', call('create_issue', { title: 'duplicate' }))
    await step('broken', call('broken_output', {}))
    await step('unknown tool', call('nothing', {}))
    await step('read', () => client.readResource({ uri: 'issues://2' }))
    await step('read static', () => client.readResource({ uri: 'docs://readme' }))
    await step('read nothing', () => client.readResource({ uri: 'other://2' }))
    await step('prompt', () => client.getPrompt({ name: 'triage', arguments: { area: 'login' } }))
    await step('wrong prompt', () => client.getPrompt({ name: 'triage', arguments: {} }))
    await step('complete', () =>
      client.complete({
        ref: { type: 'ref/resource', uri: 'issues://{id}' },
        argument: { name: 'id', value: '1' },
      }),
    )
    await step('level', () => client.setLoggingLevel('error'))
    await step('create silently', call('create_issue', { title: 'Quiet one' }))
    const count = async () => (await fetch(new URL('/open-sessions', url))).json()
    await step('sessions', count)
    await transport.terminateSession()
    await step('no sessions', count)
  })
  assert.deepEqual(facade, sdk)
})

test('a low-level Server: raw schemas, questions to the client, subscriptions, errors', async (t) => {
  const [sdk, facade] = await both(t, 'low-level', async (run) => {
    const { client, step } = run
    await lists(run)
    const call =
      (name: string, args = {}) =>
      () =>
        client.callTool({ name, arguments: args })
    await step('subscribe', () => client.subscribeResource({ uri: 'note:///a' }))
    await step('add', call('add_note', { name: 'a', text: 'b' }))
    await step('ask user', call('ask_user'))
    await step('ask model', call('ask_model'))
    await step('roots', call('roots'))
    await step('unknown', call('nothing'))
    await step('read', () => client.readResource({ uri: 'note:///a' }))
    await step('read nothing', () => client.readResource({ uri: 'note:///z' }))
    await step('prompt', () => client.getPrompt({ name: 'summarize' }))
    await step('no completion', () =>
      client.complete({ ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'y', value: '' } }),
    )
    await step('unsubscribe', () => client.unsubscribeResource({ uri: 'note:///a' }))
    await step('level', () => client.setLoggingLevel('debug'))
    await step('ping', () => client.ping())
  })
  assert.deepEqual(facade, sdk)
})

test('a weather server for each request: tools of all forms, progress', async (t) => {
  const [sdk, facade] = await both(t, 'weather', async (run) => {
    const { client, step, record } = run
    await lists(run)
    const call =
      (name: string, args = {}) =>
      () =>
        client.callTool({ name, arguments: args })
    await step('ping tool', call('ping_tool'))
    await step('forecast', call('get-forecast', { city: 'Bern', days: 3 }))
    await step('too many days', call('get-forecast', { city: 'Bern', days: 30 }))
    const progress: unknown[] = []
    record['progress'] = progress
    await step('dataset', () =>
      client.callTool({ name: 'process-dataset', arguments: { steps: 3 } }, undefined, {
        onprogress: (update) => progress.push(update),
      }),
    )
    await step('prompt', () => client.getPrompt({ name: 'forecast-prompt', arguments: { city: 'Oslo' } }))
    await step('read', () => client.readResource({ uri: 'weather://cities' }))
  })
  assert.deepEqual(facade, sdk)
  assert.equal((facade['progress'] as unknown[]).length, 3)
})

test('customer tools behind a token: AuthInfo, handles, completion, 401, 403, 400 for a lost session', async (t) => {
  const headers = { authorization: 'Bearer ann', 'x-test': 'yes' }
  const [sdk, facade] = await both(
    t,
    'customers',
    async (run) => {
      const { client, step, url } = run
      await lists(run)
      const call =
        (name: string, args = {}) =>
        () =>
          client.callTool({ name, arguments: args })
      await step('find', call('find_customer', { id: 'c-7' }))
      await step('wrong id', call('find_customer', { id: '7' }))
      await step('disabled', call('secret'))
      await step('unlock', call('unlock'))
      await step('tools again', () => client.listTools())
      await step('enabled', call('secret'))
      await step('complete', () =>
        client.complete({
          ref: { type: 'ref/prompt', name: 'greet' },
          argument: { name: 'name', value: 'A' },
        }),
      )
      const post = async (more: Record<string, string>) => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
        const accept = 'application/json, text/event-stream'
        const response = await fetch(url, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', accept, ...more },
        })
        const { status, headers: got } = response
        return { status, challenge: got.get('www-authenticate'), body: await response.json() }
      }
      await step('no token', () => post({}))
      await step('weak token', () => post({ authorization: 'Bearer weak' }))
      await step('lost session', () => post({ ...headers, 'mcp-session-id': 'gone' }))
    },
    headers,
  )
  assert.deepEqual(facade, sdk)
})
