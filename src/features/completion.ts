/**
 * Completion: suggestions for the argument that a user is typing, of a prompt or of a resource template.
 *
 * Spec: 2025-11-25 completion {@link spec.completion}.
 */

import { kindOf, quote } from '../bounds/quote.ts'
import type { RequestContext } from '../dispatch/context.ts'
import { NotOfferedError } from '../dispatch/dispatcher.ts'
import { checked } from '../dispatch/shape.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import type { Suggestions } from './completer.ts'
import type { Prompt, PromptHost } from './prompts.ts'
import { type ResourceHost, resourceError, type TemplateResource } from './resources.ts'
import { MAX_SUGGESTIONS, suggestionsProblem } from './result-check.ts'

/** `completion/complete` */
export async function complete(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: PromptHost & ResourceHost,
): Promise<object> {
  if (!host.prompts.some(completes) && !host.resourceTemplates.some(completes)) {
    throw new NotOfferedError('This server completes nothing')
  }
  const { name, value } = members(params, 'argument')
  const known = knownArguments(params)
  if (typeof name !== 'string' || typeof value !== 'string') {
    throw invalid('needs "argument" with a "name" and a "value", both strings')
  }
  const owner = findCompleted(params, ctx, host)
  const completers = owner?.config.complete
  const completer = completers !== undefined && Object.hasOwn(completers, name) ? completers[name] : undefined
  if (owner === undefined || completer === undefined) {
    return { completion: { values: [], total: 0, hasMore: false } }
  }
  ctx.belongsTo(owner.key)
  const given = await completer(value, known, ctx)
  const suggestions = isList(given) ? { values: given } : given
  const place = `${owner.use} complete ${quote(name)}`
  const { values: all, total, hasMore } = checked(suggestions, suggestionsProblem, place, owner.key)
  const values = all.slice(0, MAX_SUGGESTIONS)
  // How many there are is not known where there are more than were given.
  if (hasMore === true && total === undefined) return { completion: { values, hasMore } }
  const count = total ?? all.length
  return { completion: { values, total: count, hasMore: hasMore === true || count > values.length } }
}

/** What has the argument that a request wants completed. @returns undefined: it has nothing to complete */
export function findCompleted(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: PromptHost & ResourceHost,
): Prompt | TemplateResource | undefined {
  return findOwner(members(params, 'ref'), ctx, host)
}

function findOwner(
  ref: JsonObject,
  ctx: RequestContext,
  host: PromptHost & ResourceHost,
): Prompt | TemplateResource | undefined {
  if (ref['type'] === 'ref/prompt' && typeof ref['name'] === 'string') {
    const prompt = host.prompts.find(ref['name'], ctx)
    if (prompt === undefined)
      throw new RpcError(ErrorCode.INVALID_PARAMS, `Unknown prompt: ${quote(ref['name'])}`)
    return prompt
  }
  if (ref['type'] === 'ref/resource' && typeof ref['uri'] === 'string') {
    const uri = ref['uri']
    for (const entry of host.resourceTemplates.visibleTo(ctx)) {
      if (entry.template.template === uri) return entry
    }
    // A resource with one URI has nothing to complete, but exists.
    if (host.resources.find(uri, ctx) !== undefined) return undefined
    throw resourceError(ErrorCode.INVALID_PARAMS, 'Resource not found', uri)
  }
  throw invalid('needs "ref": { type: "ref/prompt", name } or { type: "ref/resource", uri }')
}

function isList(suggestions: Suggestions): suggestions is readonly string[] {
  return Array.isArray(suggestions)
}

/** Whether a prompt or template has completers; capabilities are derived from it. */
export function completes(entry: { readonly config: { readonly complete?: object | undefined } }): boolean {
  return entry.config.complete !== undefined
}

function knownArguments(params: JsonObject | undefined): Readonly<Record<string, string>> {
  const known: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(members(members(params, 'context'), 'arguments'))) {
    if (typeof value !== 'string') throw invalid('needs every one of "context.arguments" to be a string')
    known[name] = value
  }
  return known
}

function members(value: JsonObject | undefined, key: string): JsonObject {
  const member = value?.[key] ?? {}
  if (typeof member === 'object' && !Array.isArray(member)) return member as JsonObject
  throw invalid(`needs ${JSON.stringify(key)} to be an object; got ${kindOf(member)}`)
}

function invalid(expected: string): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `completion/complete ${expected}`)
}
