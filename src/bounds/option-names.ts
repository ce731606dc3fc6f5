/**
 * Names of options: one that is not known is refused, with the known one that was most likely meant.
 *
 *    descripton      a typing error               description
 *    input_schema    other spelling               inputSchema
 *    origins         a part of the name           allowedOrigins
 *    parameters      the word of another library  inputSchema        (only where it is listed)
 */

import { isObject } from './is-object.ts'
import { kindOf } from './quote.ts'

/**
 * Words that people write in place of a known name, separated by spaces, in lower case, letters and digits only. The key
 * is the known name, or a sentence that says where the option belongs.
 */
export type OtherWords = { readonly [right: string]: string }

/**
 * @param prefix - the path of the options, such as `auth.`
 * @throws {TypeError} an unknown option, or no object
 */
export function checkNames(
  options: unknown,
  known: readonly string[],
  prefix: string,
  words?: OtherWords,
): void {
  if (!isObject(options)) {
    throw new TypeError(`${prefix.slice(0, -1) || 'options'} must be an object; got ${kindOf(options)}`)
  }
  // A prefix with a space names a registration.
  if (prefix.includes(' ')) refuseOthers(`${prefix.slice(0, -1)} has`, options, known, words)
  else refuseOthers('There is', options, known, words, prefix)
}

/**
 * @param owner - begins the message, as in `tool "add" has`
 * @throws {TypeError} an unknown option
 */
export function refuseOthers(
  owner: string,
  options: object,
  known: readonly string[],
  words: OtherWords = {},
  prefix = '',
): void {
  const name = Object.keys(options).find((each) => !known.includes(each))
  if (name === undefined) return
  const problem = `${owner} no option ${JSON.stringify(prefix + name)}`
  throw new TypeError(problem + suggestion(name, known, words, prefix))
}

/** What to write instead of a name, as the end of a message; empty when no known name is similar. */
export function suggestion(
  name: string,
  known: readonly string[],
  words: OtherWords = {},
  prefix = '',
): string {
  const plain = plainForm(name)
  for (const [right, others] of Object.entries(words)) {
    if (!others.split(' ').includes(plain)) continue
    if (known.includes(right)) return meant(prefix + right)
    if (right.includes(' ')) return `: ${right}`
  }
  const near = nearest(plain, known)
  return near === undefined ? '' : meant(prefix + near)
}

function meant(name: string): string {
  return `: did you mean ${JSON.stringify(name)}?`
}

function nearest(plain: string, known: readonly string[]): string | undefined {
  const near = nearestByLetters(plain, known)
  return near ?? (plain.length < 3 ? undefined : known.find((name) => plainForm(name).includes(plain)))
}

/** @returns the known name that differs from this one by a few letters; undefined: there is none */
export function typingErrorOf(name: string, known: readonly string[]): string | undefined {
  return nearestByLetters(plainForm(name), known)
}

function nearestByLetters(plain: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  // Typing errors that a word of this length may have and still be recognised.
  let least = 1 + Math.min(3, Math.floor((plain.length + 1) / 4))
  for (const name of known) {
    const steps = distance(plain, plainForm(name))
    if (steps >= least) continue
    best = name
    least = steps
  }
  return best
}

function plainForm(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** Edit distance: letters that are missing, too many, wrong, or swapped with their neighbour. */
function distance(from: string, to: string): number {
  let previous: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1]
      let steps = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        steps = Math.min(steps, (previous[j - 2] ?? 0) + 1)
      next.push(steps)
    }
    previous = row
    row = next
  }
  return row[to.length] ?? 0
}
