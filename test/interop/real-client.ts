/**
 * What the interop tests need of a client, so that one body of tests runs with each real one. Where the clients'
 * interfaces agree they are used as they are (`api`); an adapter covers the rest.
 */

import { EventEmitter, once } from 'node:events'
import { within } from '../helpers/within.ts'

/** A notification that the client's own library took for a valid one. */
export interface Received {
  readonly method: string
  readonly params: { readonly [name: string]: unknown }
}

/** A question of the server, and what the user's side answers. */
export type Answer = (params: { readonly [name: string]: unknown }) => unknown

export interface ConnectOptions {
  readonly url: string
  /** By method; the client declares nothing by itself. */
  readonly answers?: { readonly [method: string]: Answer }
  readonly capabilities?: object
  /** In the place of the global `fetch`. */
  readonly fetch?: typeof fetch
  /** Told, with the list, of each change of the tools; only by the client that can be asked to. */
  readonly onToolsChanged?: (names: readonly string[]) => void
}

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly onprogress?: (progress: { progress: number; total?: number; message?: string }) => void
}

export interface CallResult {
  readonly content: readonly { readonly type: string; readonly text?: string }[]
  readonly structuredContent?: unknown
  readonly isError?: boolean
}

interface Named {
  readonly name: string
}

/** Methods that both clients have with these names and arguments. */
export interface CommonApi {
  getServerVersion(): { name: string; version: string } | undefined
  getServerCapabilities(): object | undefined
  getInstructions(): string | undefined
  ping(): Promise<unknown>
  complete(params: {
    ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string }
    argument: { name: string; value: string }
    context?: { arguments: { [name: string]: string } }
  }): Promise<{ completion: { values: string[] } }>
  setLoggingLevel(level: 'debug' | 'info' | 'warning' | 'error'): Promise<unknown>
  getPrompt(params: {
    name: string
    arguments?: { [name: string]: string }
  }): Promise<{ messages: { role: string; content: unknown }[] }>
  listPrompts(): Promise<{ prompts: Named[] }>
  listResources(): Promise<{ resources: (Named & { uri: string })[] }>
  listResourceTemplates(): Promise<{ resourceTemplates: (Named & { uriTemplate: string })[] }>
  readResource(params: {
    uri: string
  }): Promise<{ contents: { uri: string; mimeType?: string | undefined; text?: string; blob?: string }[] }>
  subscribeResource(params: { uri: string }): Promise<unknown>
  unsubscribeResource(params: { uri: string }): Promise<unknown>
  sendRootsListChanged(): Promise<void>
}

export interface RealClient {
  readonly api: CommonApi
  readonly sessionId: string | undefined
  readonly protocolVersion: string | undefined
  readonly inbox: Inbox
  /** Ids of the responses that came in, in order. */
  readonly responses: readonly (string | number)[]
  /** What the client complained of. */
  readonly errors: readonly Error[]
  /** All pages. */
  listTools(): Promise<readonly Named[]>
  callTool(name: string, args?: object, options?: CallOptions): Promise<CallResult>
  /** DELETE */
  terminate(): Promise<void>
  close(): Promise<void>
}

export interface ClientKind<Connected extends RealClient = RealClient> {
  readonly name: string
  /** What the client makes of -32002. */
  readonly resourceNotFoundCode: number
  /** Whether an error ends a stream for the client, as a result does; otherwise it comes back once more. */
  readonly takesErrorForEnd: boolean
  connect(options: ConnectOptions): Promise<Connected>
}

/** The notifications that a client got. */
export class Inbox {
  readonly all: Received[] = []
  readonly #events = new EventEmitter()

  put(message: Received): void {
    this.all.push(message)
    this.#events.emit('put')
  }

  of(method: string): readonly Received[] {
    return this.all.filter((message) => message.method === method)
  }

  /** Waits until there are `count` notifications of a method. */
  async wait(method: string, count = 1): Promise<readonly Received[]> {
    while (this.of(method).length < count) {
      const what = () => `${count} of ${method}; got ${JSON.stringify(this.all)}`
      await within(once(this.#events, 'put'), what)
    }
    return this.of(method)
  }
}

/** Looks at the messages that a transport delivers to its client. */
export function recordResponses(transport: object, into: (string | number)[]): void {
  type Deliver = (message: { id?: string | number; method?: string }, extra?: unknown) => void
  const hooked = transport as { onmessage: Deliver }
  const deliver = hooked.onmessage
  hooked.onmessage = (message, extra) => {
    if (message.method === undefined && message.id !== undefined) into.push(message.id)
    deliver(message, extra)
  }
}
