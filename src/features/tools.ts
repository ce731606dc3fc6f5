/**
 * Tools: what a model can call.
 *
 * Any failure inside a tool is a result with `isError`, which the model sees and can act on; only an unknown tool or a
 * malformed request is a protocol error.
 *
 * Spec: 2025-11-25 tools {@link spec.tools}.
 */

import { isPromise } from '../bounds/is-promise.ts'
import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { kindOf, quote, shown } from '../bounds/quote.ts'
import { MissingCapabilityError } from '../dispatch/client-input/client-capabilities.ts'
import { InputRequired } from '../dispatch/client-input/input-required.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { DispatchHost } from '../dispatch/dispatcher.ts'
import { concealError } from '../dispatch/error-report.ts'
import { type RateLimit, rateLimitOf } from '../dispatch/rate-limit.ts'
import { checked, ResultError } from '../dispatch/shape.ts'
import type { Rate } from '../dispatch/token-bucket.ts'
import {
  adaptSchema,
  assertObjectSchema,
  type CheckResult,
  type InferInput,
  type InferOutput,
  type SchemaAdapter,
  type SchemaLike,
} from '../json-schema/adapter/standard-schema.ts'
import { formatErrors, type ValidationError } from '../json-schema/explain/result.ts'
import { findHeaderParameters, type HeaderParameter } from '../json-schema/header-parameters.ts'
import { refuseOtherBranches, withObjectType } from '../json-schema/read/accepted-types.ts'
import { refuseUnwrapped } from '../json-schema/read/unwrapped.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type {
  CallToolResult,
  ContentBlock,
  Icon,
  JsonObject,
  Meta,
  ToolAnnotations,
} from '../protocol/wire-types.ts'
import type { CacheHints } from './cache-hints.ts'
import { checkConfig, type Names } from './config-names.ts'
import { checkFunctions } from './entry-check.ts'
import { warnOfInput, warnOfName, warnOfOutput } from './host-warnings.ts'
import { NO_ARGUMENTS, takesNothing, withProperties } from './no-arguments.ts'
import type { Entry, Registry, Visible } from './registry.ts'
import { toolResultProblem } from './result-check.ts'
import type { AnyScopes, Scopes } from './scopes.ts'
import { checkTaskMode, requireTasks, startsAsTask, type TaskMode } from './tasks/task-mode.ts'
import { OutputSchemaError, toolResult } from './tool-result.ts'
import { toolTexts } from './tool-texts.ts'

/** Throw it in a tool to tell the model what went wrong: its message becomes the text of an `isError` result. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly content: readonly ContentBlock[] | undefined

  /** @param content - sent instead of the message, for those who have more to show */
  constructor(message: string, content?: readonly ContentBlock[]) {
    super(message)
    this.content = content
  }
}

export interface ToolConfig<
  Input extends SchemaLike | undefined = SchemaLike | undefined,
  Output extends SchemaLike | undefined = SchemaLike | undefined,
> {
  /** Display name. */
  readonly title?: string | undefined
  /** What it is for, for the model. */
  readonly description?: string | undefined
  /**
   * JSON Schema (2020-12 or draft-07) of an object, a Standard Schema of one, or an object of Standard Schemas, one for
   * each argument. Absent, `{}`, or a schema with empty `properties`: no arguments, whatever a client sends. One that says
   * nothing about members, `{ type: 'object' }`, takes any.
   */
  readonly inputSchema?: Input | undefined
  /** Schema of `structuredContent`, which the tool then must return. Clients before 2026-07-28 see those of objects only. */
  readonly outputSchema?: Output | undefined
  /** What a call does (`readOnlyHint`, ...): hints, for clients that ask the user before a call. */
  readonly annotations?: ToolAnnotations | undefined
  /** Pictures for people. */
  readonly icons?: readonly Icon[] | undefined
  /** Sent with the entry in lists. */
  readonly _meta?: Meta | undefined
  /** Milliseconds after which `ctx.signal` aborts and the call is answered with an error. @defaultValue 0: none */
  readonly timeoutMs?: number | undefined
  /**
   * Answers clients that support tasks with a task, which they poll for its result. `true`: others get the plain result;
   * `'required'`: others are refused; `'on-demand'`: when and if the handler calls `ctx.startTask()`. Clients of
   * 2025-11-25 choose with each call. @defaultValue never a task
   */
  readonly task?: TaskMode | undefined
  /**
   * How often one caller may call the tool: a principal, else a session, else all others together; 429 above. Each
   * process counts for itself. @defaultValue that of the handler, for all requests
   */
  readonly rateLimit?: Rate | undefined
  /**
   * Scopes that callers must have, or a function of the arguments that says which; 403 for others. `auth` must declare
   * them, those that a function gives too. @defaultValue none
   */
  readonly scopes?: Scopes<ToolArguments<Input>> | undefined
  /** Decides for each request whether the entry is visible to its caller. @defaultValue always */
  readonly visible?: Visible | undefined
}

