/** What the official conformance suite asks a server of 2025-11-25 for, as a program for the SDK: on one URL, sessions in a map. */

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { completable } from '@modelcontextprotocol/sdk/server/completable.js'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  type EventStore,
  StreamableHTTPServerTransport,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  type CallToolResult,
  type JSONRPCMessage,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type express from 'express'
import { z } from 'zod'
import { CHOICES_FORM, DEFAULTS_FORM, PERSON_FORM } from '../../fixture/client-input-tools.ts'
import { PNG, WAV } from '../../fixture/media.ts'

const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] })
const image = { type: 'image', data: PNG, mimeType: 'image/png' } as const
const embedded = (uri: string, mimeType: string, value: string) =>
  ({ type: 'resource', resource: { uri, mimeType, text: value } }) as const

function createServer(): McpServer {
  const server = new McpServer(
    { name: 'everything', version: '1.0.0' },
    { capabilities: { logging: {}, resources: { subscribe: true, listChanged: true } } },
  )
  server.registerTool('test_simple_text', { description: 'For the suite' }, async () =>
    text('This is a simple text response for testing.'),
  )
  server.registerTool('test_image_content', { description: 'For the suite' }, async () => ({
    content: [image],
  }))
  server.registerTool('test_audio_content', { description: 'For the suite' }, async () => ({
    content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  }))
  server.registerTool('test_embedded_resource', { description: 'For the suite' }, async () => ({
    content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  }))
  server.registerTool('test_multiple_content_types', { description: 'For the suite' }, async () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  }))
  server.registerTool('test_error_handling', { description: 'For the suite' }, async () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  server.registerTool('test_tool_with_logging', { description: 'For the suite' }, async (extra) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } })
      await pause(50)
    }
    return text('Tool with logging executed successfully')
  })
  server.registerTool('test_tool_with_progress', { description: 'For the suite' }, async (extra) => {
    const progressToken = extra._meta?.progressToken ?? 0
    for (const progress of [0, 50, 100]) {
      await extra.sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` },
      })
      await pause(50)
    }
    return text('Tool with progress executed successfully')
  })
  server.registerTool('test_reconnection', { description: 'For the suite' }, async (extra) => {
    extra.closeSSEStream?.()
    await pause(300)
    return text('Reconnection test completed successfully')
  })
  server.registerTool(
    'test_sampling',
    { description: 'For the suite', inputSchema: { prompt: z.string() } },
    async ({ prompt }, extra) => {
      const { content } = await server.server.createMessage(
        { messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens: 100 },
        { relatedRequestId: extra.requestId },
      )
      return text(`LLM response: ${(content as { text?: string }).text}`)
    },
  )
  const asks = (name: string, form: unknown, message?: string) =>
    server.registerTool(
      name,
      {
        description: 'For the suite',
        inputSchema: { message: z.string().default(message ?? 'Please answer') },
      },
      async (args, extra) => {
        const { action, content } = await server.server.elicitInput(
          { message: args.message, requestedSchema: form as never },
          { relatedRequestId: extra.requestId },
        )
        const said = `action=${action}, content=${JSON.stringify(content ?? {})}`
        return text(name === 'test_elicitation' ? `User response: ${said}` : `Elicitation completed: ${said}`)
      },
    )
  asks('test_elicitation', PERSON_FORM)
  asks('test_elicitation_sep1034_defaults', DEFAULTS_FORM)
  asks('test_elicitation_sep1330_enums', CHOICES_FORM)

  server.registerResource(
    'static-text',
    'test://static-text',
    { mimeType: 'text/plain' },
    async ({ href: uri }) => ({
      contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
    }),
  )
  server.registerResource(
    'static-binary',
    'test://static-binary',
    { mimeType: 'image/png' },
    async ({ href: uri }) => ({
      contents: [{ uri, mimeType: 'image/png', blob: PNG }],
    }),
  )
  server.registerResource('watched-resource', 'test://watched-resource', {}, async ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'text/plain', text: 'Watched resource content' }],
  }))
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    async ({ href: uri }, { id }) => ({
      contents: [
        {
          uri,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  )
  server.server.setRequestHandler(SubscribeRequestSchema, async () => ({}))
  server.server.setRequestHandler(UnsubscribeRequestSchema, async () => ({}))

  const user = (content: { type: 'text'; text: string }) => ({ role: 'user' as const, content })
  server.registerPrompt('test_simple_prompt', { description: 'For the suite' }, async () => ({
    messages: [user({ type: 'text', text: 'This is a simple prompt for testing.' })],
  }))
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'For the suite',
      argsSchema: {
        arg1: completable(z.string().describe('First'), (typed) =>
          ['testValue1', 'testing', 'other'].filter((value) => value.startsWith(typed)),
        ),
        arg2: z.string().describe('Second'),
      },
    },
    async ({ arg1, arg2 }) => ({
      messages: [user({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
    }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'For the suite', argsSchema: { resourceUri: z.string() } },
    async ({ resourceUri }) => ({
      messages: [
        {
          role: 'user',
          content: embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
        },
        user({ type: 'text', text: 'Please process the embedded resource above.' }),
      ],
    }),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'For the suite' }, async () => ({
    messages: [
      { role: 'user', content: image },
      user({ type: 'text', text: 'Please analyze the image above.' }),
    ],
  }))
  return server
}

/** As the SDK's example has it. */
class MemoryEvents implements EventStore {
  readonly #events: [string, string, JSONRPCMessage][] = []

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const id = `${streamId}_${this.#events.length}`
    this.#events.push([id, streamId, message])
    return id
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const from = this.#events.findIndex(([id]) => id === lastEventId)
    const stream = this.#events[from]?.[1] ?? ''
    for (const [id, streamId, message] of this.#events.slice(from + 1)) {
      if (streamId === stream && Object.keys(message).length > 0) await send(id, message)
    }
    return stream
  }
}

const transports: Record<string, StreamableHTTPServerTransport> = {}
const app = createMcpExpressApp() as express.Express
app.all('/mcp', async (req, res) => {
  const id = req.headers['mcp-session-id'] as string | undefined
  let transport = id === undefined ? undefined : transports[id]
  if (transport === undefined) {
    if (id !== undefined || req.method !== 'POST') {
      res
        .status(id === undefined ? 400 : 404)
        .json({ jsonrpc: '2.0', error: { code: -32000, message: 'No session' }, id: null })
      return
    }
    const created = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore: new MemoryEvents(),
      retryInterval: 100,
      onsessioninitialized: (session) => {
        transports[session] = created
      },
    })
    await createServer().connect(created as never)
    transport = created
  }
  await transport.handleRequest(req, res, req.body)
})
app.listen(3000)
