/**
 * The client under test of the official conformance suite's client mode: the suite starts this program with the URL of
 * its server as last argument, and the scenario, the revision and what else is needed in the environment.
 *
 *    tsx test/conformance/client.ts http://localhost:1234/mcp
 *
 * What a scenario observes is what a usual program does: connect, list, call. Those that need more have a row below.
 */

import { type Client, type ConnectOptions, connect, type JsonObject } from '../../src/client/index.ts'
import { authFor } from './auth-client.ts'
import { verifySkills } from './skills-client.ts'

const {
  MCP_CONFORMANCE_SCENARIO: scenario = '',
  MCP_CONFORMANCE_CONTEXT: context = '{}',
  MCP_CONFORMANCE_PROTOCOL_VERSION: revision = '',
} = process.env
const url = process.argv.at(-1) ?? ''

interface Scenario {
  readonly options?: ConnectOptions
  run(client: Client): Promise<unknown>
}

/** Accepts every form as it is: the defaults are for the client to fill in. */
const acceptAll: ConnectOptions = { onElicit: () => ({ action: 'accept', content: {} }) }

const scenarios: Readonly<Record<string, Scenario>> = {
  initialize: { run: listAll },
  tools_call: { run: (client) => callEach(client, () => ({ a: 2, b: 3 })) },
  'sse-retry': { run: (client) => callEach(client) },
  'elicitation-sep1034-client-defaults': { options: acceptAll, run: (client) => callEach(client) },
  'request-metadata': {
    options: {
      ...acceptAll,
      onRoots: () => [],
      onSample: () => ({ role: 'assistant', content: { type: 'text', text: '' }, model: 'none' }),
    },
    run: listAll,
  },
  'sep-2322-client-request-state': {
    options: { onElicit: () => ({ action: 'accept', content: { confirmed: true } }) },
    run: async (client) => {
      const tools = await client.tools().toArray()
      // At the same time: nothing of one call may get into another.
      await Promise.all(tools.map(({ name }) => client.callTool(name)))
    },
  },
  'http-standard-headers': { run: useEverything },
  'http-custom-headers': { run: callAsTold },
  'http-invalid-tool-headers': { run: (client) => callEach(client) },
  'json-schema-ref-no-deref': { run: listAll },
  'json-schema-2020-12-preservation': {
    run: async (client) => {
      const tools = await client.tools().toArray()
      const { inputSchema } = tools.find(({ name }) => name === 'json_schema_2020_12_tool') ?? {}
      await client.callTool('json_schema_echo', { schema: inputSchema })
    },
  },
  'sep-2640-client-no-prefetch': { run: (client) => client.request('skills/list') },
}

async function listAll(client: Client): Promise<void> {
  await client.tools().toArray()
}

async function callEach(client: Client, argsOf: () => JsonObject = () => ({})): Promise<void> {
  for (const { name } of await client.tools().toArray()) await client.callTool(name, argsOf())
}

async function useEverything(client: Client): Promise<void> {
  await callEach(client)
  for (const { uri } of await client.resources().toArray()) await client.readResource(uri)
  for (const { name } of await client.prompts().toArray()) await client.getPrompt(name)
}

async function callAsTold(client: Client): Promise<void> {
  const { toolCalls = [] } = JSON.parse(context) as {
    readonly toolCalls?: readonly { readonly name: string; readonly arguments: JsonObject }[]
  }
  for (const { name, arguments: args } of toolCalls) await client.callTool(name, args)
}

async function main(): Promise<void> {
  const isAuth = scenario.startsWith('auth/')
  const known: Scenario | undefined = isAuth
    ? { options: { auth: authFor(scenario, JSON.parse(context)) }, run: (client) => callEach(client) }
    : (scenarios[scenario] ??
      (scenario.startsWith('sep-2640-client-verify') ? { run: verifySkills } : undefined))
  if (known === undefined) throw new Error(`There is no client for the scenario "${scenario}"`)
  const onError = (error: unknown) => console.error('onError:', error)
  // 2025-03-26's servers have their endpoints of authorization only, and any revision of the session era.
  const first = revision === '2026-07-28' ? 'discover' : 'initialize'
  // All scenarios run at the same time, on whatever machine.
  await using client = await connect(url, {
    onError,
    first,
    timeoutMs: 0,
    requestTimeoutMs: 0,
    ...known.options,
  })
  await known.run(client)
}

await main()
