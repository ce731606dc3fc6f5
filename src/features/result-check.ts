/**
 * Results: whether what handlers and middleware return has the shape of the method's result.
 *
 * Each check names the first fault by its path, as in `content[0].data must be base64 text; got an object`.
 *
 * Spec: the result types of the published schemas.
 * Not here: content blocks and resources (dispatch/content.ts), entries of lists (entry-check.ts),
 * `structuredContent` against a schema (tool-result.ts).
 */

import { isObject } from '../bounds/is-object.ts'
import {
  blockProblem,
  contentsProblem,
  metaProblem,
  resourceProblem,
  roleProblem,
} from '../dispatch/content.ts'
import {
  arrayProblem,
  booleanProblem,
  type FindProblem,
  isPlain,
  type MemberCheck,
  type Members,
  memberProblem,
  NOT_PLAIN,
  objectProblem,
  stringProblem,
  under,
  wrong,
} from '../dispatch/shape.ts'
import { Method } from '../protocol/methods.ts'
import { entryProblem, PROMPT, RESOURCE, TOOL } from './entry-check.ts'

/** The specification's limit for one answer. */
export const MAX_SUGGESTIONS = 100

/** What the library reads of a result of an extension. */
const EXTENSION: readonly MemberCheck[] = [
  ['_meta', objectProblem],
  ['resultType', stringProblem],
  ['ttlMs', countProblem],
  ['cacheScope', scopeProblem],
]

const SUGGESTIONS: readonly MemberCheck[] = [
  ['total', countProblem],
  ['hasMore', booleanProblem],
]

const INFO = entryProblem({ name: stringProblem, version: stringProblem }, [])
const TASK = { taskId: stringProblem, status: stringProblem }

const DESCRIPTION: readonly MemberCheck[] = [['description', stringProblem]]
const CURSOR: readonly MemberCheck[] = [['nextCursor', stringProblem]]

const TOOL_ENTRY = entryProblem({ name: stringProblem, inputSchema: schemaProblem }, [
  ...TOOL,
  ['outputSchema', objectProblem],
])
const TEMPLATE_ENTRY = entryProblem({ name: stringProblem, uriTemplate: stringProblem }, RESOURCE)

/** Methods whose result has no members of its own. */
const EMPTY = [
  Method.ping,
  Method.setLevel,
  Method.resourcesSubscribe,
  Method.resourcesUnsubscribe,
  Method.listen,
  Method.tasksUpdate,
  // Sessions get the state of the task.
  Method.tasksCancel,
] as const

/** By method. One that is not here is an extension's. */
const CHECKS: ReadonlyMap<string, FindProblem> = new Map<string, FindProblem>([
  [Method.toolsList, listOf('tools', TOOL_ENTRY)],
  [Method.toolsCall, toolResultProblem],
  [Method.resourcesList, listOf('resources', resourceProblem)],
  [Method.resourceTemplatesList, listOf('resourceTemplates', TEMPLATE_ENTRY)],
  [Method.resourcesRead, readResultProblem],
  [Method.promptsList, listOf('prompts', entryProblem({ name: stringProblem }, PROMPT))],
  [Method.promptsGet, promptResultProblem],
  [Method.complete, completionProblem],
  [
    Method.initialize,
    withMembers({ protocolVersion: stringProblem, capabilities: objectProblem, serverInfo: INFO }),
  ],
  [
    Method.discover,
    withMembers({
      supportedVersions: (value) => arrayProblem(value, 'strings', stringProblem),
      capabilities: objectProblem,
    }),
  ],
  [Method.tasksGet, withMembers(TASK)],
  [Method.tasksList, listOf('tasks', entryProblem(TASK, []))],
  [Method.tasksResult, toolResultProblem],
  ...EMPTY.map((method) => [method, withMembers({})] as const),
])

/** The result of any method, as middleware leaves it. */
export function resultProblem(method: string, result: unknown): string | undefined {
  const problem = (CHECKS.get(method) ?? extensionResultProblem)(result)
  if (result !== undefined) return problem
  // What an extension returns as undefined is an empty result, but not where it got lost on the way.
  return `${problem ?? objectProblem(result)} (did it return next()?)`
}

