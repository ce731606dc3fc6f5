/**
 * Reads which requirements a test file cites: ids in square brackets in the title of a test, and the values of
 * `requirement:` and `requirements:` in a table of cases. A test that is skipped, marked to do, or commented out
 * cites nothing.
 *
 * This reads source text, not a syntax tree: titles must be written as literals.
 */

/** `[transports.origin-validated]` */
const bracketed = /\[([a-z][a-z0-9-]*\.[a-z0-9.-]*[a-z0-9])\]/g

/** The name of a test function, its opening parenthesis, and the literal that follows it. */
const titled =
  /\b(?:test|it|describe|suite)(?:\.only)?\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/gs

const property = /\brequirements?:\s*(\[[^\]]*\]|'[^'\n]*'|"[^"\n]*")/g

/** An options object that switches the test off. */
const switchedOff = /^\s*,\s*\{[^}]*\b(?:skip|todo)\b/

/** The ids that the source of a test file cites, in order, repeated as often as they are cited. */
export function citationsIn(source: string): string[] {
  const code = withoutComments(source)
  const ids: string[] = []
  for (const match of code.matchAll(titled)) {
    if (switchedOff.test(code.slice(match.index + match[0].length))) continue
    const title = match[1] ?? match[2] ?? match[3] ?? ''
    for (const [, id = ''] of title.matchAll(bracketed)) ids.push(id)
  }
  for (const [, value = ''] of code.matchAll(property)) {
    for (const [, id = ''] of value.matchAll(/['"]([^'"]+)['"]/g)) ids.push(id)
  }
  return ids
}

/** Drops block comments and lines that are only a comment; `//` inside a line may be part of a URL and stays. */
function withoutComments(source: string): string {
  return source.replace(/^\s*\/\*.*?\*\//gms, '').replace(/^\s*\/\/.*$/gm, '')
}
