/**
 * Tools: what a model can call.
 *
 * Whatever goes wrong inside a tool is a result with `isError`, which the model sees and can act on; only an
 * unknown tool or a malformed request is a protocol error.
 *
 * Spec: 2025-11-25 tools {@link spec.tools}.
 */

import { MissingCapabilityError } from '../dispatch/client-input.ts'
import type { RequestContext } from '../dispatch/context.ts'
import { concealError, type DispatchHost, isPromise, quote } from '../dispatch/dispatcher.ts'
import { InputRequired } from '../dispatch/input-required.ts'
import type { JsonText } from '../dispatch/json-text.ts'
import { formatErrors, type ValidationError } from '../json-schema/result.ts'
import {
  adaptSchema,
  assertObjectSchema,
  type CheckResult,
  type InferInput,
  type InferOutput,
  type SchemaAdapter,
  type SchemaLike,
} from '../json-schema/standard-schema.ts'
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
import { findHeaderParameters, type HeaderParameter } from './header-parameters.ts'
import type { Entry, Registry, Visible } from './registry.ts'
import { checkTaskMode, requireTasks, startsAsTask, type TaskMode } from './tasks.ts'

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
  readonly title?: string
  readonly description?: string
  /** JSON Schema (2020-12 or draft-07) with `type: 'object'`, or a Standard Schema. Absent: no arguments. */
  readonly inputSchema?: Input
  /** Schema of `structuredContent`, which the tool then must return. */
  readonly outputSchema?: Output
  readonly annotations?: ToolAnnotations
  readonly icons?: readonly Icon[]
  readonly _meta?: Meta
  /** Milliseconds after which `ctx.signal` aborts and the call is answered with an error. Default: none. */
  readonly timeoutMs?: number
  /**
   * Answers clients that know tasks with a task, which they ask for its result. `true`: others get the plain result;
   * `'required'`: others are refused; `'on-demand'`: when and if the handler calls `ctx.startTask()`.
   */
  readonly task?: TaskMode
  readonly visible?: Visible
}

/** What a tool may return when it has no output schema. */
export type FreeToolReturn =
  | InputRequired
  | string
  | ContentBlock
  | readonly ContentBlock[]
  | CallToolResult
  | undefined

/** With an output schema: the structured content, with content of one's own or the JSON text of it. */
export interface StructuredToolReturn<Structured> {
  readonly structuredContent: Structured
  readonly content?: readonly ContentBlock[]
  readonly _meta?: Meta
}

export interface FailedToolReturn {
  readonly isError: true
  readonly content: readonly ContentBlock[]
}

export type ToolReturn<Output> = [Output] extends [SchemaLike]
  ? StructuredToolReturn<InferOutput<Output>> | FailedToolReturn | InputRequired
  : FreeToolReturn | { readonly structuredContent: JsonObject; readonly content?: readonly ContentBlock[] }

export type ToolArguments<Input> = [Input] extends [SchemaLike] ? InferInput<Input> : Record<string, never>

export type ToolHandler<Input, Output> = (
  args: ToolArguments<Input>,
  ctx: RequestContext,
) => ToolReturn<Output> | Promise<ToolReturn<Output>>

// biome-ignore lint/suspicious/noConfusingVoidType: a stored handler may return nothing at all
type AnyHandler = (args: unknown, ctx: RequestContext) => unknown | void

/** The specification recommends this for a tool without parameters. */
const NO_ARGUMENTS: JsonObject = { type: 'object', additionalProperties: false }

export class Tool implements Entry {
  readonly key: string
  readonly config: ToolConfig
  readonly handler: AnyHandler
  readonly visible: Visible | undefined
  readonly timeoutMs: number
  readonly input: SchemaAdapter
  readonly output: SchemaAdapter | undefined
  /** Parameters that clients of the stateless era repeat in headers. */
  readonly headerParameters: readonly HeaderParameter[]
  readonly json: string
  order = 0
  enabled = true

