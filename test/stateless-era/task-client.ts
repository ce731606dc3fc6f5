/**
 * A client that knows the Tasks extension: what passes is held against the extension's schema where the extension
 * defines it, and against that of 2026-07-28 otherwise.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as formats from 'ajv-formats'
import { isResponse } from '../helpers/conversation.ts'
import { ajvOptions, checkMessage } from '../helpers/schema-check.ts'
import {
  headerValue,
  StatelessClient,
  type StatelessClientOptions,
  type StatelessReply,
  type StatelessRequestOptions,
  statelessRevision,
} from '../helpers/stateless-client.ts'
import { Conversation, openSse, type RequestHeaders, type SseStream, type WireJson } from '../helpers/wire.ts'
import { allCapabilities } from './serving.ts'

export const tasksExtension = 'io.modelcontextprotocol/tasks'

export const taskCapabilities = { ...allCapabilities, extensions: { [tasksExtension]: {} } }

const text = readFileSync(new URL('../schemas/tasks-extension.json', import.meta.url), 'utf8')
const ajv = new Ajv2020(ajvOptions)
formats.default.default(ajv)
ajv.addSchema(JSON.parse(text), 'tasks')

const requests = new Map([
  ['tasks/get', 'GetTask'],
  ['tasks/update', 'UpdateTask'],
  ['tasks/cancel', 'CancelTask'],
])

/** @throws AssertionError */
export function checkTaskSchema(definition: string, value: unknown): void {
  const validate = ajv.getSchema(`tasks#/$defs/${definition}`)
  assert.ok(validate !== undefined, `the extension has no definition ${definition}`)
  assert.ok(validate(value), `${definition}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`)
}

export class TaskClient extends StatelessClient {
  constructor(url: string, options: StatelessClientOptions = {}) {
    super(url, { capabilities: taskCapabilities, ...options })
  }

  override headers(message: WireJson, options: StatelessRequestOptions = {}): RequestHeaders {
    const headers = super.headers(message, options)
    const { taskId } = message.params
    return requests.has(message.method) && typeof taskId === 'string'
      ? { 'mcp-name': headerValue(taskId), ...headers }
      : headers
  }

  override async request(
    method: string,
    params: object = {},
    options: StatelessRequestOptions = {},
  ): Promise<StatelessReply> {
    if (options.check !== false) checkRequest(this.message(method, params, options))
    const reply = await super.request(method, params, { ...options, check: 'none' })
    for (const message of reply.messages) checkAnswer(method, message)
    return reply
  }

  override async stream(
    method: string,
    params: object = {},
    options: StatelessRequestOptions = {},
  ): Promise<SseStream> {
    const message = this.message(method, params, options)
    if (options.check !== false) checkRequest(message)
    const conversation = new Conversation(statelessRevision, 'none')
    const headers = this.headers(message, options)
    const onMessage = (received: WireJson) => checkAnswer(method, received)
    return await openSse(this.url, { message, headers, conversation, onMessage })
  }

  /** Calls a tool, expects a task, and gives its id. */
  async begin(name: string, args: object = {}, options: StatelessRequestOptions = {}): Promise<string> {
    const { result, error } = await this.call(name, args, options)
    assert.equal(result?.resultType, 'task', JSON.stringify(result ?? error))
    return result.taskId
  }

  /** The task as tasks/get gives it. */
  async task(taskId: string): Promise<WireJson> {
    const { result, error } = await this.get(taskId)
    assert.equal(error, undefined, JSON.stringify(error))
    return result
  }

  async get(taskId: string, options: StatelessRequestOptions = {}): Promise<StatelessReply> {
    return await this.request('tasks/get', { taskId }, options)
  }

  async update(
    taskId: string,
    inputResponses: object,
    options: StatelessRequestOptions = {},
  ): Promise<StatelessReply> {
    return await this.request('tasks/update', { taskId, inputResponses }, options)
  }

  async cancel(taskId: string, options: StatelessRequestOptions = {}): Promise<StatelessReply> {
    return await this.request('tasks/cancel', { taskId }, options)
  }

  /** Asks until the task is in this state, as a client does that honours no interval. */
  async until(taskId: string, status: string): Promise<WireJson> {
    for (let asked = 0; asked < 1000; asked++) {
      const task = await this.task(taskId)
      if (task.status === status) return task
      const isOver = ['completed', 'failed', 'cancelled'].includes(task.status)
      assert.ok(!isOver, `the task was to be ${status}: ${JSON.stringify(task)}`)
    }
    assert.fail(`the task is not ${status} after 1000 questions`)
  }
}

function checkRequest(message: WireJson): void {
  const definition = requests.get(message.method)
  if (definition === undefined) checkMessage(statelessRevision, 'client-to-server', message)
  else checkTaskSchema(`${definition}Request`, message)
  const taskIds = message.params?.notifications?.taskIds
  if (taskIds !== undefined) checkTaskSchema('TaskSubscriptionNotifications', message.params.notifications)
}

/** @param method - of the request that the message belongs to */
function checkAnswer(method: string, message: WireJson): void {
  const definition = requests.get(method)
  if (message.method === 'notifications/tasks') {
    checkTaskSchema('TaskStatusNotification', message)
    checkTask(message.params)
  } else if (isResponse(message) && message.result !== undefined && definition !== undefined) {
    checkMessage(statelessRevision, 'server-to-client', message)
    checkTaskSchema(`${definition}Result`, message.result)
    if (method === 'tasks/get') checkTask(message.result)
  } else if (method === 'tools/call' && message.result?.resultType === 'task') {
    checkMessage(statelessRevision, 'server-to-client', message)
    checkTaskSchema('CreateTaskResult', message.result)
    for (const member of ['task', 'result', 'error', 'inputRequests', 'requestState', 'owner', 'payload']) {
      assert.ok(!(member in message.result), `a created task has ${member}`)
    }
  } else {
    checkMessage(statelessRevision, 'server-to-client', message, { method })
    if (message.method === 'notifications/subscriptions/acknowledged') {
      checkTaskSchema('TaskSubscriptionAcknowledgedNotifications', message.params.notifications)
    }
  }
}

/** The form that belongs to the status, and nothing of another one. */
function checkTask(task: WireJson): void {
  const forms: { readonly [status: string]: readonly [definition: string, member?: string] } = {
    working: ['WorkingTask'],
    input_required: ['InputRequiredTask', 'inputRequests'],
    completed: ['CompletedTask', 'result'],
    failed: ['FailedTask', 'error'],
    cancelled: ['CancelledTask'],
  }
  const [definition, own] = forms[task.status] ?? assert.fail(`there is no status ${task.status}`)
  checkTaskSchema(definition, task)
  for (const member of ['inputRequests', 'result', 'error', 'requestState', 'owner', 'payload']) {
    assert.equal(member in task, member === own, `${member} in a task that is ${task.status}`)
  }
  for (const time of [task.createdAt, task.lastUpdatedAt]) assert.equal(new Date(time).toISOString(), time)
  assert.ok(task.lastUpdatedAt >= task.createdAt)
  if (task.status !== 'completed') return
  const message = { jsonrpc: '2.0', id: 1, result: task.result }
  checkMessage(statelessRevision, 'server-to-client', message, { method: 'tools/call' })
}
