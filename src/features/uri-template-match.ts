/**
 * Matching a URI against the parts of a template, in linear time.
 *
 *    parts      'users/'  slot id  '/posts/'  slot n
 *    live       each part, the last first, marks all positions from which it and the parts after it match
 *    text       users/7/posts/12
 *
 * Each part is tried against all positions at once, so that the cost is (parts x URI length) whatever the
 * input is; there is no regular expression over the URI and nothing is tried twice.
 *
 * Invariant: a slot begins and ends between characters, never inside a percent-encoded one, so each value is
 * decoded exactly once and decoding cannot fail.
 * Not here: the template's syntax (uri-template-parse.ts).
 */

import type { Expression, Operator, Variable } from './uri-template-parse.ts'

/** Values by variable name; an exploded variable (`{list*}`) is a list. */
export type UriVariables = Record<string, string | string[]>

/** The part of the URI that a variable takes its value from. */
export interface Slot {
  readonly variable: Variable
  /** Indexed by character code: 1 where the character may be part of the value. */
  readonly allowed: Uint8Array
  /** Separators between the items of an exploded variable. */
  readonly separators: readonly string[]
}

/** Literals and slots in the order of the URI, neighbouring literals joined. */
export function toParts(segments: readonly (string | Expression)[]): (string | Slot)[] {
  const parts: (string | Slot)[] = []
  let literal = ''
  let inQuery = false
  for (const segment of segments) {
    if (typeof segment === 'string') {
      literal += segment
      inQuery ||= segment.includes('?')
      continue
    }
    const { operator, symbol, variables } = segment
    for (const [index, variable] of variables.entries()) {
      literal += index === 0 ? operator.first : operator.separator
      if (operator.named) literal += `${variable.name}=`
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push(toSlot(variable, symbol, operator, inQuery || symbol === '?' || symbol === '&'))
    }
    inQuery ||= symbol === '?'
  }
  if (literal !== '') parts.push(literal)
  return parts
}

function toSlot(variable: Variable, symbol: string, operator: Operator, inQuery: boolean): Slot {
  const allowed = new Uint8Array(128).fill(1)
  if (!operator.reserved) {
    for (const character of inQuery ? '#&,' : '/?#,') allowed[character.charCodeAt(0)] = 0
  }
  // Items of a path segment may also be separated by commas: the official TypeScript SDK reads `{/list*}` so.
  const separators = operator.named
    ? [`${operator.separator}${variable.name}=`]
    : symbol === '/'
      ? ['/', ',']
      : [operator.separator]
  if (variable.explode) {
    for (const separator of separators) allowed[separator.charCodeAt(0)] = 1
  }
  return { variable, allowed, separators: variable.explode ? separators : [] }
}

/** 1 at each position that is not inside a percent-encoded character; `undefined` when every one is outside. */
export function characterBoundaries(text: string): Uint8Array | undefined {
  if (!text.includes('%')) return undefined
  const boundaries = new Uint8Array(text.length + 1)
  let at = 0
  while (at < text.length) {
    boundaries[at] = 1
    if (text.charCodeAt(at) !== 0x25) at++
    else {
      const lead = Number.parseInt(text.slice(at + 1, at + 3), 16)
      at += lead < 0x80 ? 3 : lead < 0xe0 ? 6 : lead < 0xf0 ? 9 : 12
    }
  }
  boundaries[text.length] = 1
  return boundaries
}

interface Alignment {
  readonly captures: readonly (readonly [Slot, string])[]
  readonly end: number
}

/** Matches the parts against the text, from its start to one of the `ends`; each slot takes as much as it can. */
export function align(
  parts: readonly (string | Slot)[],
  text: string,
  ends: Uint8Array,
  boundaries: Uint8Array | undefined,
): Alignment | undefined {
  // live[i]: the parts after this one match from i to an end.
  let live = ends
  const steps: (Int32Array | undefined)[] = []
  for (let index = parts.length - 1; index >= 0; index--) {
    const part = parts[index] as string | Slot
    if (typeof part === 'string') live = literalStarts(part, text, live)
    else {
      const furthest = slotEnds(part, text, live, boundaries)
      steps[index] = furthest
      live = new Uint8Array(text.length + 1)
      for (let i = 0; i < text.length; i++) if ((furthest[i] as number) > i) live[i] = 1
    }
  }
  if (live[0] !== 1) return undefined

  const captures: [Slot, string][] = []
  let at = 0
  for (const [index, part] of parts.entries()) {
    const next = typeof part === 'string' ? at + part.length : (steps[index]?.[at] as number)
    if (typeof part !== 'string') captures.push([part, text.slice(at, next)])
    at = next
  }
  return { captures, end: at }
}

