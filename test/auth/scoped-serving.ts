/** A server whose operations need scopes, and calls with a token that has some of them, in both eras. */

import type { TestContext } from 'node:test'
import { type ProtectedResourceOptions, protectedResource } from '../../src/auth/index.ts'
import type { McpServer, ServeOptions } from '../../src/index.ts'
import { type HttpReply, post, TestSession } from '../helpers/wire.ts'
import { type Guarded, guarded, mirrored, RESOURCE, statelessRequest } from './serving.ts'

/** `Bearer ada~notes-read~admin`: who it is, and the scopes. */
export const as = (...parts: string[]) => ({
  authorization: `Bearer ${parts.join('~').replaceAll(':', '-')}`,
})

export const resourceOf = (more: Partial<ProtectedResourceOptions> = {}) =>
  protectedResource({
    resource: RESOURCE,
    authorizationServers: ['https://auth.example.com'],
    scopes: {
      'notes:read': 'Read notes',
      'notes:write': { description: 'Write notes', implies: ['notes:read'] },
      'notes:all': { implies: ['notes:write'] },
      'admin:all': {},
    },
    token: (token) => {
      const [id = '', ...scopes] = token.split('~')
      return id === 'bad'
        ? undefined
        : {
            id,
            scopes: scopes.map((scope) =>
              scope.replace(/^(notes|admin|offline)-/, '$1:').replace('offline:', 'offline_'),
            ),
          }
    },
    ...more,
  })

const path = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] } as const

export function define(server: McpServer, ran: string[]): void {
  const note = (what: string) => {
    ran.push(what)
    return what
  }
  server.registerTool('read', { scopes: ['notes:read'] }, () => note('read'))
  server.registerTool('write', { scopes: ['notes:write', 'admin:all'] }, () => note('write'))
  server.registerTool(
    'by_path',
    { inputSchema: path, scopes: (args) => (args.path.startsWith('/etc') ? ['admin:all'] : ['notes:read']) },
    () => note('by_path'),
  )
  server.registerTool('by_undeclared', { scopes: () => ['notes:raed'] }, () => note('by_undeclared'))
  server.registerTool('by_failure', { scopes: async () => Promise.reject(new Error('secret cause')) }, () =>
    note('by_failure'),
  )
  server.registerTool('by_nothing', { scopes: (() => 'notes:read') as never }, () => note('by_nothing'))
  server.registerTool('talk', { scopes: ['notes:read'] }, async (_args, ctx) => {
    await ctx.log.info('one')
    return note('talk')
  })
  server.registerResource('secret', 'note://secret', { subscribe: true, scopes: ['notes:read'] }, () =>
    note('secret'),
  )
  server.registerResourceTemplate(
    'note',
    'note://all/{owner}',
    {
      subscribe: true,
      scopes: ({ owner }) => (owner === 'root' ? ['admin:all'] : ['notes:read']),
      complete: { owner: () => [note('completed owner')] },
      list: () => [{ uri: 'note://all/ada', name: 'ada' }],
    },
    () => note('note'),
  )
  server.registerPrompt(
    'summary',
    { argsSchema: path, scopes: ['notes:read'], complete: { path: () => [note('completed path')] } },
    () => note('summary'),
  )
  server.registerPrompt(
    'count',
    {
      argsSchema: { type: 'object', properties: { n: { type: 'integer' } } },
      scopes: ({ n = 0 }) => (n > 9 ? ['admin:all'] : ['notes:read']),
    },
    () => note('count'),
  )
}

export async function start(
  t: TestContext,
  more: Partial<ProtectedResourceOptions> = {},
  options: ServeOptions = {},
): Promise<Guarded & { readonly ran: string[]; readonly passed: string[] }> {
  const ran: string[] = []
  const passed: string[] = []
  const server = await guarded(
    t,
    resourceOf(more),
    (definition) => {
      define(definition, ran)
      definition.use((ctx, next) => {
        if (ctx.method !== 'initialize') passed.push(ctx.method)
        return next()
      })
    },
    options,
  )
  return { ...server, ran, passed }
}

/** One request of the session era: in a session of its own. */
export async function inSession(
  url: string,
  headers: object,
  method: string,
  params: object,
): Promise<HttpReply> {
  const session = await TestSession.open(url, { headers: as('ada', 'notes:all', 'admin:all') })
  return await post(url, { jsonrpc: '2.0', id: 1, method, params }, { ...session.headers, ...headers })
}

export function inStateless(
  url: string,
  headers: object,
  method: string,
  params: { name?: string; uri?: string },
): Promise<HttpReply> {
  return post(url, statelessRequest(method, params), {
    ...mirrored(method, params.name ?? params.uri),
    ...headers,
  })
}

export const complete = (ref: object, name: string) => ({ ref, argument: { name, value: '' } })
