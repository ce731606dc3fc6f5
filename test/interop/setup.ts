/** The fixture's definition, served in this process, and real clients connected to it. */

import type { TestContext } from 'node:test'
import {
  type HandlerStats,
  type McpServer,
  type ServeOptions,
  type ServerOptions,
  serve,
} from '../../src/index.ts'
import { createFixture } from '../fixture/definition.ts'
import { clientV1, clientV1Sse } from './client-v1.ts'
import { type ClientV2, clientV2, clientV2Auto, clientV2Pinned } from './client-v2.ts'
import type { ClientKind, ConnectOptions, RealClient } from './real-client.ts'

/** Clients of the session era. */
export const kinds: readonly ClientKind[] = [clientV1, clientV2]
/** Clients that speak the stateless era with a server that has it. */
export const statelessKinds: readonly ClientKind<ClientV2>[] = [clientV2Auto, clientV2Pinned]
/** For tests in which the eras do not differ. */
export const everyKind: readonly ClientKind[] = [...kinds, ...statelessKinds, clientV1Sse]

export interface Served {
  readonly server: McpServer
  readonly url: string
  stats(): HandlerStats
  /** Lets calls finish, then closes. */
  close(): Promise<void>
  /** Breaks every connection, as a network does. */
  breakConnections(): void
  connect<Connected extends RealClient>(
    kind: ClientKind<Connected>,
    options?: Omit<ConnectOptions, 'url'>,
  ): Promise<Connected>
}

export async function serveFixture(
  t: TestContext,
  options: ServeOptions = {},
  serverOptions: ServerOptions = {},
): Promise<Served> {
  const server = createFixture(serverOptions)
  // Clients wait for as long as the server asks them to, before they come back.
  const serving = await serve(server, {
    port: 0,
    replay: { retryMs: 10 },
    httpSse: options.sessions !== false && options.eras?.includes('session') !== false,
    ...options,
  })
  t.after(() => serving.close({ drainMs: 0 }))
  return {
    server,
    url: serving.url,
    stats: serving.stats,
    close: serving.close,
    breakConnections: () => serving.server.closeAllConnections(),
    async connect(kind, connectOptions = {}) {
      const client = await kind.connect({ url: serving.url, ...connectOptions })
      t.after(() => client.close())
      return client
    },
  }
}

/** A promise and what settles it. */
export function gate<T = void>(): { readonly opened: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => {}
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** A client's `fetch` that never listens to the server: every GET is answered as by a server without streams. */
export const fetchWithoutListening: typeof fetch = async (url, init) =>
  init?.method === 'GET' ? new Response(null, { status: 405 }) : await fetch(url, init)

/** A request as a client sent it. */
export interface Post {
  readonly headers: Headers
  readonly body: {
    readonly id?: string | number
    readonly method: string
    readonly params: { readonly [name: string]: unknown }
  }
}

/** A `fetch` that remembers the messages that a client sends. */
export function recordPosts(): { readonly fetch: typeof fetch; of(method: string): readonly Post[] } {
  const posts: Post[] = []
  return {
    fetch: async (url, init) => {
      if (typeof init?.body === 'string') {
        posts.push({ headers: new Headers(init.headers), body: JSON.parse(init.body) })
      }
      return await fetch(url, init)
    },
    of: (method) => posts.filter(({ body }) => body.method === method),
  }
}
