/**
 * Entries of lists: whether the descriptions of tools, prompts and resources have the shape of the published schemas.
 * Applied to registrations, where a wrong member is a TypeError that names it, and to lists that middleware has changed.
 *
 * Spec: the types Tool, Prompt, Resource, ResourceTemplate and Implementation of the published schemas.
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf } from '../bounds/quote.ts'
import { ABOUT, NOTES, TITLES } from '../dispatch/content.ts'
import {
  arrayProblem,
  at,
  booleanProblem,
  type FindProblem,
  type MemberCheck,
  type Members,
  memberProblem,
  NOT_PLAIN,
  objectProblem,
  stringProblem,
  under,
} from '../dispatch/shape.ts'

const META: MemberCheck = ['_meta', objectProblem]

const TOOL_ANNOTATIONS: readonly MemberCheck[] = [
  ['title', stringProblem],
  ['readOnlyHint', booleanProblem],
  ['destructiveHint', booleanProblem],
  ['idempotentHint', booleanProblem],
  ['openWorldHint', booleanProblem],
]

const ARGUMENT: readonly MemberCheck[] = [
  ['title', stringProblem],
  ['description', stringProblem],
  ['required', booleanProblem],
]

export const TOOL: readonly MemberCheck[] = [
  ...TITLES,
  ['annotations', (value) => objectProblem(value) ?? memberProblem(value as Members, TOOL_ANNOTATIONS)],
  META,
]

export const PROMPT: readonly MemberCheck[] = [
  ...TITLES,
  ['arguments', (value) => arrayProblem(value, 'arguments', entryProblem({ name: stringProblem }, ARGUMENT))],
  META,
]

/** Of resources and templates. */
export const RESOURCE: readonly MemberCheck[] = [...ABOUT, ...NOTES]

/** Info and instructions of a server. */
export const IMPLEMENTATION: readonly MemberCheck[] = [
  ...TITLES,
  ['websiteUrl', stringProblem],
  ['instructions', stringProblem],
]

/** A check of a plain object: of members that must be there, and of members that may be. */
export function entryProblem(
  required: { readonly [name: string]: FindProblem },
  optional: readonly MemberCheck[],
): FindProblem {
  const needed = Object.entries(required)
  return (value) => {
    const problem = objectProblem(value)
    if (problem !== undefined) return problem
    for (const [name, findProblem] of needed) {
      const wrongMember = findProblem((value as Members)[name])
      if (wrongMember !== undefined) return under(`.${name}`, wrongMember)
    }
    return memberProblem(value as Members, optional)
  }
}

/**
 * Writes the JSON text of an entry.
 *
 * @param use - begins the message, as in `tool "add"`
 * @throws {TypeError} naming the member that is wrong, or saying that JSON cannot hold it
 */
export function entryJson(entry: Members, checks: readonly MemberCheck[], use: string): string {
  let problem = memberProblem(entry, checks)
  const isPlain = !problem?.endsWith(NOT_PLAIN)
  if (problem !== undefined && isPlain) throw new TypeError(`${use} ${at(problem)}`)
  let text: string
  try {
    text = JSON.stringify(entry)
  } catch (cause) {
    throw new TypeError(`${use} cannot be written as JSON: ${String(cause)}`, { cause })
  }
  // Checked again in its JSON form.
  if (!isPlain) problem = memberProblem(JSON.parse(text), checks)
  if (problem !== undefined) throw new TypeError(`${use} ${at(problem)}`)
  return text
}

/** @throws {TypeError} no object, or a member that is present and no function */
export function checkFunctions(members: unknown, use: string): void {
  if (!isObject(members)) throw new TypeError(`${use} must be an object; got ${kindOf(members)}`)
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || typeof value === 'function') continue
    throw new TypeError(`${use} ${name} must be a function; got ${kindOf(value)}`)
  }
}
