/**
 * Questions: whether the params of a request to the client have the shape that the published schemas give them.
 *
 * Spec: 2025-11-25 sampling {@link spec.sampling}, elicitation {@link spec.elicitation}.
 * Not here: whether the client can be asked (ask.ts, declared.ts); rules between the messages of a
 * sampling request, and of a form (rules.ts).
 */

import { isObject } from '../../bounds/is-object.ts'
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
  ['tools', (value) => arrayProblem(value, 'tools', objectProblem)],
  ['toolChoice', objectProblem],
  ['_meta', objectProblem],
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

function numberProblem(value: unknown): string | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? undefined : wrong('a number', value)
}