  /** @throws {TypeError | SchemaError} an invalid name, schema or option, named */
  constructor(name: string, config: ToolConfig, handler: AnyHandler) {
    if (typeof handler !== 'function')
      throw new TypeError(`Tool ${JSON.stringify(name)} needs a handler function`)
    checkToolName(name)
    const use = `tool ${JSON.stringify(name)}`
    this.key = name
    this.config = config
    this.handler = handler
    this.visible = config.visible
    this.timeoutMs = checkTimeout(config.timeoutMs, use)
    checkTaskMode(config.task, use)
    this.input = adaptSchema(config.inputSchema === undefined ? NO_ARGUMENTS : config.inputSchema, {
      name: `${use} inputSchema`,
      io: 'input',
    })
    assertObjectSchema(this.input.json, `${use} inputSchema`)
    warnOfUnion(this.input.json, `${use} inputSchema`)
    this.headerParameters = findHeaderParameters(this.input.json, use)
    if (config.outputSchema !== undefined) {
      this.output = adaptSchema(config.outputSchema, { name: `${use} outputSchema`, io: 'output' })
      assertObjectSchema(this.output.json, `${use} outputSchema`)
    }
    const { title, description, annotations, icons, _meta } = config
    this.json = JSON.stringify({
      name,
      title,
      description,
      inputSchema: this.input.json,
      outputSchema: this.output?.json,
      annotations,
      icons,
      _meta,
    })
  }
}

export interface ToolHost extends DispatchHost {
  readonly tools: Registry<Tool>
  readonly cache: CacheHints
  readonly pageSize: number
}

/** `tools/list` */
export function listTools(params: JsonObject | undefined, ctx: RequestContext, host: ToolHost): JsonText {
  ctx.hintCache(host.tools.restrict(host.cache.tools))
  return host.tools.list(ctx, params?.['cursor'], host.pageSize)
}

/** `tools/call` */
export function callTool(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: ToolHost,
): CallToolResult | Promise<CallToolResult> {
  const name = params?.['name']
  if (typeof name !== 'string') {
    throw new RpcError(ErrorCode.INVALID_PARAMS, `tools/call needs "name", a string; got ${typeof name}`)
  }
  const tool = host.tools.find(name, ctx)
  if (tool === undefined) throw new RpcError(ErrorCode.INVALID_PARAMS, `Unknown tool: ${quote(name)}`)
  requireTasks(tool.config.task, ctx)
  const args = params?.['arguments'] ?? {}
  if (typeof args !== 'object' || Array.isArray(args)) {
    throw new RpcError(
      ErrorCode.INVALID_PARAMS,
      `tools/call needs "arguments" to be an object; got ${typeof args}`,
    )
  }
  let checked: CheckResult | Promise<CheckResult>
  try {
    checked = tool.input.validate(args)
  } catch (error) {
    return toolFailed(error, tool, ctx, host)
  }
  if (isPromise(checked)) {
    return checked.then(
      (settled) => (settled.valid ? startTool(tool, settled.value, ctx, host) : invalid(settled.errors)),
      (error) => toolFailed(error, tool, ctx, host),
    )
  }
  return checked.valid ? startTool(tool, checked.value, ctx, host) : invalid(checked.errors)
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
    if (!isPromise(returned)) return finishTool(tool, returned, ctx, host)
    const finished = returned.then((value) => finishTool(tool, value, ctx, host))
    const settled = finished.catch((error) => toolFailed(error, tool, ctx, host))
    return tool.timeoutMs === 0 ? settled : withTimeout(settled, tool, ctx)
  } catch (error) {
    return toolFailed(error, tool, ctx, host)
  }
}

/** Brings what a handler returned into the form of a result, and holds it against the output schema. */
function finishTool(
  tool: Tool,
  returned: unknown,
  ctx: RequestContext,
  host: ToolHost,
): CallToolResult | Promise<CallToolResult> {
  if (returned instanceof InputRequired) return returned as never
  const result = toResult(returned)
  if (result.isError === true) {
    // A failure has no structured content to hold against the schema; clients reject one that does not fit.
    const { structuredContent: _, ...failure } = result
    return failure
  }
  if (tool.output === undefined) return result
  const checked = tool.output.validate(result.structuredContent)
  if (isPromise(checked)) return checked.then((settled) => checkedResult(settled, result, tool, ctx, host))
  return checkedResult(checked, result, tool, ctx, host)
}

