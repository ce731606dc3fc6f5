/**
 * Tool results: makes a result of what a handler returned, and checks it against the shape that clients expect and
 * against the tool's output schema.
 *
 * `structuredContent` is checked in its JSON form, since that is what clients read: a Date as its text, NaN as null, a
 * Map as an object without members. Plain values, which equal their JSON form, are not written and parsed for that.
 *
 * Spec: 2025-11-25 tools {@link spec.tools}, "Tool Result", "Structured Content" and "Output Schema".
 * Not here: failures of the handler (tools.ts), what a revision cannot carry (the era's results.ts).
 */

import { isPromise } from '../bounds/is-promise.ts'
import { kindOf } from '../bounds/quote.ts'
import { asJson, checked, jsonText, ResultError, wrong } from '../dispatch/shape.ts'
import type { CheckResult, SchemaAdapter } from '../json-schema/adapter/standard-schema.ts'
import { formatErrors } from '../json-schema/explain/result.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import type { CallToolResult, ContentBlock } from '../protocol/wire-types.ts'
import { isPlainJson } from './plain-json.ts'
import { toolResultProblem } from './result-check.ts'
import { MirroredResult, TextResult } from './written-result.ts'

/** The part of a tool that is used here. */
export interface ResultOwner {
  readonly key: string
  /** For messages: `tool "add"`. */
  readonly use: string
  readonly output: SchemaAdapter | undefined
}

/** The content of a result whose structured content JSON cannot hold, until its schema has seen it. */
const UNWRITTEN: readonly ContentBlock[] = []

type Loose = Omit<CallToolResult, 'content'> & { readonly content?: readonly ContentBlock[] | undefined }

/** The structured content does not fit the output schema of the tool. The model gets a result that says the tool failed. */
export class OutputSchemaError extends McpError {
  constructor(message: string) {
    super('ERR_OUTPUT_SCHEMA', message)
  }
}

/**
 * @param returned - what the handler returned, awaited
 * @throws {ResultError} it is not a result
 * @throws {OutputSchemaError} a promise may also reject with it
 */
export function toolResult(returned: unknown, tool: ResultOwner): CallToolResult | Promise<CallToolResult> {
  const result = knownForm(returned) ?? checkShape(toResult(returned, tool), tool)
  if (result.isError === true) {
    // A failure has no structured content that could fit the schema, and clients reject one that does not.
    const { structuredContent: _, ...failure } = result
    return failure
  }
  return tool.output === undefined ? result : checkOutput(result, tool.output, tool)
}

function checkShape(result: CallToolResult, tool: ResultOwner): CallToolResult {
  return result instanceof MirroredResult ? result : checked(result, toolResultProblem, tool.use, tool.key)
}

/** The forms that need no check. */
function knownForm(returned: unknown): CallToolResult | undefined {
  if (typeof returned === 'string') return new TextResult(returned)
  return returned === undefined || returned === null ? { content: [] } : undefined
}

function toResult(returned: unknown, tool: ResultOwner): CallToolResult {
  if (Array.isArray(returned)) return { content: returned }
  if (typeof returned === 'object' && returned !== null) {
    if ('structuredContent' in returned) return mirrored(returned as Loose, tool)
    if ('content' in returned) return returned as CallToolResult
    if ('type' in returned) return { content: [returned as ContentBlock] }
  }
  const forms =
    'a string, a content block, an array of content blocks (no strings), { structuredContent } or { content }'
  const got = kindOf(returned)
  const hint = got === 'an object' ? ': did you mean { structuredContent: ... }?' : ''
  throw new ResultError(`${tool.use} must return ${forms}; got ${got}${hint}`, tool.key)
}

/**
 * Structured content SHOULD also be there as text, for clients that know only text.
 *
 * @param isChecked - it is what the schema made of the value
 */
function mirrored(returned: Loose, tool: ResultOwner, isChecked = false): CallToolResult {
  if (returned.content !== undefined) return returned as CallToolResult
  const { structuredContent } = returned
  let text: string | undefined
  try {
    text = jsonText(structuredContent, `${tool.use}: structuredContent`, tool.key)
  } catch (error) {
    // A library's schema may make of it what JSON can hold.
    if (tool.output?.isStandard !== true || isChecked) throw error
    return { ...returned, content: UNWRITTEN }
  }
  if (text === '{}' && isPromise(structuredContent)) {
    const problem = wrong('a JSON value', structuredContent)
    throw new ResultError(`${tool.use}: structuredContent${problem}`, tool.key)
  }
  if (text !== undefined && isContainer(structuredContent, text) && isAlone(returned)) {
    return new MirroredResult(structuredContent, text)
  }
  const content: ContentBlock[] = text === undefined ? [] : [{ type: 'text', text }]
  return { ...returned, content }
}

