/** What stands at `auth` and belongs elsewhere: the error says where. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { introspection, jwt } from '../../src/auth/index.ts'
import { createMcpHandler, type HandlerOptions, McpServer } from '../../src/index.ts'

test('auth refuses a function and a verifier of tokens, and says where they go', () => {
  const server = new McpServer({ name: 'a', version: '1' })
  const issuer = 'https://auth.example.com'
  const into = (kind: string) =>
    `auth: ${kind}(...) says which tokens are good, not for what: it goes into protectedResource({ resource, authorizationServers, token: ${kind}(...) })`
  const rows: readonly (readonly [unknown, string])[] = [
    [() => ({ id: 'a' }), 'auth must be an object; got a function: give { verify: fn }'],
    [jwt({ issuer }), into('jwt')],
    [
      introspection({ endpoint: `${issuer}/introspect`, clientId: 'a', clientSecret: 'b' }),
      into('introspection'),
    ],
    [null, 'auth must be an object; got null'],
    [{}, 'auth.verify must be of type function; got undefined'],
  ]
  for (const [auth, message] of rows) {
    const options = { auth } as HandlerOptions
    assert.throws(() => createMcpHandler(server, options), { name: 'TypeError', message })
  }
})
