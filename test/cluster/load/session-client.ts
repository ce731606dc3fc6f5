/**
 * A client of the session era for a load: it comes back for every stream with its Last-Event-ID until it has the response,
 * answers what it is asked, listens to its standalone stream, and writes down all that happens to it.
 */

import type { IncomingMessage } from 'node:http'
import type { SseEvent } from '../../helpers/sse-parser.ts'
import { ANNOUNCED, WATCHED } from '../load-tools.ts'
import type { History, Outcome } from './history.ts'
import { isEventStream, NoHead, readEvents, readText, retryAfter, send, sleep } from './wire.ts'
import type { Answer, LoadClient, Work } from './work.ts'

// biome-ignore lint/suspicious/noExplicitAny: a JSON-RPC message, whose members are looked at one by one
type Message = any

const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, tasks: { list: {}, cancel: {} } }
const MISSED = /^Messages were missed/
/** A client does not come back at once, whatever the server says. */
const RETRY_MS = 20

export class SessionClient implements LoadClient {
  readonly name: string
  readonly resumes = true
  readonly #url: string
  readonly #history: History
  readonly #revision: string
  readonly #stopped = new AbortController()
  #sessionId = ''
  #lastId = 0
  #listening: Promise<void> | undefined

  /** @param revision - one of the session era that has event ids */
  constructor(name: string, url: string, history: History, revision: string) {
    this.name = name
    this.#url = url
    this.#history = history
    this.#revision = revision
  }

