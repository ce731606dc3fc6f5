/**
 * Prompts: message templates that a user picks.
 *
 * Arguments are described by the schema of an object, from which both the list that clients see and the check of what
 * they send are derived.
 *
 * Spec: 2025-11-25 prompts {@link spec.prompts}.
 */

import { isPromise } from '../bounds/is-promise.ts'
import { suggestion } from '../bounds/option-names.ts'
import { kindOf, quote, shown } from '../bounds/quote.ts'
import { InputRequired } from '../dispatch/client-input/input-required.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { DispatchHost } from '../dispatch/dispatcher.ts'
import type { JsonText } from '../dispatch/json-text.ts'
import { checked, ResultError } from '../dispatch/shape.ts'
import {
  adaptSchema,
  assertObjectSchema,
  type CheckResult,
  type InferInput,
  type SchemaAdapter,
  type SchemaLike,
} from '../json-schema/adapter/standard-schema.ts'
import { formatErrors } from '../json-schema/explain/result.ts'
import { refuseUnwrapped } from '../json-schema/read/unwrapped.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type {
  ContentBlock,
  GetPromptResult,
  Icon,
  JsonObject,
  Meta,
  PromptMessage,
} from '../protocol/wire-types.ts'
import type { CacheHints } from './cache-hints.ts'
import type { Completer } from './completer.ts'
import { checkConfig, type Names } from './config-names.ts'
import { checkFunctions, entryJson, PROMPT } from './entry-check.ts'
import { warnOfKeywords } from './host-warnings.ts'
import { NO_ARGUMENTS, takesNothing } from './no-arguments.ts'
import { type Conversions, findConversions, readArguments } from './prompt-arguments.ts'
import type { Entry, Registry, Visible } from './registry.ts'
import { promptResultProblem } from './result-check.ts'
import type { AnyScopes, Scopes } from './scopes.ts'

export interface PromptConfig<Args extends SchemaLike | undefined = SchemaLike | undefined> {
  /** Display name. */
  readonly title?: string | undefined
  /** What it is for, for people. */
  readonly description?: string | undefined
  /**
   * An object schema, or an object of Standard Schemas; its properties are the arguments. On the wire every argument is
   * a string, which is converted where the schema asks for a number or a boolean.
   */
  readonly argsSchema?: Args | undefined
  /** Suggests values, by argument name. @defaultValue none */
  readonly complete?: { readonly [argument: string]: Completer } | undefined
  /** Pictures for people. */
  readonly icons?: readonly Icon[] | undefined
  /** Sent with the entry in lists. */
  readonly _meta?: Meta | undefined
  /** Scopes that callers must have, or a function of the arguments that says which; 403 for others. @defaultValue none */
  readonly scopes?: Scopes<PromptArguments<Args>> | undefined
  /** Decides for each request whether the entry is visible to its caller. @defaultValue always */
  readonly visible?: Visible | undefined
}

const NAMES: Names<PromptConfig> = {
  title: true,
  description: true,
  argsSchema: true,
  complete: true,
  icons: true,
  _meta: true,
  scopes: true,
  visible: true,
}

/** A string is one user message. */
export type PromptReturn = InputRequired | string | ContentBlock | readonly PromptMessage[] | GetPromptResult

export type PromptArguments<Args> = [Args] extends [undefined]
  ? Record<string, never>
  : [Args] extends [SchemaLike]
    ? InferInput<Args>
    : Record<string, never>

export type PromptHandler<Args> = (
  args: PromptArguments<Args>,
  ctx: RequestContext,
) => PromptReturn | PromiseLike<PromptReturn>

type AnyHandler = (args: unknown, ctx: RequestContext) => unknown

export class Prompt implements Entry {
  readonly key: string
  /** For messages: `prompt "review"`. */
  readonly use: string
  readonly config: PromptConfig
  readonly handler: AnyHandler
  readonly visible: Visible | undefined
  readonly scopes: AnyScopes | undefined
  readonly args: SchemaAdapter | undefined
  readonly conversions: Conversions
  /** Whatever a client sends, the handler gets no arguments. */
  readonly takesNothing: boolean
  readonly json: string
  order = 0
  enabled = true

