/**
 * Params of sampling: whether they have the shape that the published schemas give them, and whether each tool use in the
 * messages is followed by its result.
 *
 * Spec: 2025-11-25 sampling {@link spec.sampling}, "Tool Use and Result Balance".
 * Not here: what the client declared (client-capabilities.ts), what it responds (input-requests.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
import type { SamplingMessage } from '../../protocol/wire-types.ts'
import { blockProblem, metaProblem, roleProblem } from '../content.ts'
import {
  arrayProblem,
  at,
  booleanProblem,
  type MemberCheck,
  type Members,
  memberProblem,
  objectProblem,
  problemAsSent,
  stringProblem,
  under,
  wrong,
} from '../shape.ts'

const SAMPLING: readonly MemberCheck[] = [
  ['systemPrompt', stringProblem],
  ['temperature', numberProblem],
  ['stopSequences', (value) => arrayProblem(value, 'strings', stringProblem)],
  ['modelPreferences', objectProblem],
  ['metadata', objectProblem],
  ['tools', (value) => arrayProblem(value, 'tools', toolProblem)],
  ['toolChoice', (value) => objectProblem(value) ?? memberProblem(value as Members, TOOL_CHOICE)],
  ['includeContext', (value) => choiceProblem(value, ['none', 'thisServer', 'allServers'])],
  ['_meta', objectProblem],
]

const TOOL_CHOICE: readonly MemberCheck[] = [
  ['mode', (value) => choiceProblem(value, ['auto', 'required', 'none'])],
]

const TOOL_RESULT: readonly MemberCheck[] = [
  ['structuredContent', objectProblem],
  ['isError', booleanProblem],
]

/** @throws {TypeError} naming the param that is wrong */
export function checkSamplingParams(params: unknown): void {
  const problem = problemAsSent(params, samplingProblem)
  if (problem !== undefined) throw new TypeError(`Sampling: ${at(problem, 'params')}`)
}

/**
 * Every tool use is answered in the next message, by results only, one for each use.
 *
 * @throws {TypeError} naming the message that breaks the rule
 */
export function checkToolUses(messages: readonly SamplingMessage[]): void {
  let open: readonly string[] = []
  for (const [index, message] of messages.entries()) {
    const blocks = Array.isArray(message.content) ? message.content : [message.content]
    const results: string[] = blocks.flatMap((block) =>
      block.type === 'tool_result' ? [block.toolUseId] : [],
    )
    const fail = (problem: string) => new TypeError(`Sampling messages[${index}]: ${problem}`)
    if (results.length > 0 && results.length < blocks.length) {
      throw fail('tool results must not be mixed with other content')
    }
    if (results.length > 0 && message.role !== 'user') throw fail('tool results belong to the role user')
    const [missing] = open.filter((id) => !results.includes(id))
    if (missing !== undefined) throw fail(`the tool use ${JSON.stringify(missing)} has no result here`)
    const [stray] = results.filter((id, at) => !open.includes(id) || results.indexOf(id) !== at)
    if (stray !== undefined) throw fail(`no tool use before it asks for the result ${JSON.stringify(stray)}`)
    open = blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
    if (open.length > 0 && message.role !== 'assistant') throw fail('tool uses belong to the role assistant')
  }
  if (open.length > 0) {
    throw new TypeError(`Sampling messages: the tool use ${JSON.stringify(open[0])} has no result`)
  }
}

function samplingProblem(params: unknown): string | undefined {
  const problem = objectProblem(params)
  if (problem !== undefined) return problem
  const { messages, maxTokens } = params as Members
  return (
    under('.messages', arrayProblem(messages, 'messages', messageProblem)) ??
    (Number.isSafeInteger(maxTokens) ? undefined : under('.maxTokens', wrong('an integer', maxTokens))) ??
    memberProblem(params as Members, SAMPLING)
  )
}

function messageProblem(message: unknown): string | undefined {
  const problem = objectProblem(message, 'a message, an object with role and content')
  if (problem !== undefined) return problem
  const { role, content } = message as Members
  const wrongContent = Array.isArray(content)
    ? arrayProblem(content, 'content blocks', sampledProblem)
    : sampledProblem(content)
  return (
    under('.role', roleProblem(role)) ?? under('.content', wrongContent) ?? metaProblem(message as Members)
  )
}

/** A block of a conversation with a model, which has uses of tools and their results beside other content. */
function sampledProblem(block: unknown): string | undefined {
  const type = isObject(block) ? block['type'] : undefined
  if (type === 'tool_use') return toolUseProblem(block as Members)
  if (type === 'tool_result') return toolResultProblem(block as Members)
  const isKnown = type === 'text' || type === 'image' || type === 'audio'
  if (isKnown || !isObject(block)) return blockProblem(block)
  return under('.type', wrong('text, image, audio, tool_use or tool_result', type))
}

function toolUseProblem({ id, name, input }: Members): string | undefined {
  return (
    under('.id', stringProblem(id)) ??
    under('.name', stringProblem(name)) ??
    under('.input', objectProblem(input))
  )
}

function toolResultProblem(block: Members): string | undefined {
  return (
    under('.toolUseId', stringProblem(block['toolUseId'])) ??
    under('.content', arrayProblem(block['content'], 'content blocks', blockProblem)) ??
    memberProblem(block, TOOL_RESULT)
  )
}

function toolProblem(tool: unknown): string | undefined {
  const problem = objectProblem(tool, 'a tool, an object with name and inputSchema')
  if (problem !== undefined) return problem
  const { name, inputSchema } = tool as Members
  return under('.name', stringProblem(name)) ?? under('.inputSchema', objectProblem(inputSchema))
}

function choiceProblem(value: unknown, choices: readonly string[]): string | undefined {
  return choices.includes(value as string) ? undefined : wrong(`one of ${choices.join(', ')}`, value)
}

function numberProblem(value: unknown): string | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? undefined : wrong('a number', value)
}