  async open(): Promise<void> {
    const clientInfo = { name: this.name, version: '1' }
    const params = { protocolVersion: this.#revision, capabilities: CAPABILITIES, clientInfo }
    const { head, message } = await this.#request('initialize', params)
    if (message?.result?.protocolVersion !== this.#revision)
      throw new Error(`initialize: ${JSON.stringify(message)}`)
    this.#sessionId = String(head?.headers['mcp-session-id'])
    await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    this.#history.add({ type: 'opened', client: this.name })
    const subscribed = await this.#request('resources/subscribe', { uri: WATCHED })
    if (subscribed.message?.result === undefined)
      throw new Error(`subscribe: ${JSON.stringify(subscribed.message)}`)
    this.#history.add({ type: 'listening', client: this.name, stream: 'session', session: true })
    this.#listening = this.#listen()
  }

  async call(call: string, { tool, args, task }: Work): Promise<Answer> {
    const asTask = task === undefined ? {} : { task: { ttl: 120_000 } }
    const params = { name: tool, arguments: args, _meta: { progressToken: call }, ...asTask }
    const answer = await this.#requestOrRefusal('tools/call', params, call)
    const taskId = answer.message?.result?.task?.taskId
    return taskId === undefined ? answerOf(answer) : await this.#finishTask(taskId, call)
  }

  /** @returns whether the session is still known */
  async isKnown(): Promise<boolean> {
    const { message } = await this.#requestOrRefusal('ping', {})
    return message?.result !== undefined
  }

  async close(): Promise<void> {
    this.#stopped.abort()
    await this.#listening
    const head = await send('DELETE', this.#url, this.#headers()).catch(() => undefined)
    head?.resume()
  }

  /** Polls a task to its end, on whichever node, then asks for its result. */
  async #finishTask(taskId: string, call: string): Promise<Answer> {
    for (;;) {
      const got = await this.#requestOrRefusal('tasks/get', { taskId }, call)
      if (got.outcome === 'refused') {
        // A task is asked for again, with another request.
        await sleep(RETRY_MS)
        continue
      }
      const { result } = got.message ?? {}
      if (result === undefined) return answerOf(got)
      if (!['working', 'input_required'].includes(result.status)) break
      await sleep(100)
    }
    for (;;) {
      const answer = await this.#requestOrRefusal('tasks/result', { taskId }, call)
      if (answer.outcome !== 'refused') return answerOf(answer)
      await sleep(RETRY_MS)
    }
  }

  async #request(method: string, params: object) {
    const reply = await this.#requestOrRefusal(method, params)
    if (reply.message === undefined) throw new Error(`${method} was refused: ${reply.text}`)
    return reply
  }

  /** Sends a request, and again where a node says that it did nothing (503), and reads its response. */
  async #requestOrRefusal(method: string, params: object, call = ''): Promise<Reply> {
    this.#lastId += 1
    const message = { jsonrpc: '2.0', id: `${this.name}-${this.#lastId}`, method, params }
    const head = await this.#post(message)
    if (head instanceof NoHead) return { outcome: 'refused', text: head.message }
    if (head.statusCode === 200 && isEventStream(head))
      return { head, ...(await this.#follow(head, message.id, call)) }
    const text = await readText(head)
    const response = parse(text)
    if (head.statusCode !== 200) {
      if (head.statusCode === 404) this.#broken(`404 for ${method}: ${text}`)
      return { head, outcome: 'refused', text: `${head.statusCode} ${text}` }
    }
    if (response === undefined) return { head, outcome: 'refused', text: `a response that broke: ${text}` }
    return { head, ...replyOf(response) }
  }

  async #post(message: object): Promise<IncomingMessage | NoHead> {
    return await this.#send('POST', this.#headers(), message)
  }

  /** Sends, and again for as long as the answer is 503. */
  async #send(
    method: 'GET' | 'POST',
    headers: Readonly<Record<string, string>>,
    message?: object,
  ): Promise<IncomingMessage | NoHead> {
    for (;;) {
      try {
        const head = await send(method, this.#url, headers, message)
        if (head.statusCode !== 503) return head
        if (head.headers['retry-after'] === undefined) this.#broken('503 without Retry-After')
        head.resume()
        await sleep(retryAfter(head), this.#stopped.signal)
        if (this.#stopped.signal.aborted && method === 'GET') return head
      } catch (error) {
        if (!(error instanceof NoHead)) throw error
        if (error.isTimeout) this.#broken(error.message)
        return error
      }
    }
  }

  /** Reads the stream of a request, over as many connections as it takes, until its response. */
  async #follow(first: IncomingMessage, id: string, call: string): Promise<Omit<Reply, 'head'>> {
    let lastEventId: string | undefined
    let head = first
    let retryMs = RETRY_MS
    for (;;) {
      for await (const event of readEvents(head)) {
        lastEventId = event.id ?? lastEventId
        retryMs = event.retry ?? retryMs
        const message = this.#read(event, call)
        if (message === undefined) continue
        if (message.method === undefined) {
          if (message.id === id) return replyOf(message)
          this.#broken(`a response for another request: ${event.data}`)
        }
        this.#receive(message, call)
      }
      if (lastEventId === undefined) return { outcome: 'refused', text: 'it broke before the first event id' }
      const resumed = await this.#resume(lastEventId, retryMs)
      if (typeof resumed === 'string') return { outcome: 'gap', text: resumed }
      head = resumed
    }
  }

  /** @returns the text of a refusal, which says that events are missing */
  async #resume(lastEventId: string, retryMs: number): Promise<IncomingMessage | string> {
    for (;;) {
      await sleep(retryMs)
      const head = await this.#send('GET', { ...this.#headers(), 'last-event-id': lastEventId })
      if (head instanceof NoHead) continue
      if (head.statusCode === 200) return head
      const text = `${head.statusCode} ${await readText(head)}`
      if (head.statusCode === 502) continue
      if (head.statusCode !== 400) this.#broken(`resuming after ${lastEventId}: ${text}`)
      return text
    }
  }

  /** The message of an event, whose id is new. */
  #read({ id, data, json }: SseEvent, call?: string): Message | undefined {
    if (data === undefined || data === '') return undefined
    // Of several changes that stand for one gap, only the last has an id.
    if (id !== undefined) this.#history.add({ type: 'event', client: this.name, id })
    else if (call !== undefined) this.#broken(`an event without an id: ${data}`)
    return json
  }