  /** @throws {TypeError | SchemaError} an invalid name, schema or option, named */
  constructor(name: string, config: PromptConfig, handler: AnyHandler) {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(`A prompt name must be a non-empty string; got ${shown(name)}`)
    }
    const use = `prompt ${JSON.stringify(name)}`
    checkConfig(config, use, NAMES)
    if (typeof handler !== 'function') throw new TypeError(`${use} needs a handler function`)
    checkFunctions({ visible: config.visible }, use)
    if (config.complete !== undefined) checkFunctions(config.complete, `${use} complete`)
    this.key = name
    this.use = use
    this.config = config
    this.handler = handler
    this.visible = config.visible
    this.scopes = config.scopes
    if (config.argsSchema !== undefined) {
      refuseUnwrapped(config.argsSchema, `${use} argsSchema`)
      this.args = adaptSchema(config.argsSchema, {
        name: `${use} argsSchema`,
        io: 'input',
        options: { defaults: true },
      })
      assertObjectSchema(this.args.json, `${use} argsSchema`)
    }
    this.takesNothing = takesNothing(this.args?.json ?? NO_ARGUMENTS)
    if (this.args !== undefined) warnOfKeywords(this.args.json, `${use} argsSchema`)
    this.conversions = findConversions(this.args?.json, `${use} argsSchema`)
    const list = argumentList(this.args?.json)
    checkCompleted(config.complete, list, use)
    const { title, description, icons, _meta } = config
    const args = list.length === 0 ? undefined : list
    this.json = entryJson({ name, title, description, arguments: args, icons, _meta }, PROMPT, use)
  }
}

/** @throws {TypeError} a completer for an argument that the prompt does not have */
function checkCompleted(
  complete: PromptConfig['complete'],
  list: readonly PromptArgument[],
  use: string,
): void {
  const names = list.map(({ name }) => name)
  const stray = Object.keys(complete ?? {}).find((argument) => !names.includes(argument))
  if (stray === undefined) return
  const near = suggestion(stray, names)
  throw new TypeError(`${use} has no argument ${JSON.stringify(stray)} to complete${near}`)
}

export interface PromptHost extends DispatchHost {
  readonly prompts: Registry<Prompt>
  readonly cache: CacheHints
  readonly pageSize: number
  /** Whether null arguments count as absent. */
  readonly nullAsAbsent: boolean
}

/** `prompts/list` */
export function listPrompts(params: JsonObject | undefined, ctx: RequestContext, host: PromptHost): JsonText {
  ctx.hintCache(host.prompts.restrict(host.cache.prompts, ctx))
  return host.prompts.list(ctx, params?.['cursor'], host.pageSize)
}

/** `prompts/get` */
export async function getPrompt(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: PromptHost,
): Promise<GetPromptResult> {
  const name = params?.['name']
  if (typeof name !== 'string') {
    throw new RpcError(ErrorCode.INVALID_PARAMS, `prompts/get needs "name", a string; got ${kindOf(name)}`)
  }
  const prompt = host.prompts.find(name, ctx)
  if (prompt === undefined) throw new RpcError(ErrorCode.INVALID_PARAMS, `Unknown prompt: ${quote(name)}`)
  let args = params?.['arguments'] ?? {}
  if (typeof args !== 'object' || Array.isArray(args)) {
    const problem = `prompts/get needs "arguments" to be an object; got ${kindOf(args)}`
    throw new RpcError(ErrorCode.INVALID_PARAMS, problem)
  }
  // A copy, which is changed: the handler may run again for the same request.
  args = prompt.takesNothing ? {} : { ...args }
  readArguments(args as JsonObject, prompt.conversions, host.nullAsAbsent)
  const checking = prompt.args?.validate(args) ?? { valid: true, value: args }
  const check: CheckResult = isPromise(checking) ? await checking : checking
  if (!check.valid) {
    const lines = formatErrors(check.errors, '; ')
    throw new RpcError(ErrorCode.INVALID_PARAMS, `Invalid arguments for prompt ${quote(name)}: ${lines}`)
  }
  const returned = await prompt.handler(check.value, ctx)
  if (returned instanceof InputRequired) return returned as never
  return checked(toPrompt(returned, prompt), promptResultProblem, prompt.use, name)
}

function toPrompt(returned: unknown, { key, use, config: { description } }: Prompt): GetPromptResult {
  const about = description === undefined ? {} : { description }
  if (typeof returned === 'string')
    return { ...about, messages: [userMessage({ type: 'text', text: returned })] }
  if (Array.isArray(returned)) return { ...about, messages: returned }
  if (typeof returned === 'object' && returned !== null) {
    if ('messages' in returned) return { ...about, ...(returned as GetPromptResult) }
    if ('type' in returned) return { ...about, messages: [userMessage(returned as ContentBlock)] }
  }
  const forms = 'a string, a content block, an array of messages, or { messages }'
  throw new ResultError(`${use} must return ${forms}; got ${kindOf(returned)}`, key)
}

function userMessage(content: ContentBlock): PromptMessage {
  return { role: 'user', content }
}

interface PromptArgument {
  readonly name: string
  readonly title?: unknown
  readonly description?: unknown
  readonly required?: true | undefined
}

function argumentList(schema: object | undefined): readonly PromptArgument[] {
  const { properties, required } = (schema ?? {}) as {
    properties?: JsonObject | undefined
    required?: readonly string[] | undefined
  }
  return Object.entries(properties ?? {}).map(([name, property]) => {
    const { title, description } = (property ?? {}) as { title?: unknown; description?: unknown }
    return { name, title, description, ...(required?.includes(name) && { required: true as const }) }
  })
}
