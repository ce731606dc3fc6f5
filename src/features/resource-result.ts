/** Results of `resources/read`: made of what a handler returned, and checked against the shape that clients expect. */

import { Buffer } from 'node:buffer'
import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import { kindOf } from '../bounds/quote.ts'
import { InputRequired } from '../dispatch/client-input/input-required.ts'
import { checked, isPlain, ResultError } from '../dispatch/shape.ts'
import type {
  BlobResourceContents,
  ReadResourceResult,
  ResourceContents,
  TextResourceContents,
} from '../protocol/wire-types.ts'
import { readResultProblem } from './result-check.ts'

/**
 * Text, bytes, or full contents (more than one for a resource that contains others). Contents without `uri` are of the URI
 * that was asked for, and contents of that URI without `mimeType` have the one of the registration.
 */
export type ResourceReturn =
  | InputRequired
  | string
  | Uint8Array
  | ResourceContents
  | Omit<TextResourceContents, 'uri'>
  | Omit<BlobResourceContents, 'uri'>
  | readonly ResourceContents[]
  | ReadResourceResult

/** The registration that a handler belongs to. */
interface ResultOwner {
  readonly key: string
  /** For messages: `Resource "readme"`. */
  readonly use: string
  readonly config: { readonly mimeType?: string | undefined }
}

/** @throws {ResultError} the handler gave no contents */
export function readResult(
  returned: ResourceReturn,
  uri: string,
  { config: { mimeType }, use, key }: ResultOwner,
): ReadResourceResult {
  if (returned instanceof InputRequired) return returned as never
  const about = mimeType === undefined ? { uri } : { uri, mimeType }
  if (typeof returned === 'string') return { contents: [{ ...about, text: returned }] }
  if (returned instanceof Uint8Array) {
    const bytes = Buffer.from(returned.buffer, returned.byteOffset, returned.byteLength)
    return { contents: [{ ...about, blob: bytes.toString('base64') }] }
  }
  const result = toContents(returned)
  if (result !== undefined) return checked(withAbout(result, about), readResultProblem, use, key)
  const forms = 'a string, a Uint8Array, contents, or { contents }'
  throw new ResultError(`${use} must return ${forms}; got ${kindOf(returned)}`, key)
}

function toContents(returned: unknown): ReadResourceResult | undefined {
  if (Array.isArray(returned)) return { contents: returned }
  if (typeof returned !== 'object' || returned === null) return undefined
  if ('contents' in returned) return returned as ReadResourceResult
  return 'text' in returned || 'blob' in returned ? { contents: [returned as ResourceContents] } : undefined
}

/** Whether JSON writes something else than the members that it has itself; a promise is never meant. */
function hasOtherForm(entry: object): boolean {
  return isPromise(entry) || typeof (entry as { readonly toJSON?: unknown }).toJSON === 'function'
}

/** Fills in what the registration and the request say of the resource that was asked for. */
function withAbout(
  result: ReadResourceResult,
  about: { uri: string; mimeType?: string },
): ReadResourceResult {
  const { contents } = result
  if (!Array.isArray(contents) || !isPlain(result)) return result
  const filled = contents.map((entry: ResourceContents) => {
    if (!isObject(entry) || hasOtherForm(entry)) return entry
    const { uri = about.uri, mimeType = about.mimeType }: Partial<ResourceContents> = entry
    return uri === about.uri
      ? { ...about, ...entry, uri, ...(mimeType !== undefined && { mimeType }) }
      : entry
  })
  return { ...result, contents: filled }
}
