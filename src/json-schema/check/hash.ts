/**
 * Hashes of JSON values, by which equal values are found without comparing all pairs.
 *
 * A client that knew which values have the same hash could force the comparison of all pairs. So the whole of a value is
 * hashed, long strings included, and the hash is seeded with random numbers of this process. The platform's own hash
 * tables do not suffice: they hash integers the same in every process.
 *
 * Invariant: equal values (equal.ts) have equal hashes. Members may come in any order, 0 and -0 are one number.
 */

import type { Run } from './run.ts'

/** Characters of a string that are hashed in one step. */
const CHARACTERS = 8

/**
 * Random, from the first hash on: Node loads its Web Crypto for them, which a process may never need, and Cloudflare
 * Workers have none before their first request.
 */
let seed = 0
let member = 0
/** Odd, so that no bit is lost; 0 before there are random numbers. */
let multiplier = 0

const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)

/** Hashes a value; takes time in proportion to its size, and charges it. */
export function hashOf(value: unknown, run: Run): number {
  if (multiplier === 0) {
    const random = crypto.getRandomValues(new Int32Array(3))
    ;[seed, member, multiplier] = [random[0] as number, random[1] as number, (random[2] as number) | 1]
  }
  return hashAt(value, run, 0)
}

function hashAt(value: unknown, run: Run, depth: number): number {
  switch (typeof value) {
    case 'string':
      run.charge(1 + Math.floor(value.length / CHARACTERS))
      return hashText(value)
    case 'number':
      run.charge(2)
      // A sum, since -0 + 0 is 0.
      double[0] = value + 0
      return mix(mix(seed ^ 3, halves[0] as number), halves[1] as number)
    case 'boolean':
      return value ? 11 : 13
    case 'object':
      break
    default:
      return 17
  }
  if (value === null) return 19
  // The comparison throws at this depth.
  if (depth > run.limits.maxValueDepth) return 23
  let hash = seed
  if (Array.isArray(value)) {
    run.charge(value.length + 1)
    for (let i = 0; i < value.length; i++) hash = mix(hash, hashAt(value[i], run, depth + 1))
    return mix(hash, value.length)
  }
  // A sum does not depend on the order of members.
  const object = value as Record<string, unknown>
  const names = run.namesOf(object)
  for (const name of names) {
    run.charge(2)
    hash = (hash + mix(mix(member, hashAt(name, run, depth)), hashAt(object[name], run, depth + 1))) | 0
  }
  return mix(hash, names.length)
}

function hashText(text: string): number {
  let hash = seed ^ text.length
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i))
  return hash
}

function mix(hash: number, part: number): number {
  const product = Math.imul(hash ^ part, multiplier)
  return product ^ (product >>> 15)
}
