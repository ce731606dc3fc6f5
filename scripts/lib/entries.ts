/**
 * What can be imported of the package: each path of `exports` with the source that it is made of. The first one is the
 * core; the others are for those who need them, so that nobody else loads them.
 */
export interface Entry {
  /** As users write it behind the name of the package. */
  readonly path: string
  /** Below `src/`; it holds named exports only. */
  readonly source: string
  /** Below `dist/`, without ending. */
  readonly output: string
  /** Runs where there is no Node: its files import nothing but each other. */
  readonly anywhere?: boolean
  /** Has little of what the core and others share, and a copy of that. */
  readonly alone?: boolean
}

export const ENTRIES: readonly [Entry, ...Entry[]] = [
  { path: '.', source: 'index.ts', output: 'index' },
  { path: './fetch', source: 'fetch.ts', output: 'fetch' },
  { path: './stdio', source: 'stdio.ts', output: 'stdio' },
  { path: './client', source: 'client/index.ts', output: 'client', anywhere: true },
  { path: './client/stdio', source: 'client/stdio.ts', output: 'client-stdio', alone: true },
  { path: './client/http', source: 'client/http.ts', output: 'client-http', alone: true },
  { path: './client/loopback', source: 'client/loopback.ts', output: 'client-loopback', alone: true },
  { path: './auth', source: 'auth/index.ts', output: 'auth', alone: true },
  { path: './redis', source: 'redis/index.ts', output: 'redis', alone: true },
  { path: './memory-store', source: 'memory-store.ts', output: 'memory-store', alone: true },
  { path: './store-contract', source: 'store-contract/index.ts', output: 'store-contract', alone: true },
]

/** `barewire/sdk/...`, with the module paths of the official SDK: one implementation, and a module for each path. */
export const SDK = { source: 'sdk/bundle.ts', output: 'sdk' } as const

/** Below `src/sdk/` and `dist/sdk/`, without ending. */
export const SDK_MODULES: readonly string[] = [
  'client/auth',
  'client/index',
  'client/middleware',
  'client/sse',
  'client/stdio',
  'client/streamableHttp',
  'client/websocket',
  'experimental/index',
  'experimental/tasks/client',
  'experimental/tasks/index',
  'experimental/tasks/interfaces',
  'experimental/tasks/mcp-server',
  'experimental/tasks/server',
  'experimental/tasks/stores/in-memory',
  'experimental/tasks/types',
  'inMemory',
  'server/auth/errors',
  'server/auth/middleware/bearerAuth',
  'server/auth/provider',
  'server/auth/router',
  'server/auth/types',
  'server/completable',
  'server/express',
  'server/index',
  'server/mcp',
  'server/middleware/hostHeaderValidation',
  'server/sse',
  'server/stdio',
  'server/streamableHttp',
  'server/webStandardStreamableHttp',
  'server/zod-compat',
  'shared/auth',
  'shared/auth-utils',
  'shared/protocol',
  'shared/responseMessage',
  'shared/transport',
  'shared/uriTemplate',
  'types',
  'validation/ajv',
  'validation/ajv-provider',
  'validation/cfworker',
  'validation/cfworker-provider',
  'validation/index',
  'validation/types',
]