function checkedResult(
  checked: CheckResult,
  result: CallToolResult,
  tool: Tool,
  ctx: RequestContext,
  host: ToolHost,
): CallToolResult {
  if (checked.valid) {
    // Clients are shown the schema of what validation makes of the value, so that is what they get.
    if (checked.value === result.structuredContent) return result
    return mirrored({ ...result, structuredContent: checked.value, content: ownContent(result) })
  }
  const detail = formatErrors(checked.errors, '; ')
  const error = new McpError('ERR_OUTPUT_SCHEMA', `structuredContent does not fit outputSchema: ${detail}`)
  return failure(concealError(error, { phase: 'output', name: tool.key, ...ctx.errorInfo() }, host))
}

/** The content that the tool gave itself; undefined when it is the text mirror that `mirrored` made. */
function ownContent({ content, structuredContent }: CallToolResult): readonly ContentBlock[] | undefined {
  const [first] = content
  const isMirror =
    content.length === 1 && first?.type === 'text' && first.text === JSON.stringify(structuredContent)
  return isMirror ? undefined : content
}

function toResult(returned: unknown): CallToolResult {
  if (typeof returned === 'string') return { content: [{ type: 'text', text: returned }] }
  if (returned === undefined || returned === null) return { content: [] }
  if (Array.isArray(returned)) return { content: returned }
  if (typeof returned === 'object') {
    if ('structuredContent' in returned) return mirrored(returned as StructuredToolReturn<unknown>)
    if ('content' in returned) return returned as CallToolResult
    if ('type' in returned) return { content: [returned as ContentBlock] }
  }
  throw new TypeError(
    'A tool must return a string, a content block, an array of them, { structuredContent } or { content }',
  )
}

/** Structured content SHOULD also be there as text, for clients that know only text. */
function mirrored(
  returned: Omit<StructuredToolReturn<unknown>, 'content'> & {
    content?: readonly ContentBlock[] | undefined
  },
): CallToolResult {
  if (returned.content !== undefined) return returned as CallToolResult
  const text = JSON.stringify(returned.structuredContent)
  return { ...returned, content: text === undefined ? [] : [{ type: 'text', text }] }
}

function toolFailed(error: unknown, tool: Tool, ctx: RequestContext, host: ToolHost): CallToolResult {
  if (error instanceof RpcError || error instanceof MissingCapabilityError) throw error
  if (error instanceof ToolError) {
    return error.content === undefined ? failure(error.message) : { content: error.content, isError: true }
  }
  // Told to the model, since it or its user can do something about it; these messages hold nothing private.
  if (isClientFailure(error)) return failure(error.message)
  if (ctx.aborted) return failure('The call was cancelled')
  return failure(concealError(error, { phase: 'handler', name: tool.key, ...ctx.errorInfo() }, host))
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

/** The specification's form of a name is a SHOULD: a name outside of it is accepted with a warning. */
function checkToolName(name: string): void {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`A tool name must be a non-empty string; got ${JSON.stringify(name)}`)
  }
  if (/^[A-Za-z0-9_.-]{1,128}$/.test(name)) return
  process.emitWarning(
    `Tool name ${JSON.stringify(name)}: some clients accept only A-Z a-z 0-9 _ - . (1 to 128)`,
    {
      code: 'BAREWIRE_TOOL_NAME',
    },
  )
}

/** Valid, but some model APIs refuse a tool for it, and some clients then drop the whole list. */
function warnOfUnion(schema: object, use: string): void {
  const keyword = ['anyOf', 'oneOf', 'allOf'].find((each) => each in schema)
  if (keyword === undefined) return
  process.emitWarning(`${use}: some clients cannot use a tool with "${keyword}" at the root of its schema`, {
    code: 'BAREWIRE_TOOL_SCHEMA',
  })
}

function checkTimeout(value: number | undefined, use: string): number {
  if (value === undefined) return 0
  if (typeof value === 'number' && value >= 0 && value <= 2 ** 31 - 1) return value
  throw new TypeError(`${use} timeoutMs must be 0 (none) to 2147483647 milliseconds; got ${String(value)}`)
}
