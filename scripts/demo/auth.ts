/**
 * `npm start -- --auth`: the demo as a protected resource, with an authorization server for development beside it.
 *
 * Reading needs the scope `files:read`, which every client is told to ask for; to write a note needs `notes:write`,
 * which a client learns of when it tries.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jwt, type ProtectedResource, protectedResource } from '../../src/auth/index.ts'
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts'

const SCOPES = {
  'files:read': 'Read the files of the served folder',
  'notes:write': { description: 'Write notes', implies: ['files:read'] },
}

export interface DemoAuth {
  readonly resource: ProtectedResource
  readonly issuer: string
  /** Of the demo itself: the resource has to know its own URL. */
  readonly port: number
  close(): Promise<void>
}

/** @param port - of the demo; 0: any free one, and so is that of the authorization server, which has the next one else */
export async function startAuth(port: number): Promise<DemoAuth> {
  const actual = port === 0 ? await freePort() : port
  const resource = `http://127.0.0.1:${actual}/mcp`
  const scopes = Object.keys(SCOPES)
  const server: AuthorizationServer = await startAuthorizationServer({
    port: port === 0 ? 0 : actual + 1,
    resource,
    scopes,
  })
  const { issuer, close } = server
  return {
    resource: protectedResource({
      resource,
      authorizationServers: [issuer],
      scopes: SCOPES,
      requiredScopes: ['files:read'],
      token: jwt({ issuer }),
      metadata: { resource_name: 'A folder, served by barewire' },
    }),
    issuer,
    port: actual,
    close,
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
