/** The lifecycle on a carrier that is not HTTP: one line a message. What `transport.ts` asks of a carrier is all it needs. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InFlightCounter } from '../../src/dispatch/in-flight-counter.ts'
import { TaskTable } from '../../src/features/tasks/task-table.ts'
import { McpServer } from '../../src/index.ts'
import { decodeMessage } from '../../src/jsonrpc/decode.ts'
import { checkOptions } from '../../src/options.ts'
import { readEnvelope } from '../../src/stateless-era/envelope.ts'
import { StatelessEra } from '../../src/stateless-era/era.ts'
import { findRevision } from '../../src/stateless-era/revisions.ts'
import type {
  MessageStream,
  RequestTransport,
  ServedExchange,
  StreamOwner,
  StreamTransport,
} from '../../src/stateless-era/transport.ts'
import { statelessRevision } from '../helpers/stateless-client.ts'
import type { WireJson } from '../helpers/wire.ts'
import { eventually, HeldCalls } from './serving.ts'

/** All lines of one peer. */
class Lines implements StreamTransport {
  readonly written: string[] = []
  readonly ended: MessageStream[] = []
  /** How often a message was framed for streams. */
  framed = 0

  get messages(): WireJson[] {
    return this.written.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line))
  }
  frame(json: string): string {
    this.framed += 1
    return `${json}\n`
  }
  streamClosed(stream: MessageStream): void {
    this.ended.push(stream)
  }
}

class LineRequest implements RequestTransport {
  readonly principal = undefined
  readonly headers = {}
  readonly drained = undefined
  readonly #lines: Lines
  exchange: ServedExchange | undefined

  constructor(lines: Lines) {
    this.#lines = lines
  }
  serve(exchange: ServedExchange): void {
    this.exchange = exchange
  }
  send(json: string): boolean {
    this.#lines.written.push(`${json}\n`)
    return true
  }
  defer(): void {}
  answer(outcome: object, json: string): void {
    if (!this.isStreaming || 'error' in outcome) this.send(json)
  }
  fail(_failure: object, json: string): void {
    this.send(json)
  }
  detachBody(): () => void {
    return () => {}
  }
  isStreaming = false
  openStream(owner: StreamOwner, frames: string): MessageStream {
    this.isStreaming = true
    const { written } = this.#lines
    const write = (frame: string) => written.push(frame) > 0
    const stream = {
      closed: false,
      write,
      writeNow: write,
      end(frame: string): boolean {
        write(frame)
        stream.closed = true
        owner.onClose()
        return true
      },
    }
    write(frames)
    return stream
  }
}

function serve() {
  const errors: unknown[] = []
  const server = new McpServer({ name: 'lines', version: '1' }, { onError: (error) => errors.push(error) })
  const settings = checkOptions({})
  const lines = new Lines()
  const limits = { inFlight: new InFlightCounter(settings.inFlight), rateLimit: undefined }
  const era = new StatelessEra(
    server,
    settings.statelessEra,
    limits,
    new TaskTable(server, settings.tasks),
    lines,
  )
  const request = (id: number, method: string, params: object = {}, meta: object = {}): LineRequest => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': statelessRevision,
      'io.modelcontextprotocol/clientCapabilities': {},
      ...meta,
    }
    const message = decodeMessage({ jsonrpc: '2.0', id, method, params: { ...params, _meta } })
    const revision = findRevision(statelessRevision)
    assert.ok(message.kind === 'request' && revision !== undefined)
    const transport = new LineRequest(lines)
    era.run(era.receive(message, readEnvelope(message.params), revision, transport, undefined))
    return transport
  }
  return { server, era, lines, request, limits, errors }
}

test('a call is answered, and what it sends before goes ahead of the answer', async () => {
  const { server, lines, request, limits } = serve()
  const held = new HeldCalls()
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  server.registerTool('echo', {}, () => 'at once')
  request(1, 'tools/call', { name: 'echo' })
  assert.deepEqual([lines.messages[0].id, lines.messages[0].result.content[0].text], [1, 'at once'])
  request(2, 'tools/call', { name: 'hold' }, { progressToken: 7 })
  const call = await held.next()
  assert.equal(limits.inFlight.size, 1)
  call.ctx.progress(1)
  call.finish('later')
  await eventually(() => lines.messages.length === 3, 'the answer')
  const [, progress, answer] = lines.messages
  assert.deepEqual([progress.params.progressToken, answer.id, answer.result.content[0].text], [7, 2, 'later'])
  assert.equal(limits.inFlight.size, 0)
})

test('a request whose connection closes is cancelled, and nothing is sent for it', async () => {
  const { server, lines, request, limits } = serve()
  const held = new HeldCalls()
  server.registerTool('hold', { inputSchema: { type: 'object' } }, held.run)
  const transport = request(1, 'tools/call', { name: 'hold' })
  const call = await held.next()
  transport.exchange?.connectionClosed()
  assert.deepEqual([call.ctx.aborted, limits.inFlight.size], [true, 0])
  call.finish('too late')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(lines.messages, [])
})

test('subscriptions share one frame a change, and end with their results', async () => {
  const { server, era, lines, request, errors } = serve()
  server.registerTool('a', {}, () => '')
  await new Promise((resolve) => setImmediate(resolve))
  for (const id of [1, 2, 3])
    request(id, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
  assert.deepEqual(
    lines.messages.map(({ method }) => method),
    Array(3).fill('notifications/subscriptions/acknowledged'),
  )
  const before = lines.framed
  server.registerTool('b', {}, () => '')
  await eventually(() => lines.messages.length === 6, 'the change')
  assert.equal(lines.framed - before, 1)
  era.stopAccepting()
  assert.deepEqual([lines.ended.length, era.subscriptions.size], [3, 0])
  const subscription = 'io.modelcontextprotocol/subscriptionId'
  const changes = lines.messages.slice(3, 6).map(({ params }) => params._meta[subscription])
  const results = lines.messages.slice(6).map(({ id, result }) => [id, result.resultType])
  assert.deepEqual(changes, [1, 2, 3])
  assert.deepEqual(results, [
    [1, 'complete'],
    [2, 'complete'],
    [3, 'complete'],
  ])
  assert.deepEqual(errors, [])
})
