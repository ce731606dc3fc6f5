/**
 * An issuer of tokens for tests, on loopback: metadata, public keys, and tokens that jose signs. It counts what is fetched
 * of it, and can be away, slow, or say something wrong.
 *
 * Not here: an authorization server with a flow (authorization-server.ts).
 */

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export interface SigningKey {
  readonly alg: string
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

export async function makeKey(alg: string, kid: string, options: object = {}): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...options })
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid } }
}

export const now = () => Math.floor(Date.now() / 1000)

/** A page of the issuer: an object is sent as JSON. */
export type Page = object | string | ((response: ServerResponse) => void)

export interface Issuer {
  readonly url: string
  /** By path; replaced by tests. */
  readonly pages: Map<string, Page>
  /** Paths that were asked for, in order. */
  readonly asked: string[]
  readonly keys: SigningKey[]
  /** A token with the usual claims, for a resource; undefined takes a claim out. */
  token(resource: string, claims?: JWTPayload, header?: object, key?: SigningKey): Promise<string>
  /** Closes the connections of those who ask, from now on, or answers again. */
  away: boolean
}

/** @param keys - the first one signs */
export async function startIssuer(t: TestContext, keys: readonly SigningKey[], path = ''): Promise<Issuer> {
  const pages = new Map<string, Page>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const target = request.url ?? ''
    asked.push(target)
    if (issuer.away) {
      response.destroy()
      return
    }
    const page = pages.get(target)
    if (typeof page === 'function') page(response)
    else if (page === undefined) response.writeHead(404).end()
    else
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(typeof page === 'string' ? page : JSON.stringify(page))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer: Issuer = {
    url: `${origin}${path}`,
    pages,
    asked,
    keys: [...keys],
    away: false,
    token: async (resource, claims = {}, header = {}, key = keys[0]) => {
      if (key === undefined) throw new Error('the issuer has no key')
      const usual = {
        iss: issuer.url,
        aud: resource,
        sub: 'ada',
        client_id: 'app',
        iat: now(),
        exp: now() + 300,
      }
      return await new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
        .sign(key.privateKey)
    },
  }
  pages.set(`/.well-known/oauth-authorization-server${path}`, {
    issuer: issuer.url,
    jwks_uri: `${origin}/jwks`,
  })
  pages.set('/jwks', (response) => {
    const body = { keys: issuer.keys.map(({ publicJwk }) => publicJwk) }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  return issuer
}
