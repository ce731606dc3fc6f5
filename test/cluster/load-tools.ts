/**
 * What a node of the tests offers: each kind of work that a client can have with a server, at a pace that the client
 * decides. Every answer names the node that gave it, and every message names its call, so that a history can be checked.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { McpServer, type ServerOptions } from '../../src/index.ts'

/** A resource that clients subscribe to. */
export const WATCHED = 'load://watched'
/** The notification that `announce` sends; its params are `{ node, n }`. */
export const ANNOUNCED = 'notifications/load/announced'

const NAME_FORM = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } as const
const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const

/** @param node - the name of the node */
export function createLoadServer(node: string, options: ServerOptions = {}): McpServer {
  const server = new McpServer({ name: 'cluster-node', version: '1.0.0' }, { logging: true, ...options })
  registerCalls(server, node)
  registerQuestions(server, node)
  registerTasks(server, node)
  registerChanges(server, node)
  server.registerResource('watched', WATCHED, { subscribe: true }, () => `from ${node}`)
  return server
}

function registerCalls(server: McpServer, node: string): void {
  server.registerTool('whoami', { description: 'Names the node' }, () => node)

  const echo = { type: 'object', properties: { text }, required: ['text'] } as const
  server.registerTool('echo', { inputSchema: echo }, ({ text: said }) => said)

  const counting = {
    type: 'object',
    properties: { id: text, to: count, pauseMs: count },
    required: ['id', 'to'],
  } as const
  server.registerTool(
    'count',
    { description: 'Sends numbered progress messages, then its result', inputSchema: counting },
    async ({ id, to, pauseMs = 0 }, { progress, signal }) => {
      for (let n = 1; n <= to; n++) {
        await progress(n, to, `${id} ${n} ${node}`)
        if (pauseMs > 0) await pause(pauseMs, undefined, { signal })
      }
      return `${id} done ${node}`
    },
  )
}

function registerQuestions(server: McpServer, node: string): void {
  const asking = { type: 'object', properties: { id: text }, required: ['id'] } as const
  server.registerTool(
    'ask',
    { description: 'Asks the user for a name, between two progress messages', inputSchema: asking },
    async ({ id }, { elicit, progress }) => {
      progress(1, 2, `${id} 1 ${node}`)
      const { content } = await elicit('name', { message: id, requestedSchema: NAME_FORM })
      progress(2, 2, `${id} 2 ${node}`)
      return `${id} ${content?.name} ${node}`
    },
  )

  server.registerTool(
    'think',
    { description: "Asks the client's model", inputSchema: asking },
    async ({ id }, { sample }) => {
      const content = { type: 'text', text: id } as const
      const answer = await sample('thought', { messages: [{ role: 'user', content }], maxTokens: 10 })
      return `${id} ${answer.model} ${node}`
    },
  )
}

function registerTasks(server: McpServer, node: string): void {
  const working = { type: 'object', properties: { id: text, ms: count }, required: ['id', 'ms'] } as const
  server.registerTool(
    'job',
    { description: 'Works for a time, as a task', inputSchema: working, task: true },
    async ({ id, ms }, { signal }) => {
      await pause(ms, undefined, { signal })
      return `${id} done ${node}`
    },
  )

  const asking = { type: 'object', properties: { id: text }, required: ['id'] } as const
  server.registerTool(
    'job_ask',
    { description: 'Asks the user for a name, as a task', inputSchema: asking, task: true },
    async ({ id }, { elicit }) => {
      const { content } = await elicit('name', { message: id, requestedSchema: NAME_FORM })
      return `${id} ${content?.name} ${node}`
    },
  )
}

function registerChanges(server: McpServer, node: string): void {
  // Clients of the stateless era ask for the notification by this name when they listen.
  server.registerExtension('com.example/load', { notifications: { [ANNOUNCED]: 'announced' } })
  let announced = 0
  server.registerTool('announce', { description: 'Sends a message to every client, and a change' }, () => {
    announced += 1
    server.notifyResourceUpdated(WATCHED)
    server.notify(ANNOUNCED, { node, n: announced })
    return `${node} ${announced}`
  })

  let changed = 0
  const changing = server.registerTool('change_tools', { description: 'Not changed so far' }, () => {
    changed += 1
    changing.update({ description: `Changed ${changed} times by ${node}` })
    return `${node} ${changed}`
  })
}
