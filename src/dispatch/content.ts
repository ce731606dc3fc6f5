/**
 * Content: whether the blocks of tool results, prompts and sampling messages, the contents of resources, and
 * descriptive members (title, icons, annotations) have the shape that the published schemas give them.
 *
 * One shape serves every revision; an era replaces blocks that its revision does not have.
 *
 * Spec: 2025-11-25 tools {@link spec.tools}, "Tool Result"; resources {@link spec.resources}, "Resource Contents" and
 * "Annotations".
 * Not here: the messages and results around them (features/result-check.ts).
 */

import {
  arrayProblem,
  type MemberCheck,
  type Members,
  memberProblem,
  objectProblem,
  stringProblem,
  under,
  wrong,
} from './shape.ts'

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** The parts of a longer text that are checked: its beginning and its end. */
const BASE64_HEAD = /^[A-Za-z0-9+/]{128}/
const BASE64_TAIL_LENGTH = 64
const BASE64_SHORT = 192
/** Absolute, as every revision requires. Only registered URIs are checked against all of RFC 3986. */
const URI = /^[a-z][a-z0-9+.-]*:\S*$/i

export const NOTES: readonly MemberCheck[] = [
  ['annotations', annotationsProblem],
  ['_meta', objectProblem],
]

const ICON: readonly MemberCheck[] = [
  ['mimeType', stringProblem],
  ['sizes', (sizes) => arrayProblem(sizes, 'strings', stringProblem)],
  ['theme', themeProblem],
]

/** Descriptive members that tools, prompts and resources have in common. */
export const TITLES: readonly MemberCheck[] = [
  ['title', stringProblem],
  ['description', stringProblem],
  ['icons', (icons) => arrayProblem(icons, 'icons', iconProblem)],
]

export const ABOUT: readonly MemberCheck[] = [...TITLES, ['mimeType', stringProblem], ['size', sizeProblem]]

/** A content block of any type. */
export function blockProblem(block: unknown): string | undefined {
  if (typeof block === 'string')
    return wrong('a content block, such as { type: "text", text }, and no string', block)
  return (
    objectProblem(block, 'a content block, an object with a type') ??
    typeProblem(block as Members) ??
    notesProblem(block as Members)
  )
}

/** An entry of a read resource, or what an embedded resource holds. */
export function contentsProblem(contents: unknown): string | undefined {
  const problem = objectProblem(contents, 'an object with uri, and text or blob')
  if (problem !== undefined) return problem
  const { uri, mimeType } = contents as Members
  return (
    under('.uri', uriProblem(uri)) ??
    (mimeType === undefined ? undefined : under('.mimeType', stringProblem(mimeType))) ??
    textOrBlobProblem(contents as Members) ??
    metaProblem(contents as Members)
  )
}

/** A resource of a list, or a link to one. */
export function resourceProblem(resource: unknown): string | undefined {
  const problem = objectProblem(resource, 'an object with uri and name')
  if (problem !== undefined) return problem
  const { uri, name } = resource as Members
  return (
    under('.uri', uriProblem(uri)) ??
    under('.name', stringProblem(name)) ??
    memberProblem(resource as Members, ABOUT) ??
    notesProblem(resource as Members)
  )
}

/** `_meta` of anything, if there is one. */
export function metaProblem({ _meta }: Members): string | undefined {
  return _meta === undefined ? undefined : under('._meta', objectProblem(_meta))
}

function uriProblem(uri: unknown): string | undefined {
  return typeof uri === 'string' && URI.test(uri) ? undefined : wrong('an absolute URI', uri)
}

export function roleProblem(role: unknown): string | undefined {
  return role === 'user' || role === 'assistant' ? undefined : wrong('user or assistant', role)
}

function notesProblem(value: Members): string | undefined {
  const { annotations } = value
  if (annotations === undefined) return metaProblem(value)
  return under('.annotations', annotationsProblem(annotations)) ?? metaProblem(value)
}

function typeProblem(block: Members): string | undefined {
  switch (block['type']) {
    case 'text':
      return under('.text', stringProblem(block['text']))
    case 'image':
    case 'audio':
      return (
        under('.data', base64Problem(block['data'])) ?? under('.mimeType', stringProblem(block['mimeType']))
      )
    case 'resource':
      return under('.resource', contentsProblem(block['resource']))
    case 'resource_link':
      return resourceProblem(block)
    default:
      return under('.type', wrong('text, image, audio, resource or resource_link', block['type']))
  }
}

/** Text or bytes, not both. */
function textOrBlobProblem({ text, blob }: Members): string | undefined {
  if (blob !== undefined) {
    return text === undefined ? under('.blob', base64Problem(blob)) : ' must have text or blob; got both'
  }
  return text === undefined ? ' must have text or blob; got neither' : under('.text', stringProblem(text))
}

/**
 * Base64 with its padding. Of a longer text, the beginning and the end are checked: a data URL, line breaks, the URL-safe
 * alphabet and binary text are found there, while checking each character costs as much as writing it (8 of 11
 * microseconds for an image of 4 kB).
 */
function base64Problem(data: unknown): string | undefined {
  if (typeof data !== 'string') return wrong('base64 text', data)
  const isBase64 =
    data.length % 4 === 0 &&
    (data.length <= BASE64_SHORT
      ? BASE64.test(data)
      : BASE64_HEAD.test(data) && BASE64.test(data.slice(-BASE64_TAIL_LENGTH)))
  return isBase64 ? undefined : wrong('base64 text, with its padding', data)
}

function annotationsProblem(annotations: unknown): string | undefined {
  const problem = objectProblem(annotations)
  if (problem !== undefined) return problem
  const { audience, priority, lastModified } = annotations as Members
  return (
    (audience === undefined ? undefined : under('.audience', arrayProblem(audience, 'roles', roleProblem))) ??
    (priority === undefined ? undefined : under('.priority', priorityProblem(priority))) ??
    (lastModified === undefined ? undefined : under('.lastModified', stringProblem(lastModified)))
  )
}

function priorityProblem(priority: unknown): string | undefined {
  if (typeof priority === 'number' && priority >= 0 && priority <= 1) return undefined
  return wrong('a number from 0 to 1', priority)
}

function sizeProblem(size: unknown): string | undefined {
  return Number.isSafeInteger(size) && (size as number) >= 0 ? undefined : wrong('a number of bytes', size)
}

function iconProblem(icon: unknown): string | undefined {
  return (
    objectProblem(icon, 'an object with src') ??
    under('.src', uriProblem((icon as Members)['src'])) ??
    memberProblem(icon as Members, ICON)
  )
}

function themeProblem(theme: unknown): string | undefined {
  return theme === 'light' || theme === 'dark' ? undefined : wrong('light or dark', theme)
}
