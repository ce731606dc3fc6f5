/** What an official client learns from a server, step by step, so that two servers can be compared. */

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'

export interface Talk {
  readonly client: Client
  /** Adds a step: what it gives, or the error that it throws. */
  step(name: string, run: () => unknown): Promise<void>
  /** By name of the step, and `notifications`: all that came, in order of their method. */
  readonly record: Record<string, unknown>
}

const CAPABILITIES = { elicitation: {}, sampling: {}, roots: { listChanged: true } }

export async function beginTalk(transport: object, capabilities: object = CAPABILITIES): Promise<Talk> {
  const client = new Client({ name: 'talker', version: '1.0.0' }, { capabilities })
  const record: Record<string, unknown> = {}
  const notifications: unknown[] = []
  record['notifications'] = notifications
  client.fallbackNotificationHandler = async ({ method, params }) => {
    notifications.push({ method, params })
  }
  if (capabilities === CAPABILITIES) answerQuestions(client)
  await client.connect(transport as Transport)
  record['initialize'] = {
    capabilities: client.getServerCapabilities(),
    info: client.getServerVersion(),
    instructions: client.getInstructions(),
  }
  return {
    client,
    record,
    async step(name, run) {
      try {
        record[name] = await run()
      } catch (error) {
        const { code, message } = error as { readonly code?: unknown; readonly message: string }
        record[name] = { error: { code, message } }
      }
    },
  }
}

function answerQuestions(client: Client): void {
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ann' } }))
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    model: 'none',
    role: 'assistant',
    content: { type: 'text', text: 'Hello' },
  }))
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home', name: 'home' }] }))
}

/** Everything that a server lists. */
export async function lists({ client, step }: Talk): Promise<void> {
  const { tools, prompts, resources } = client.getServerCapabilities() ?? {}
  if (tools) await step('tools', () => client.listTools())
  if (prompts) await step('prompts', () => client.listPrompts())
  if (resources) {
    await step('resources', () => client.listResources())
    await step('templates', () => client.listResourceTemplates())
  }
}