/** Positions where the literal occurs and the rest is live after it (Knuth, Morris and Pratt: linear). */
function literalStarts(literal: string, text: string, live: Uint8Array): Uint8Array {
  const starts = new Uint8Array(text.length + 1)
  const border = new Int32Array(literal.length + 1)
  border[0] = -1
  for (let i = 0, length = -1; i < literal.length; ) {
    while (length >= 0 && literal.charCodeAt(i) !== literal.charCodeAt(length))
      length = border[length] as number
    border[++i] = ++length
  }
  for (let i = 0, matched = 0; i < text.length; ) {
    while (
      matched >= 0 &&
      (matched === literal.length || text.charCodeAt(i) !== literal.charCodeAt(matched))
    ) {
      matched = border[matched] as number
    }
    matched++
    i++
    if (matched === literal.length && live[i] === 1) starts[i - matched] = 1
  }
  return starts
}

/** For each start the furthest end of the slot that leaves the rest live, or 0. */
function slotEnds(
  slot: Slot,
  text: string,
  live: Uint8Array,
  boundaries: Uint8Array | undefined,
): Int32Array {
  const last = new Int32Array(text.length + 1)
  const ordinal = slot.variable.prefix > 0 ? new Int32Array(text.length + 1) : undefined
  const positions: number[] = []
  for (let i = 0, latest = 0; i <= text.length; i++) {
    const between = boundaries === undefined || boundaries[i] === 1
    if (between && live[i] === 1) latest = i
    last[i] = latest
    if (ordinal === undefined) continue
    if (between) positions.push(i)
    ordinal[i] = positions.length - 1
  }
  const furthest = new Int32Array(text.length + 1)
  let stop = text.length
  for (let i = text.length - 1; i >= 0; i--) {
    if (slot.allowed[text.charCodeAt(i)] !== 1) stop = i
    if (boundaries !== undefined && boundaries[i] !== 1) continue
    let limit = stop
    if (ordinal !== undefined) {
      limit = Math.min(limit, positions[(ordinal[i] as number) + slot.variable.prefix] ?? text.length)
    }
    const end = last[limit] as number
    if (end > i) furthest[i] = end
  }
  return furthest
}

function decode(raw: string): string {
  return raw.includes('%') ? decodeURIComponent(raw) : raw
}

export function slotValue(slot: Slot, raw: string): string | string[] | undefined {
  if (slot.separators.length === 0) return decode(raw)
  let items = [raw]
  for (const separator of slot.separators) items = items.flatMap((item) => item.split(separator))
  const stray = slot.separators[0]?.charAt(0) as string
  return items.some((item) => item.includes(stray)) ? undefined : items.map(decode)
}

/**
 * Sets a value. A variable may occur in a template twice (`{/var:1,var}`): both values must agree, where a prefix
 * modifier gives only the beginning.
 */
export function bind(
  values: UriVariables,
  /** Names of which only the beginning is known yet. */
  partial: Set<string>,
  variable: Variable,
  value: string | string[],
): boolean {
  const { name, prefix } = variable
  const known = values[name]
  if (known === undefined) {
    values[name] = value
    if (prefix > 0) partial.add(name)
    return true
  }
  if (typeof known !== 'string' || typeof value !== 'string') return false
  if (!partial.has(name)) return prefix > 0 ? known.startsWith(value) : known === value
  const [long, short] = value.length > known.length ? [value, known] : [known, value]
  if (prefix === 0) partial.delete(name)
  values[name] = prefix === 0 ? value : long
  return prefix === 0 ? value.startsWith(known) : long.startsWith(short)
}

/**
 * Reads `?a=1&b=2` or `&a=1`. Names that the tail does not have are ignored.
 *
 * @returns `undefined` when a variable that is no list is given twice, or a fragment follows
 */
export function readQuery(
  query: string,
  tail: ReadonlyMap<string, Variable>,
): Map<Variable, string | string[]> | undefined {
  if (query.includes('#')) return undefined
  const found = new Map<Variable, string | string[]>()
  for (const pair of query === '' ? [] : query.slice(1).split('&')) {
    const equals = pair.indexOf('=')
    const variable = tail.get(equals === -1 ? pair : pair.slice(0, equals))
    if (variable === undefined) continue
    const raw = equals === -1 ? '' : pair.slice(equals + 1)
    const known = found.get(variable)
    if (!variable.explode) {
      if (known !== undefined) return undefined
      found.set(variable, decode(raw))
      continue
    }
    const items = raw.split(',').map(decode)
    if (Array.isArray(known)) for (const item of items) known.push(item)
    else found.set(variable, items)
  }
  return found
}
