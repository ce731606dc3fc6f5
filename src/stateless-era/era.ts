/**
 * The stateless era of one server: the parts of its lifecycle, put together, and the way of a request through them.
 *
 *    transport --receive()--> StatelessExchange --run()--> dispatch ---> complete() --> transport
 *
 * It remembers no client. Its state is calls in flight and open subscriptions; tasks are those of the handler.
 *
 * Not here: which requests are admitted (http/admit.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { RequestStateSealer } from '../dispatch/client-input/request-state.ts'
import { RoundTripInput } from '../dispatch/client-input/round-trip-input.ts'
import { dispatch, type MethodHandler, type MethodTable } from '../dispatch/dispatcher.ts'
import type { CallLimits } from '../dispatch/in-flight-counter.ts'
import { ShutdownError } from '../dispatch/shutdown-error.ts'
import type { Feed } from '../features/feed.ts'
import type { McpServer } from '../features/server.ts'
import type { TaskTable } from '../features/tasks/task-table.ts'
import type { DecodedRequest } from '../jsonrpc/decode.ts'
import { Method } from '../protocol/methods.ts'
import type { NodeChannel } from '../store/node-channel.ts'
import type { Envelope } from './envelope.ts'
import { type ExchangeHost, StatelessExchange } from './exchange.ts'
import { STATELESS_METHODS, TAKES_INPUT, TASK_METHODS } from './methods.ts'
import type { StatelessEraSettings } from './options.ts'
import { resultPrefix } from './results.ts'
import type { Revision } from './revisions.ts'
import { Subscriptions } from './subscriptions.ts'
import { TaskExchange } from './task-exchange.ts'
import { declaresTasks } from './task-wire.ts'
import { taskMethods } from './tasks.ts'
import type { RequestTransport, StreamTransport } from './transport.ts'

type Handler = MethodHandler<McpServer, StatelessExchange>
type Methods = MethodTable<McpServer, StatelessExchange>

export class StatelessEra implements ExchangeHost {
  readonly server: McpServer
  readonly settings: StatelessEraSettings
  readonly limits: CallLimits
  readonly prefix: string
  readonly tasks: TaskTable
  readonly subscriptions: Subscriptions
  readonly #sealer: RequestStateSealer
  /** Lifecycle: from the first `await` of a request to its answer, or to the end of its connection. */
  readonly #inFlight = new Set<StatelessExchange>()
  readonly #unsubscribe: readonly (() => void)[]
  readonly #ownMethods: Methods
  readonly #taskMethods: ReturnType<typeof taskMethods>
  #methods: Methods
  #undeliverable = 0
  #closing = false
  #onIdle: (() => void) | undefined

  /** @param feed - where changes and messages come from: with a channel, from all nodes */
  constructor(
    server: McpServer,
    settings: StatelessEraSettings,
    limits: CallLimits,
    tasks: TaskTable,
    transport: StreamTransport,
    channel?: NodeChannel,
    feed: Feed = server,
  ) {
    this.server = server
    this.settings = settings
    this.limits = limits
    this.prefix = resultPrefix(settings.serverInfo ? server.info : undefined)
    this.tasks = tasks
    this.#taskMethods = taskMethods(tasks)
    const subscriptions = new Subscriptions(server, settings, tasks, transport)
    this.subscriptions = subscriptions
    this.#sealer = new RequestStateSealer(settings.requestState, channel)
    this.#unsubscribe = [
      feed.changes.subscribe((changes) => subscriptions.notifyChanges(changes)),
      feed.messages.subscribe(
        (message, sequence) => subscriptions.deliver(message, sequence),
        (message) => subscriptions.refuse(message),
      ),
    ]
    channel?.observe({ onMissed: () => subscriptions.notifyAll() })
    this.#ownMethods = new Map<string, Handler>([...STATELESS_METHODS, [Method.listen, subscriptions.listen]])
    this.#methods = this.#ownMethods
  }

  /** With those of tasks once a tool can be one, and those of an extension once it is registered. */
  get methods(): Methods {
    const { hasTaskTools, extensions } = this.server
    const ofTasks = hasTaskTools ? this.#taskMethods : []
    // No method is ever taken away, so a table of the right size is the right table.
    const size = this.#ownMethods.size + ofTasks.length + extensions.methods.size
    if (this.#methods.size !== size) {
      this.#methods = new Map<string, Handler>([...this.#ownMethods, ...ofTasks, ...extensions.methods])
    }
    return this.#methods
  }

  /** Shutdown has begun: new requests are to be refused. */
  get closing(): boolean {
    return this.#closing
  }

  /** Messages that could not reach their client, since the start. */
  get undeliverable(): number {
    return this.#undeliverable
  }

  /**
   * What has to be waited for before a message can be received: its state may be sealed with a key that another node has
   * made.
   *
   * @param value - the message as parsed JSON
   * @returns undefined: nothing. The promise rejects with `StoreAwayError` where the store cannot be reached
   */
  beforeReceive(value: unknown): Promise<void> | undefined {
    if (!this.#sealer.isShared || !isObject(value) || !isObject(value['params'])) return undefined
    return this.#sealer.beforeOpen(value['params']['requestState'])
  }

  /**
   * Makes an exchange of an admitted request.
   *
   * @param body - the bytes that the request was read from, where the transport has them
   * @throws {RpcError} -32602, what it brings from earlier round trips is malformed, or not of this server
   */
  receive(
    request: DecodedRequest,
    envelope: Envelope,
    revision: Revision,
    transport: RequestTransport,
    body: Uint8Array | undefined,
  ): StatelessExchange {
    const { method, params } = request
    const clientInput = TAKES_INPUT.has(method)
      ? new RoundTripInput(method, params, transport.principal?.id, this.#sealer, body)
      : undefined
    return new StatelessExchange(this, transport, request, envelope, revision.name, clientInput)
  }

  /** Answers a request. Never throws. */
  run(exchange: StatelessExchange): void {
    const { message, clientInput, peer } = exchange
    const { server } = this
    let call: StatelessExchange | TaskExchange = exchange
    let outcome: ReturnType<typeof dispatch>
    if (
      clientInput !== undefined &&
      server.hasTaskTools &&
      message.method === Method.toolsCall &&
      declaresTasks(peer)
    ) {
      call = new TaskExchange(this.tasks, exchange, clientInput)
      outcome = dispatch(message, call, TASK_METHODS, server)
    } else {
      outcome = dispatch(message, exchange, this.methods, server)
    }
    if (isPromise(outcome)) {
      exchange.defer()
      outcome.then((settled) => call.complete(settled))
    } else {
      call.complete(outcome)
    }
  }

  countUndeliverable(): void {
    this.#undeliverable += 1
  }

  began(exchange: StatelessExchange): void {
    this.#inFlight.add(exchange)
    this.limits.inFlight.begin(exchange.principal?.id, 1)
  }

  ended(exchange: StatelessExchange): void {
    this.#inFlight.delete(exchange)
    this.limits.inFlight.end(exchange.principal?.id, 1)
    if (this.#inFlight.size === 0) this.#onIdle?.()
  }

  /** Begins the shutdown, and ends the subscriptions. */
  stopAccepting(): void {
    this.#closing = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.subscriptions.close()
  }

  /** Fails what is left. */
  shutDown(): void {
    this.#sealer.close()
    for (const exchange of [...this.#inFlight]) {
      exchange.fail({ error: new ShutdownError(), origin: 'protocol' })
    }
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    if (this.#inFlight.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }
}