/** `tools/call` */
export function toolResultProblem(result: unknown): string | undefined {
  const problem = objectProblem(result, 'an object with content')
  if (problem !== undefined) return problem
  const { content, isError, structuredContent } = result as Members
  return (
    under('.content', arrayProblem(content, 'content blocks', blockProblem)) ??
    (isError === undefined ? undefined : under('.isError', booleanProblem(isError))) ??
    (structuredContent === undefined
      ? undefined
      : under('.structuredContent', valueProblem(structuredContent))) ??
    baseProblem(result as Members)
  )
}

/** `resources/read` */
export function readResultProblem(result: unknown): string | undefined {
  return arrayResultProblem(result, 'contents', contentsProblem)
}

/** `prompts/get` */
export function promptResultProblem(result: unknown): string | undefined {
  return (
    arrayResultProblem(result, 'messages', messageProblem) ?? memberProblem(result as Members, DESCRIPTION)
  )
}

/** What a completer gives, and the `completion` of a result. */
export function suggestionsProblem(suggestions: unknown): string | undefined {
  return (
    objectProblem(suggestions, 'an object with values') ??
    under('.values', arrayProblem((suggestions as Members)['values'], 'strings', stringProblem)) ??
    memberProblem(suggestions as Members, SUGGESTIONS)
  )
}

/** The result of an extension's method, whose members are the extension's own. */
export function extensionResultProblem(result: unknown): string | undefined {
  // Written as an object without members.
  if (result === undefined) return undefined
  return objectProblem(result) ?? memberProblem(result as Members, EXTENSION)
}

/** What every result of the core may have: a result of another type is made by the library only. */
function baseProblem(result: Members): string | undefined {
  const { resultType } = result
  if (resultType !== undefined && resultType !== 'complete')
    return under('.resultType', wrong('complete', resultType))
  return metaProblem(result)
}

/** A result of the core with members that must be there. */
function withMembers(required: { readonly [name: string]: FindProblem }): FindProblem {
  const findProblem = entryProblem(required, [])
  const expected = Object.keys(required).join(', ')
  return (result) => {
    const problem = objectProblem(result, expected === '' ? 'an object' : `an object with ${expected}`)
    return problem ?? findProblem(result) ?? baseProblem(result as Members)
  }
}

function arrayResultProblem(result: unknown, member: string, findProblem: FindProblem): string | undefined {
  return (
    objectProblem(result, `an object with ${member}`) ??
    under(`.${member}`, arrayProblem((result as Members)[member], 'objects', findProblem)) ??
    baseProblem(result as Members)
  )
}

function listOf(member: string, findProblem: FindProblem): FindProblem {
  return (result) =>
    arrayResultProblem(result, member, findProblem) ?? memberProblem(result as Members, CURSOR)
}

function completionProblem(result: unknown): string | undefined {
  const problem = objectProblem(result, 'an object with completion')
  if (problem !== undefined) return problem
  const { completion } = result as Members
  const wrongCompletion = suggestionsProblem(completion)
  if (wrongCompletion !== undefined) return under('.completion', wrongCompletion)
  const { values } = completion as { readonly values: readonly string[] }
  if (values.length > MAX_SUGGESTIONS)
    return `.completion.values must be at most ${MAX_SUGGESTIONS}; got ${values.length}`
  return baseProblem(result as Members)
}

function messageProblem(message: unknown): string | undefined {
  const problem = objectProblem(message, 'a message, an object with role and content')
  if (problem !== undefined) return problem
  const { role, content } = message as Members
  return under('.role', roleProblem(role)) ?? under('.content', blockProblem(content))
}

/** Only the kind of value is checked: its members are the tool's own, or checked against its output schema. */
function valueProblem(value: unknown): string | undefined {
  switch (typeof value) {
    case 'object':
      return value === null || Array.isArray(value) || isPlain(value) ? undefined : NOT_PLAIN
    case 'number':
      return Number.isFinite(value) ? undefined : NOT_PLAIN
    case 'bigint':
      return NOT_PLAIN
    case 'function':
    case 'symbol':
      return wrong('a JSON value', value)
    default:
      return undefined
  }
}

function schemaProblem(schema: unknown): string | undefined {
  return isObject(schema) && schema['type'] === 'object' ? undefined : wrong('an object schema', schema)
}

function countProblem(count: unknown): string | undefined {
  return Number.isSafeInteger(count) && (count as number) >= 0
    ? undefined
    : wrong('0 or a positive integer', count)
}

function scopeProblem(scope: unknown): string | undefined {
  return scope === 'public' || scope === 'private' ? undefined : wrong('public or private', scope)
}