const NAMES: Names<ToolConfig> = {
  title: true,
  description: true,
  inputSchema: true,
  outputSchema: true,
  annotations: true,
  icons: true,
  _meta: true,
  timeoutMs: true,
  task: true,
  rateLimit: true,
  scopes: true,
  visible: true,
}

/** What a tool may return when it has no output schema. */
export type FreeToolReturn =
  | InputRequired
  | string
  | ContentBlock
  | readonly ContentBlock[]
  | CallToolResult
  | StructuredToolReturn<unknown>
  | undefined
  // biome-ignore lint/suspicious/noConfusingVoidType: a tool that does its work and has nothing to return
  | void

/** With an output schema: the structured content, with content of one's own or the JSON text of it. */
export interface StructuredToolReturn<Structured> {
  readonly structuredContent: Structured
  readonly content?: readonly ContentBlock[] | undefined
  readonly _meta?: Meta | undefined
}

export interface FailedToolReturn {
  readonly isError: true
  readonly content: readonly ContentBlock[]
}

/** Any return is allowed where there is no schema, and where it is not known which one. */
export type ToolReturn<Output> = [Output] extends [undefined]
  ? FreeToolReturn
  : [SchemaLike] extends [Output]
    ? FreeToolReturn
    : StructuredToolReturn<InferOutput<Output>> | FailedToolReturn | InputRequired

export type ToolArguments<Input> = [Input] extends [undefined]
  ? Record<string, never>
  : [Input] extends [SchemaLike]
    ? InferInput<Input>
    : Record<string, never>

/**
 * A conditional type, so that TypeScript knows the schema before it checks the handler: a literal that is returned for an
 * `enum` would otherwise be any string.
 */
export type ToolHandler<Input, Output> = [Output] extends [undefined]
  ? Handler<Input, undefined>
  : Handler<Input, Output>

type Handler<Input, Output> = (
  args: ToolArguments<Input>,
  ctx: RequestContext,
) => ToolReturn<Output> | PromiseLike<ToolReturn<Output>>

type AnyHandler = (args: unknown, ctx: RequestContext) => unknown

export class Tool implements Entry {
  readonly key: string
  /** For messages: `tool "add"`. */
  readonly use: string
  readonly config: ToolConfig
  readonly handler: AnyHandler
  readonly visible: Visible | undefined
  readonly scopes: AnyScopes | undefined
  readonly timeoutMs: number
  readonly rateLimit: RateLimit | undefined
  readonly input: SchemaAdapter
  readonly output: SchemaAdapter | undefined
  /** Whatever a client sends, the handler gets no arguments. */
  readonly takesNothing: boolean
  /** Parameters that clients of the stateless era repeat in headers. */
  readonly headerParameters: readonly HeaderParameter[]
  readonly mayBecomeTask: boolean
  readonly worksOnlyAsTask: boolean
  readonly json: string
  readonly olderJson: string | undefined
  readonly taskJson: string | undefined
  order = 0
  enabled = true

