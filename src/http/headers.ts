/**
 * The request headers that matter, taken from `rawHeaders` in one pass.
 *
 * Node's `request.headers` keeps the first of two `Host` or `Content-Type` lines and joins two lines of most
 * other names, so it hides that a name was repeated. Two lines of a header that can only have one value
 * (RFC 9110 5.3) may be read differently by a proxy and by this server; the caller refuses such a request, also
 * when the values are equal.
 *
 * Invariant: a name from a client is never the key of an object here, so a header `__proto__` has no effect.
 *
 * Not here: which names to read, and what the values mean.
 */

/** The result of one pass. */
export interface HeaderValues<N extends readonly string[], L extends readonly string[] = readonly []> {
  /** The first single-valued name that occurs more than once, in lower case. */
  readonly duplicate: string | undefined
  /** The values in the order of the names, single-valued ones first; `undefined` for an absent header. */
  readonly values: Values<readonly [...N, ...L]>
}

type Values<Names extends readonly string[]> = { readonly [K in keyof Names]: string | undefined }

interface Slot {
  readonly name: string
  readonly index: number
  readonly isList: boolean
}

/**
 * Makes a function that reads certain headers.
 *
 * @param names - lower-case names of headers that may occur once
 * @param listNames - lower-case names of headers that may be repeated; their lines are joined with `, `
 * @returns a function of header lines: name, value, name, value, ...
 *
 * @example
 * ```ts
 * const read = createHeaderReader(['host', 'origin'], ['accept'])
 * const { duplicate, values: [host, origin, accept] } = read(request.rawHeaders)
 * ```
 */
export function createHeaderReader<
  const N extends readonly string[],
  const L extends readonly string[] = readonly [],
>(names: N, listNames?: L): (rawHeaders: readonly string[]) => HeaderValues<N, L> {
  const all = [...names, ...(listNames ?? [])]
  // Most headers of a request have a length that no wanted name has, so they cost one array access each.
  const byLength: Slot[][] = []
  for (const [index, name] of all.entries()) {
    const slots = byLength[name.length] ?? []
    slots.push({ name, index, isList: index >= names.length })
    byLength[name.length] = slots
  }
  const none: readonly (string | undefined)[] = all.map(() => undefined)

  return (rawHeaders) => {
    const values = none.slice()
    let duplicate: string | undefined
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] as string
      const slots = byLength[name.length]
      if (slots === undefined) continue
      const slot = find(slots, name)
      if (slot === undefined) continue
      const value = rawHeaders[at + 1] as string
      const earlier = values[slot.index]
      if (earlier === undefined) values[slot.index] = value
      else if (slot.isList) values[slot.index] = `${earlier}, ${value}`
      else duplicate ??= slot.name
    }
    return { duplicate, values: values as unknown as HeaderValues<N, L>['values'] }
  }
}

function find(slots: readonly Slot[], name: string): Slot | undefined {
  // Most clients send names in lower case.
  for (const slot of slots) if (slot.name === name) return slot
  const lower = name.toLowerCase()
  if (lower === name) return undefined
  for (const slot of slots) if (slot.name === lower) return slot
  return undefined
}