  /** A notification or a request of the server, on the stream of a call. */
  #receive(message: Message, call: string): void {
    const { method, params } = message
    if (message.id !== undefined) {
      this.#history.add({ type: 'asked', call, question: String(message.id) })
      void this.#answer(message.id, params)
    } else if (method === 'notifications/progress') {
      const [of, n, node = ''] = String(params.message).split(' ')
      if (of !== call || params.progressToken !== call)
        this.#broken(`progress of ${of} on the stream of ${call}`)
      this.#history.add({ type: 'progress', call, n: Number(n), node })
    }
  }

  /** Answers a request of the server, through whichever node, until it was taken. */
  async #answer(id: string | number, params: Message): Promise<void> {
    const isSampling = params.messages !== undefined
    const content = { type: 'text', text: 'a thought' }
    const result = isSampling
      ? { role: 'assistant', model: 'm', content }
      : { action: 'accept', content: { name: params.message } }
    for (;;) {
      const head = await this.#post({ jsonrpc: '2.0', id, result })
      if (head instanceof NoHead) {
        await sleep(RETRY_MS)
        continue
      }
      const text = await readText(head)
      if (head.statusCode === 502) {
        await sleep(RETRY_MS)
        continue
      }
      // 400: the node that asked is gone, or has the answer of an earlier attempt.
      if (head.statusCode !== 202 && head.statusCode !== 400)
        this.#broken(`an answer got ${head.statusCode} ${text}`)
      return
    }
  }

  /** Listens to the standalone stream until the client closes. */
  async #listen(): Promise<void> {
    let lastEventId: string | undefined
    const { signal } = this.#stopped
    while (!signal.aborted) {
      const resuming = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
      const head = await this.#send('GET', { ...this.#headers(), ...resuming })
      if (!(head instanceof NoHead) && head.statusCode === 200) {
        const stop = () => head.destroy()
        signal.addEventListener('abort', stop)
        for await (const event of readEvents(head)) {
          lastEventId = event.id ?? lastEventId
          this.#hear(this.#read(event))
        }
        signal.removeEventListener('abort', stop)
      } else if (!(head instanceof NoHead) && head.statusCode !== 502 && !signal.aborted) {
        this.#broken(`listening got ${head.statusCode} ${await readText(head)}`)
        await sleep(500, signal)
      }
      await sleep(RETRY_MS, signal)
    }
  }

  #hear(message: Message | undefined): void {
    if (message === undefined) return
    const { method, params } = message
    const client = this.name
    if (method === ANNOUNCED) this.#history.add({ type: 'heard', client, node: params.node, n: params.n })
    else if (method === 'notifications/resources/updated') this.#history.add({ type: 'updated', client })
    else if (method === 'notifications/message' && MISSED.test(String(params.data))) {
      this.#history.add({ type: 'warned', client })
    }
  }

  #headers(): Readonly<Record<string, string>> {
    if (this.#sessionId === '') return {}
    return { 'mcp-session-id': this.#sessionId, 'mcp-protocol-version': this.#revision }
  }

  #broken(what: string): void {
    this.#history.add({ type: 'broken', client: this.name, what })
  }
}

interface Reply {
  readonly head?: IncomingMessage
  readonly message?: Message
  readonly outcome: Outcome
  readonly text: string
}

function replyOf(message: Message): Pick<Reply, 'message' | 'outcome' | 'text'> {
  if (message.error !== undefined) return { message, outcome: 'error', text: JSON.stringify(message.error) }
  return { message, outcome: 'result', text: message.result?.content?.[0]?.text ?? '' }
}

/** A result that says it failed is an error for the model of a call. */
function answerOf({ message, outcome, text }: Omit<Reply, 'head'>): Answer {
  return message?.result?.isError === true ? { outcome: 'error', text } : { outcome, text }
}

function parse(text: string): Message | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