  /**
   * @param nullAsAbsent - whether `null` for an optional argument that does not allow it counts as absent
   * @param previous - the tool that this one replaces: the counts of its rate limit are kept where the rate is the same
   * @throws {TypeError | SchemaError} an invalid name, schema or option, named
   */
  constructor(name: string, config: ToolConfig, handler: AnyHandler, nullAsAbsent: boolean, previous?: Tool) {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(`A tool name must be a non-empty string; got ${shown(name)}`)
    }
    const use = `tool ${JSON.stringify(name)}`
    checkConfig(config, use, NAMES)
    checkFunctions({ visible: config.visible }, use)
    if (typeof handler !== 'function') throw new TypeError(`${use} needs a handler function`)
    this.key = name
    this.use = use
    this.config = config
    this.handler = handler
    this.visible = config.visible
    this.scopes = config.scopes
    this.timeoutMs = checkTimeout(config.timeoutMs, use)
    checkTaskMode(config.task, use)
    this.mayBecomeTask = config.task !== undefined
    this.worksOnlyAsTask = config.task === 'required'
    this.rateLimit = rateLimitOf(config.rateLimit, `calls of ${use}`, `${use} rateLimit`, previous?.rateLimit)
    refuseUnwrapped(config.inputSchema, `${use} inputSchema`)
    refuseUnwrapped(config.outputSchema, `${use} outputSchema`)
    this.input = adaptSchema(config.inputSchema === undefined ? NO_ARGUMENTS : config.inputSchema, {
      name: `${use} inputSchema`,
      io: 'input',
      options: { defaults: 'afterwards', nullAsAbsent },
    })
    const inputSchema = withProperties(withObjectType(this.input.json))
    refuseOtherBranches(inputSchema, `${use} inputSchema`)
    assertObjectSchema(inputSchema, `${use} inputSchema`)
    this.takesNothing = takesNothing(this.input.json)
    this.headerParameters = findHeaderParameters(inputSchema, use)
    if (config.outputSchema !== undefined) {
      this.output = adaptSchema(config.outputSchema, { name: `${use} outputSchema`, io: 'output' })
    }
    const outputSchema = this.output && withObjectType(this.output.json)
    const { title, description, annotations, icons, _meta } = config
    const about = { name, title, description, annotations, icons, _meta }
    const taskSupport = this.worksOnlyAsTask ? 'required' : 'optional'
    const texts = toolTexts(
      about,
      inputSchema,
      outputSchema,
      this.mayBecomeTask ? taskSupport : undefined,
      use,
    )
    this.json = texts.json
    this.olderJson = texts.olderJson
    this.taskJson = texts.taskJson
    warnOfName(name)
    warnOfInput(inputSchema, `${use} inputSchema`)
    if (outputSchema !== undefined) warnOfOutput(outputSchema, `${use} outputSchema`)
  }
}

export interface ToolHost extends DispatchHost {
  readonly tools: Registry<Tool>
  readonly cache: CacheHints
  readonly pageSize: number
}

/** `tools/call` */
export function callTool(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: ToolHost,
): CallToolResult | Promise<CallToolResult> {
  const name = params?.['name']
  if (typeof name !== 'string') {
    throw new RpcError(ErrorCode.INVALID_PARAMS, `tools/call needs "name", a string; got ${kindOf(name)}`)
  }
  const tool = host.tools.find(name, ctx)
  if (tool === undefined) throw new RpcError(ErrorCode.INVALID_PARAMS, `Unknown tool: ${quote(name)}`)
  ctx.onTool(tool, params?.['arguments'])
  if (tool.rateLimit !== undefined) ctx.count(tool.rateLimit)
  requireTasks(tool.config.task, ctx)
  let args = params?.['arguments'] ?? {}
  if (typeof args !== 'object' || Array.isArray(args)) {
    const problem = `tools/call needs "arguments" to be an object; got ${kindOf(args)}`
    throw new RpcError(ErrorCode.INVALID_PARAMS, problem)
  }
  if (tool.takesNothing) args = {}
  let check: CheckResult | Promise<CheckResult>
  try {
    check = tool.input.validate(args)
  } catch (error) {
    return toolFailed(error, tool, ctx, host)
  }
  if (isPromise(check)) {
    return check.then(
      (settled) => (settled.valid ? startTool(tool, settled.value, ctx, host) : invalid(settled.errors)),
      (error) => toolFailed(error, tool, ctx, host),
    )
  }
  return check.valid ? startTool(tool, check.value, ctx, host) : invalid(check.errors)
}

