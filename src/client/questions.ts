/**
 * Questions: what a server may ask of the application, in either lifecycle, and the capabilities that say so.
 *
 *    elicitation/create       onElicit (a form), onElicitUrl (an address)
 *    sampling/createMessage   onSample
 *    roots/list               onRoots
 *
 * An answer that does not have the form that it must have is never sent.
 *
 * Spec: elicitation {@link spec.elicitation}, sampling {@link spec.sampling}, roots {@link spec.roots}.
 * Not here: how a question comes and its answer goes (router.ts, input-rounds.ts, tasks.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf, quote, shown } from '../bounds/quote.ts'
import type { Validator } from '../json-schema/compile.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { TASKS_EXTENSION } from '../protocol/meta-keys.ts'
import { Method } from '../protocol/methods.ts'
import type { CreateMessageParams, JsonObject } from '../protocol/wire-types.ts'
import { mcpError, reasonOf } from './errors.ts'
import { loadChecker } from './load-checker.ts'
import type { ElicitRequest, ElicitUrlRequest, Settings } from './options.ts'

const ACTIONS: readonly unknown[] = ['accept', 'decline', 'cancel']

/**
 * Runs what the application does for a question. Time limits stand still meanwhile, and only then: what is refused
 * without it, however often it comes, must not hold them up.
 */
export type Asking = <T>(work: () => Promise<T>) => Promise<T>
const atOnce: Asking = (work) => work()

export class Questions {
  /** What is declared to servers. */
  readonly capabilities: JsonObject
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
    this.capabilities = capabilitiesOf(settings)
  }

  /**
   * @returns the answer, ready to be sent
   * @throws {RpcError} the question is wrong, or of an unknown kind
   * @throws {McpError} ERR_INVALID_ANSWER: the application's answer is wrong. What a handler throws comes out, too
   */
  async answer(
    method: string,
    params: JsonObject,
    signal: AbortSignal,
    asking: Asking = atOnce,
  ): Promise<JsonObject> {
    const { onSample, onRoots } = this.#settings
    switch (method) {
      case Method.elicit:
        return await this.#elicit(params, signal, asking)
      case Method.createMessage: {
        if (onSample === undefined) break
        const request = params as unknown as CreateMessageParams
        return sampled(await asking(async () => await onSample(request, { signal })))
      }
      case Method.listRoots:
        if (onRoots === undefined) break
        return { roots: rootsOf(await asking(async () => await onRoots(params, { signal }))) }
      case Method.ping:
        return {}
    }
    throw new RpcError(ErrorCode.METHOD_NOT_FOUND, `This client does not answer ${quote(method)}`)
  }

  async #elicit(params: JsonObject, signal: AbortSignal, asking: Asking): Promise<JsonObject> {
    const { onElicit, onElicitUrl } = this.#settings
    const { mode = 'form', message, url } = params
    if (typeof message !== 'string') throw wrongQuestion('"message" must be a string')
    if (mode === 'url' && onElicitUrl !== undefined) {
      if (typeof url !== 'string' || !URL.canParse(url)) throw wrongQuestion('"url" must be an absolute URL')
      const request = params as unknown as ElicitUrlRequest
      const { action } = checkAction(await asking(async () => await onElicitUrl(request, { signal })))
      return { action }
    }
    if (mode !== 'form' || onElicit === undefined) {
      throw new RpcError(ErrorCode.INVALID_PARAMS, `This client does not elicit in the mode ${shown(mode)}`)
    }
    const check = await formCheck(params['requestedSchema'])
    const request = params as unknown as ElicitRequest
    const answer = checkAction(await asking(async () => await onElicit(request, { signal })))
    if (answer.action !== 'accept') return { action: answer.action }
    const { content = {} } = answer
    if (typeof content !== 'object' || content === null || Array.isArray(content)) {
      throw wrongAnswer(`onElicit must accept with "content", an object; got ${kindOf(content)}`)
    }
    // A copy: defaults are filled in.
    const filled = structuredClone(content)
    const outcome = check(filled)
    if (outcome.valid) return { action: 'accept', content: filled }
    const problems = outcome.errors.map(({ path, message: problem }) => `${path || '/'}: ${problem}`)
    throw wrongAnswer(
      `onElicit accepted with content that does not fit requestedSchema: ${problems.join('; ')}`,
    )
  }
}

function capabilitiesOf(settings: Settings): JsonObject {
  const { onElicit, onElicitUrl, onSample, onRoots, tasks, capabilities = {} } = settings
  const own: { [name: string]: JsonObject } = {}
  if (onElicit !== undefined || onElicitUrl !== undefined) {
    own['elicitation'] = { ...(onElicit && { form: {} }), ...(onElicitUrl && { url: {} }) }
  }
  if (onSample !== undefined) own['sampling'] = {}
  if (onRoots !== undefined) own['roots'] = { listChanged: true }
  if (tasks) own['extensions'] = { [TASKS_EXTENSION]: {} }
  const all: { [name: string]: unknown } = { ...own }
  for (const [name, value] of Object.entries(capabilities)) {
    if (value !== undefined) all[name] = { ...own[name], ...(value as JsonObject) }
  }
  return all
}

async function formCheck(schema: unknown): Promise<Validator> {
  if (typeof schema !== 'object' || schema === null)
    throw wrongQuestion('"requestedSchema" must be an object')
  if (!isObject((schema as JsonObject)['properties']))
    throw wrongQuestion('"requestedSchema" must have "properties", an object')
  const { compile } = await loadChecker()
  try {
    return compile(schema, { defaults: true, formats: true })
  } catch (error) {
    throw wrongQuestion(`"requestedSchema" cannot be used: ${reasonOf(error)}`)
  }
}

function checkAction(answer: unknown): { readonly action: string; readonly content?: unknown } {
  const { action } = (answer ?? {}) as { readonly action?: unknown }
  if (ACTIONS.includes(action)) return answer as { readonly action: string }
  throw wrongAnswer(
    `An elicitation is answered with an action, one of ${ACTIONS.join(', ')}; got ${shown(action)}`,
  )
}

function sampled(answer: unknown): JsonObject {
  const { role, content, model } = (answer ?? {}) as JsonObject
  if (role !== 'user' && role !== 'assistant')
    throw wrongAnswer(`onSample: role must be user or assistant; got ${shown(role)}`)
  if (typeof content !== 'object' || content === null)
    throw wrongAnswer(`onSample: content must be an object or an array; got ${kindOf(content)}`)
  if (typeof model !== 'string') throw wrongAnswer(`onSample: model must be a string; got ${kindOf(model)}`)
  return answer as JsonObject
}

function rootsOf(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw wrongAnswer(`onRoots must give an array of roots; got ${kindOf(answer)}`)
  for (const root of answer) {
    const uri: unknown = root?.uri
    if (typeof uri !== 'string' || !uri.startsWith('file://'))
      throw wrongAnswer(`onRoots: each root needs a uri that begins with file://; got ${shown(uri)}`)
  }
  return answer
}

function wrongQuestion(problem: string): RpcError {
  return new RpcError(ErrorCode.INVALID_PARAMS, `The elicitation cannot be shown: ${problem}`)
}

function wrongAnswer(problem: string): Error {
  return mcpError('ERR_INVALID_ANSWER', problem)
}