/** Whether JSON makes an object of an object, or an array of an array. */
function isContainer(value: unknown, text: string): boolean {
  return text[0] === (Array.isArray(value) ? '[' : '{') && typeof value === 'object'
}

/** Whether there is nothing but the structured content. */
function isAlone(returned: Loose): boolean {
  for (const name in returned) if (name !== 'structuredContent') return false
  return true
}

/** Checks the structured content against the output schema. */
function checkOutput(
  result: CallToolResult,
  output: SchemaAdapter,
  tool: ResultOwner,
): CallToolResult | Promise<CallToolResult> {
  const given = result.structuredContent
  if (output.isStandard) {
    // A library's schema may need the values themselves, such as a Date that it transforms.
    const check = output.validate(given)
    return isPromise(check)
      ? check.then((settled) => concludeOrCheckJson(settled, result, output, tool))
      : concludeOrCheckJson(check, result, output, tool)
  }
  if (given === undefined || isPlainJson(given))
    return concludeWhenChecked(output.validate(given), result, tool)
  return checkJsonForm(result, output, tool)
}

function concludeOrCheckJson(
  check: CheckResult,
  result: CallToolResult,
  output: SchemaAdapter,
  tool: ResultOwner,
): CallToolResult | Promise<CallToolResult> {
  const given = result.structuredContent
  if (check.valid || given === undefined || isPlainJson(given)) return conclude(check, result, tool)
  return checkJsonForm(result, output, tool)
}

/** Checks the JSON form of the structured content, which is then sent. */
function checkJsonForm(
  result: CallToolResult,
  output: SchemaAdapter,
  tool: ResultOwner,
): CallToolResult | Promise<CallToolResult> {
  const structuredContent = asJson(result.structuredContent, `${tool.use}: structuredContent`, tool.key)
  return concludeWhenChecked(output.validate(structuredContent), { ...result, structuredContent }, tool)
}

function concludeWhenChecked(
  check: CheckResult | Promise<CheckResult>,
  result: CallToolResult,
  tool: ResultOwner,
): CallToolResult | Promise<CallToolResult> {
  return isPromise(check)
    ? check.then((settled) => conclude(settled, result, tool))
    : conclude(check, result, tool)
}

function withoutStructured(result: CallToolResult, tool: ResultOwner): OutputSchemaError {
  const ofNothing = result.content.length === 0 ? 'nothing' : 'content alone'
  const got = result instanceof TextResult ? 'a string' : ofNothing
  return new OutputSchemaError(
    `${tool.use} has an outputSchema and must return { structuredContent }; got ${got}`,
  )
}

function conclude(check: CheckResult, result: CallToolResult, tool: ResultOwner): CallToolResult {
  if (!check.valid) {
    if (result.structuredContent === undefined) throw withoutStructured(result, tool)
    const detail = formatErrors(check.errors, '; ')
    throw new OutputSchemaError(`structuredContent does not fit outputSchema: ${detail}`)
  }
  if (check.value === result.structuredContent && result.content !== UNWRITTEN) return result
  // Clients are shown the schema of what validation makes of the value, so that is what they get.
  const fit = { ...result, structuredContent: check.value, content: ownContent(result) }
  return checked(mirrored(fit, tool, true), toolResultProblem, tool.use, tool.key)
}

/** The content that the tool gave itself; undefined when it is the text mirror that `mirrored` made. */
function ownContent({ content, structuredContent }: CallToolResult): readonly ContentBlock[] | undefined {
  if (content === UNWRITTEN) return undefined
  const [first] = content
  const isText = content.length === 1 && first?.type === 'text'
  return isText && first.text === textOf(structuredContent) ? undefined : content
}

/** Its JSON; undefined where JSON cannot hold it, so that no text is its mirror. */
function textOf(structuredContent: unknown): string | undefined {
  try {
    return JSON.stringify(structuredContent)
  } catch {
    return undefined
  }
}