function startTool(
  tool: Tool,
  args: unknown,
  ctx: RequestContext,
  host: ToolHost,
): CallToolResult | Promise<CallToolResult> {
  if (!startsAsTask(tool.config.task, ctx)) return runTool(tool, args, ctx, host)
  // A task that cannot be created is no failure of the tool, so the error goes past it.
  return ctx.startTask().then(() => runTool(tool, args, ctx, host))
}

function runTool(
  tool: Tool,
  args: unknown,
  ctx: RequestContext,
  host: ToolHost,
): CallToolResult | Promise<CallToolResult> {
  try {
    const returned = tool.handler(args, ctx)
    const result = isPromise(returned)
      ? Promise.resolve(returned).then((value) => finishTool(value, tool))
      : finishTool(returned, tool)
    if (!isPromise(result)) return result
    const settled = result.catch((error) => toolFailed(error, tool, ctx, host))
    return tool.timeoutMs === 0 ? settled : withTimeout(settled, tool, ctx)
  } catch (error) {
    return toolFailed(error, tool, ctx, host)
  }
}

function finishTool(returned: unknown, tool: Tool): CallToolResult | Promise<CallToolResult> {
  return returned instanceof InputRequired ? (returned as never) : toolResult(returned, tool)
}

export function toolFailed(error: unknown, tool: Tool, ctx: RequestContext, host: ToolHost): CallToolResult {
  if (error instanceof RpcError || error instanceof MissingCapabilityError || error instanceof ResultError) {
    throw error
  }
  if (error instanceof ToolError) {
    if (error.content === undefined) return failure(error.message)
    const shown: CallToolResult = { content: error.content, isError: true }
    return checked(shown, toolResultProblem, `${tool.use}: ToolError`, tool.key)
  }
  // Shown to the model, since it or its user can act on it; these messages contain nothing private.
  if (isClientFailure(error)) return failure(error.message)
  const isOutput = error instanceof OutputSchemaError
  if (ctx.aborted && !isOutput) return failure('The call was cancelled')
  const phase = isOutput ? 'output' : 'handler'
  return failure(concealError(error, { ...ctx.errorInfo(), phase, name: tool.key }, host))
}

function isClientFailure(error: unknown): error is McpError {
  return (
    error instanceof McpError &&
    ['ERR_REQUEST_TIMEOUT', 'ERR_CLIENT_ANSWER', 'ERR_INVALID_ANSWER', 'ERR_NO_CLIENT_CHANNEL'].includes(
      error.code,
    )
  )
}

function invalid(errors: readonly ValidationError[]): CallToolResult {
  return failure(`Invalid arguments:\n${formatErrors(errors, '\n')}`)
}

function failure(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true }
}

function withTimeout(
  settled: Promise<CallToolResult>,
  tool: Tool,
  ctx: RequestContext,
): Promise<CallToolResult> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const message = `The tool ${JSON.stringify(tool.key)} did not finish within ${tool.timeoutMs} ms`
      resolve(failure(message))
      ctx.abort(new McpError('ERR_TOOL_TIMEOUT', message))
    }, tool.timeoutMs)
    settled.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function checkTimeout(value: number | undefined, use: string): number {
  if (value === undefined) return 0
  if (typeof value === 'number' && value >= 0 && value <= MAX_TIMER_MS) return value
  throw new TypeError(
    `${use} timeoutMs must be 0 (none) to ${MAX_TIMER_MS} milliseconds; got ${shown(value)}`,
  )
}
