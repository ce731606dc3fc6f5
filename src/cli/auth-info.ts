/** What `inspect` says of authorization: whether credentials were sent, and what the server's metadata names (RFC 9728). */

import { isObject } from '../bounds/is-object.ts'
import { readText } from '../client/read-text.ts'
import { oneLine } from './terminal.ts'

export interface AuthInfo {
  /** Credentials went with the requests. */
  readonly sent: boolean
  readonly authorizationServers: readonly string[]
  readonly scopes: readonly string[]
}

/** A server that does not answer this at once has no metadata for us. */
const WAIT_MS = 3000
/** Metadata of real servers has 1 to 10 kB. */
const MAX_BYTES = 262_144

/** @param url - of the server; its metadata is on the same origin, and nothing secret is sent for it */
export async function readAuthInfo(url: string, sent: boolean): Promise<AuthInfo> {
  const metadata = await readMetadata(new URL(url))
  return {
    sent,
    authorizationServers: textsOf(metadata['authorization_servers']),
    scopes: textsOf(metadata['scopes_supported']),
  }
}

export function describeAuth({ sent, authorizationServers, scopes }: AuthInfo): string {
  const credentials = sent ? 'with credentials' : 'none was asked for'
  if (authorizationServers.length === 0) return credentials
  const what = scopes.length === 0 ? '' : `, scopes ${scopes.join(' ')}`
  return oneLine(`${credentials}; OAuth at ${authorizationServers.join(', ')}${what}`)
}

async function readMetadata({ origin, pathname }: URL): Promise<{ readonly [name: string]: unknown }> {
  try {
    const path = `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`
    const signal = AbortSignal.timeout(WAIT_MS)
    const response = await fetch(`${origin}${path}`, { redirect: 'manual', signal })
    const text = await readText(response, MAX_BYTES, () => new Error('too large'))
    const metadata: unknown = response.ok ? JSON.parse(text) : undefined
    return isObject(metadata) ? metadata : {}
  } catch {
    return {}
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
