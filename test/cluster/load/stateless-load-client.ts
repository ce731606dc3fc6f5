/**
 * A client of the stateless era for a load: it asks again with the answers for as long as input is required, listens to
 * changes on one stream after the other, and writes down all that happens to it. What breaks is not resumed: the era has
 * no way to do so.
 */

import type { IncomingMessage } from 'node:http'
import { headerValue, retryOf, StatelessClient } from '../../helpers/stateless-client.ts'
import { ANNOUNCED, WATCHED } from '../load-tools.ts'
import type { History, Outcome } from './history.ts'
import { isEventStream, NoHead, readEvents, readText, retryAfter, send, sleep } from './wire.ts'
import type { Answer, LoadClient, Work } from './work.ts'

// biome-ignore lint/suspicious/noExplicitAny: a JSON-RPC message, whose members are looked at one by one
type Message = any

const extensions = { 'io.modelcontextprotocol/tasks': {}, 'com.example/load': {} }
const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, extensions }
const RETRY_MS = 20

export class StatelessLoadClient implements LoadClient {
  readonly name: string
  readonly resumes = false
  readonly #url: string
  readonly #history: History
  /** Writes messages and headers. */
  readonly #client: StatelessClient
  readonly #stopped = new AbortController()
  #streams = 0
  #listening: Promise<void> | undefined

  constructor(name: string, url: string, history: History) {
    this.name = name
    this.#url = url
    this.#history = history
    this.#client = new StatelessClient(url, { capabilities: CAPABILITIES })
  }

  async open(): Promise<void> {
    this.#history.add({ type: 'opened', client: this.name })
    this.#listening = this.#listen()
  }

  async call(call: string, { tool, args }: Work): Promise<Answer> {
    const params = { name: tool, arguments: args }
    const meta = { progressToken: call }
    let sent: object = params
    for (;;) {
      const { message, outcome, text } = await this.#request('tools/call', sent, meta, call, tool)
      const { result } = message ?? {}
      if (result?.resultType === 'task') return await this.#finishTask(result.taskId)
      if (result?.resultType !== 'input_required')
        return { outcome: result?.isError === true ? 'error' : outcome, text }
      for (const key of Object.keys(result.inputRequests ?? {})) {
        this.#history.add({ type: 'asked', call, question: `${call} ${key}` })
      }
      sent = { ...params, ...retryOf(result, (_key, request) => answerTo(request)) }
    }
  }

  async isKnown(): Promise<boolean> {
    return true
  }

  async close(): Promise<void> {
    this.#stopped.abort()
    await this.#listening
  }

  async #finishTask(taskId: string): Promise<Answer> {
    for (;;) {
      const { message, outcome, text } = await this.#request('tasks/get', { taskId }, {})
      if (outcome === 'refused') {
        await sleep(RETRY_MS)
        continue
      }
      const { result } = message ?? {}
      if (result === undefined) return { outcome, text }
      if (result.status === 'completed')
        return { outcome: 'result', text: result.result?.content?.[0]?.text ?? '' }
      if (result.status === 'failed') return { outcome: 'error', text: JSON.stringify(result.error) }
      await sleep(100)
    }
  }

  async #request(method: string, params: object, meta: object, call = '', tool = ''): Promise<Reply> {
    const head = await this.#post(method, params, meta)
    if (head instanceof NoHead) return { outcome: 'refused', text: head.message }
    if (isEventStream(head)) return await this.#follow(head, call, tool)
    const text = await readText(head)
    try {
      const message = JSON.parse(text)
      if (head.statusCode === 200 || message.error !== undefined) return replyOf(message)
    } catch {
      // The response broke, or it is the proxy's.
    }
    return { outcome: 'refused', text: `${head.statusCode} ${text}` }
  }

  /** Sends, and again for as long as the answer is 503. */
  async #post(method: string, params: object, meta: object): Promise<IncomingMessage | NoHead> {
    const message = this.#client.message(method, params, { meta: meta as Record<string, unknown> })
    const headers = this.#client.headers(message) as Record<string, string>
    const { taskId } = message.params
    if (typeof taskId === 'string') headers['mcp-name'] = headerValue(taskId)
    for (;;) {
      try {
        const head = await send('POST', this.#url, headers, message)
        if (head.statusCode !== 503) return head
        head.resume()
        await sleep(retryAfter(head))
      } catch (error) {
        if (!(error instanceof NoHead)) throw error
        if (error.isTimeout) this.#history.add({ type: 'broken', client: this.name, what: error.message })
        return error
      }
    }
  }

  async #follow(head: IncomingMessage, call: string, tool: string): Promise<Reply> {
    for await (const { json: message } of readEvents(head)) {
      if (message === undefined) continue
      if (message.method === undefined) return replyOf(message)
      if (message.method !== 'notifications/progress') continue
      const [, n, node = ''] = String(message.params.message).split(' ')
      // A handler that asks runs from its top again, in each round: its messages come more than once.
      if (tool === 'count') this.#history.add({ type: 'progress', call, n: Number(n), node })
    }
    return { outcome: 'refused', text: 'the stream broke' }
  }

  /** Listens until the client closes, on a new stream when one has ended. */
  async #listen(): Promise<void> {
    const notifications = { resourceSubscriptions: [WATCHED], announced: true }
    const { signal } = this.#stopped
    const client = this.name
    while (!signal.aborted) {
      const head = await this.#post('subscriptions/listen', { notifications }, {})
      if (head instanceof NoHead || !isEventStream(head)) {
        if (!(head instanceof NoHead)) head.resume()
        await sleep(RETRY_MS * 5, signal)
        continue
      }
      const stop = () => head.destroy()
      signal.addEventListener('abort', stop)
      if (signal.aborted) stop()
      this.#streams += 1
      const stream = String(this.#streams)
      for await (const { json: message } of readEvents(head)) {
        const { method, params } = message ?? {}
        if (method === 'notifications/subscriptions/acknowledged') {
          this.#history.add({ type: 'listening', client, stream, session: false })
        } else if (method === ANNOUNCED) {
          this.#history.add({ type: 'heard', client, node: params.node, n: params.n })
        } else if (method === 'notifications/resources/updated') {
          this.#history.add({ type: 'updated', client })
        }
      }
      this.#history.add({ type: 'unheard', client, stream })
      signal.removeEventListener('abort', stop)
      await sleep(RETRY_MS, signal)
    }
  }
}

interface Reply {
  readonly message?: Message
  readonly outcome: Outcome
  readonly text: string
}

function replyOf(message: Message): Reply {
  if (message.error !== undefined) return { message, outcome: 'error', text: JSON.stringify(message.error) }
  return { message, outcome: 'result', text: message.result?.content?.[0]?.text ?? '' }
}

function answerTo({ method, params }: { method: string; params?: Message }): unknown {
  const content = { type: 'text', text: 'a thought' }
  return method === 'elicitation/create'
    ? { action: 'accept', content: { name: params.message } }
    : { role: 'assistant', model: 'm', content }
}
