/**
 * Plain JSON: whether a value equals what is parsed from its own JSON text, so that it need not be written and parsed for
 * a check. What JSON drops, replaces or refuses (`toJSON`, a class, undefined, NaN, a BigInt) is not plain.
 */

/** Deeper values, and circular ones, are left to JSON.stringify. */
const MAX_DEPTH = 256

export function isPlainJson(value: unknown): boolean {
  return isLeaf(value) || (typeof value === 'object' && isPlainTree(value as object, 0))
}

function isLeaf(value: unknown): boolean {
  if (typeof value === 'string' || value === null || typeof value === 'boolean') return true
  return typeof value === 'number' && Number.isFinite(value)
}

/** One function with its leaves tested in place: a call for each of them takes twice as long. */
function isPlainTree(tree: object, depth: number): boolean {
  if (depth === MAX_DEPTH) return false
  if (Array.isArray(tree)) {
    for (let index = 0; index < tree.length; index++) {
      const item: unknown = tree[index]
      if (isLeaf(item)) continue
      if (typeof item !== 'object' || !isPlainTree(item as object, depth + 1)) return false
    }
    return (tree as { toJSON?: unknown }).toJSON === undefined
  }
  const prototype: unknown = Object.getPrototypeOf(tree)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const name in tree) {
    const member = (tree as { readonly [name: string]: unknown })[name]
    if (isLeaf(member)) continue
    if (typeof member !== 'object' || !isPlainTree(member as object, depth + 1)) return false
  }
  return true
}
