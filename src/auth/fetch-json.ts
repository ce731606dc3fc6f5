/**
 * JSON from a server that is trusted: within a time and a size, and never from where it redirects to.
 *
 * Spec: RFC 8414 section 3.2, RFC 7517 section 5, RFC 7662 section 2.2.
 */

import { rootMessage } from '../bounds/quote.ts'
import { type JsonMembers, parseObject } from './strict-json.ts'
import { UnavailableError } from './token-error.ts'

const MAX_BYTES = 512 * 1024

export interface FetchOptions {
  /** 0: no limit. */
  readonly timeoutMs: number
  /** Of a POST. */
  readonly form?: URLSearchParams | undefined
  readonly headers?: { readonly [name: string]: string } | undefined
}

/** @throws {UnavailableError} no JSON object of at most 512 KiB came in time, with the cause */
export async function fetchJson(url: string, options: FetchOptions): Promise<JsonMembers> {
  const { timeoutMs, form, headers } = options
  // A redirect may lead to a server that is not trusted.
  const init: RequestInit = { redirect: 'error', headers: { accept: 'application/json', ...headers } }
  if (form !== undefined) Object.assign(init, { method: 'POST', body: form })
  if (timeoutMs > 0) init.signal = AbortSignal.timeout(timeoutMs)
  let response: Response
  let bytes: Uint8Array
  try {
    response = await fetch(url, init)
    bytes = await readBody(response)
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    throw new UnavailableError(`${url} cannot be read: ${rootMessage(error)}`, { cause: error })
  }
  if (!response.ok) throw new UnavailableError(`${url} answered ${response.status}`)
  const value = parseObject(bytes)
  if (value === undefined) {
    throw new UnavailableError(`${url} answered something else than a JSON object whose members occur once`)
  }
  return value
}

async function readBody({ body, url }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  // To leave the loop cancels the stream.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > MAX_BYTES) throw new UnavailableError(`${url} answered more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
