/**
 * Which scopes a request needs: by its method, what it names, and its arguments. What names nothing, or has arguments
 * that do not fit, needs none: its handler is not reached.
 *
 * Not here: what a scope is, and who has it (scopes.ts, auth/).
 */

import { isObject } from '../bounds/is-object.ts'
import { isPromise } from '../bounds/is-promise.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { CheckResult } from '../json-schema/adapter/standard-schema.ts'
import { Method } from '../protocol/methods.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { findCompleted } from './completion.ts'
import { readArguments } from './prompt-arguments.ts'
import type { PromptHost } from './prompts.ts'
import { findResource, type ResourceHost } from './resources.ts'
import { copyOfArguments, neededScopes } from './scopes.ts'
import { type ToolHost, toolFailed } from './tools.ts'

export type GuardHost = ToolHost & PromptHost & ResourceHost

type Needed = readonly string[] | PromiseLike<readonly string[]>

const NOTHING: readonly string[] = []

/**
 * Checks that the caller has the scopes of what it asks for.
 *
 * @returns undefined, or a promise of it, when the caller has them; where the function at `scopes` of a tool has failed,
 *   the result that says so, in the place of the handler's
 * @throws {ScopeError} it lacks some
 */
export function guard(ctx: RequestContext, host: GuardHost): unknown {
  const failed = (error: unknown) => {
    const tool =
      ctx.method === Method.toolsCall ? host.tools.find(String(ctx.params?.['name']), ctx) : undefined
    if (tool === undefined) throw error
    return toolFailed(error, tool, ctx, host)
  }
  let needed: Needed
  try {
    needed = scopesOf(ctx, host)
  } catch (error) {
    return failed(error)
  }
  if (isPromise(needed)) {
    return Promise.resolve(needed).then((scopes) => ctx.requireScopes(scopes as readonly string[]), failed)
  }
  return ctx.requireScopes(needed as readonly string[])
}

/** @throws what a function at `scopes` throws */
export function scopesOf(ctx: RequestContext, host: GuardHost): Needed {
  const { method, params } = ctx
  if (method === Method.toolsCall) return scopesOfTool(params, ctx, host)
  if (method === Method.promptsGet) return scopesOfPrompt(params, ctx, host)
  if (method === Method.resourcesRead || method === Method.resourcesSubscribe) {
    const uri = params?.['uri']
    return typeof uri === 'string' ? scopesOfResource(uri, ctx, host) : NOTHING
  }
  return method === Method.complete ? scopesOfCompletion(ctx, host) : NOTHING
}

function scopesOfTool(params: JsonObject | undefined, ctx: RequestContext, host: GuardHost): Needed {
  const name = params?.['name']
  const tool = typeof name === 'string' ? host.tools.find(name, ctx) : undefined
  if (tool?.scopes === undefined) return NOTHING
  if (typeof tool.scopes !== 'function') return tool.scopes
  const args = tool.takesNothing ? {} : copyOfArguments(params?.['arguments'])
  if (args === undefined) return NOTHING
  return whenValid(tool.input.validate(args), (value) => neededScopes(tool, value, ctx))
}

function scopesOfPrompt(params: JsonObject | undefined, ctx: RequestContext, host: GuardHost): Needed {
  const name = params?.['name']
  const prompt = typeof name === 'string' ? host.prompts.find(name, ctx) : undefined
  if (prompt?.scopes === undefined) return NOTHING
  if (typeof prompt.scopes !== 'function') return prompt.scopes
  const args = prompt.takesNothing ? {} : copyOfArguments(params?.['arguments'])
  if (args === undefined) return NOTHING
  try {
    readArguments(args as JsonObject, prompt.conversions, host.nullAsAbsent)
  } catch {
    return NOTHING
  }
  const checked = prompt.args?.validate(args) ?? { valid: true, value: args }
  return whenValid(checked, (value) => neededScopes(prompt, value, ctx))
}

function whenValid(
  checked: CheckResult | PromiseLike<CheckResult>,
  needed: (value: unknown) => Needed,
): Needed {
  const read = (result: CheckResult) => (result.valid ? needed(result.value) : NOTHING)
  return isPromise(checked)
    ? Promise.resolve(checked as PromiseLike<CheckResult>).then(read)
    : read(checked as CheckResult)
}

/** The scopes of the resource that a URI names, if the caller may know of it. */
export function scopesOfResource(uri: string, ctx: RequestContext, host: ResourceHost): Needed {
  let found: ReturnType<typeof findResource>
  try {
    found = findResource(uri, ctx, host)
  } catch {
    return NOTHING
  }
  return neededScopes(found.entry, found.variables, ctx)
}

function scopesOfCompletion(ctx: RequestContext, host: GuardHost): Needed {
  let owner: ReturnType<typeof findCompleted>
  try {
    owner = findCompleted(ctx.params, ctx, host)
  } catch {
    return NOTHING
  }
  if (owner?.scopes === undefined) return NOTHING
  const context = ctx.params?.['context']
  const known = isObject(context) ? context['arguments'] : undefined
  return neededScopes(owner, isObject(known) ? known : {}, ctx)
}
