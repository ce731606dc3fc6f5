/**
 * URI templates: the form in which a server announces a family of resources, `file:///{+path}`.
 *
 * RFC 6570 (https://www.rfc-editor.org/rfc/rfc6570), levels 1 to 4 with strings and lists as values. The RFC
 * defines expansion; what a server needs is its inverse, matching:
 *
 *    template   users/{id}/posts{?page}
 *    parts      'users/'  slot id  '/posts'   | query tail: page
 *    URI        users/7/posts?page=2          -> { id: '7', page: '2' }
 *
 * A slot takes at least one character and as many as the rest allows.
 *
 * Not here: syntax (uri-template-parse.ts), the linear-time matching (uri-template-match.ts), which template a
 * URI belongs to (resources.ts), maps as values, and any judgement of a value: a decoded value may contain `/`
 * or `..`, and is not a safe path.
 */

import {
  align,
  bind,
  characterBoundaries,
  readQuery,
  type Slot,
  slotValue,
  toParts,
  type UriVariables,
} from './uri-template-match.ts'
import { type Expression, normalise, parseTemplate, type Variable } from './uri-template-parse.ts'

export type { UriVariables } from './uri-template-match.ts'
export { uriTemplateLimits } from './uri-template-parse.ts'

export class UriTemplate {
  readonly template: string
  /** Each name once, in order of first appearance. */
  readonly variableNames: readonly string[]
  readonly #parts: readonly (string | Slot)[]
  /** Variables of the query expressions that end the template: any order, any of them missing. */
  readonly #tail: ReadonlyMap<string, Variable> | undefined
  readonly #tailStart: '?' | '&'

  /**
   * @param template - an RFC 6570 template
   * @throws {TypeError} when it is malformed or above a limit; the message names the place
   */
  constructor(template: string) {
    this.template = template
    const segments = parseTemplate(template)
    const expressions = segments.filter((segment) => typeof segment !== 'string')
    this.variableNames = [...new Set(expressions.flatMap((each) => each.variables.map(({ name }) => name)))]

    let split = segments.length
    while (split > 0 && isQuery(segments[split - 1])) split--
    this.#parts = toParts(segments.slice(0, split))
    const tail = segments.slice(split).filter((segment) => typeof segment !== 'string')
    this.#tail =
      tail.length === 0
        ? undefined
        : new Map(tail.flatMap((each) => each.variables.map((one) => [one.name, one] as const)))
    const hasQuery = this.#parts.some((part) => typeof part === 'string' && part.includes('?'))
    this.#tailStart = hasQuery || tail[0]?.symbol === '&' ? '&' : '?'
  }

  /**
   * Reads the variables out of a URI.
   *
   * Parameters of a query expression at the end of the template may come in any order and may be missing;
   * others in that place are ignored. Everything else must be present, with at least one character.
   *
   * @param uri - as the client sent it
   * @returns percent-decoded values in an object without prototype; `undefined` when the URI does not belong
   * to this template, has malformed percent-encoding, or is longer than `uriTemplateLimits.maxUriLength`
   */
  match(uri: string): UriVariables | undefined {
    const text = normalise(uri)
    if (text === undefined) return undefined
    const first = this.#parts[0]
    if (typeof first === 'string' && !text.startsWith(first)) return undefined

    const boundaries = characterBoundaries(text)
    const ends = this.#endPositions(text)
    const found = align(this.#parts, text, ends, boundaries)
    if (found === undefined) return undefined

    const values: UriVariables = Object.create(null)
    const partial = new Set<string>()
    for (const [slot, raw] of found.captures) {
      const value = slotValue(slot, raw)
      if (value === undefined || !bind(values, partial, slot.variable, value)) return undefined
    }
    if (this.#tail === undefined) return values
    const query = readQuery(text.slice(found.end), this.#tail)
    if (query === undefined) return undefined
    for (const [variable, value] of query) if (!bind(values, partial, variable, value)) return undefined
    return values
  }

  /** Where the parts before the query tail may stop. */
  #endPositions(text: string): Uint8Array {
    const ends = new Uint8Array(text.length + 1)
    if (this.#tail === undefined) ends[text.length] = 1
    else if (this.#tailStart === '?') {
      const query = text.indexOf('?')
      ends[query === -1 ? text.length : query] = 1
    } else {
      ends[text.length] = 1
      for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) ends[at] = 1
    }
    return ends
  }
}

function isQuery(segment: string | Expression | undefined): boolean {
  return typeof segment === 'object' && (segment.symbol === '?' || segment.symbol === '&')
}
