/**
 * `WWW-Authenticate`: what a server says is missing. RFC 9110 11.6.1 (several challenges in one field, each a scheme
 * with parameters or with a token68), RFC 6750 3, RFC 9728 5.1, RFC 9449 7.1.
 */

/** One challenge: its scheme in lower case, and its parameters by their names in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
/** A scheme at the start, or after a comma: a word that no `=` follows. */
const SCHEME = new RegExp(String.raw`[\s,]*(${TOKEN})(?:[ \t]+|(?=\s*(?:,|$)))`, 'y')
const PARAMETER = new RegExp(String.raw`[\s,]*(${TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|(${TOKEN}))`, 'y')
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y

/** Reads as many challenges as are well-formed; what follows the first fault is left out. */
export function parseChallenges(header: string | null): Challenge[] {
  const challenges: Challenge[] = []
  if (header === null) return challenges
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  for (;;) {
    const scheme = take(SCHEME)?.[1]
    if (scheme === undefined) return challenges
    const parameters = new Map<string, string>()
    challenges.push({ scheme: scheme.toLowerCase(), parameters })
    let parameter = take(PARAMETER)
    if (parameter === null) take(TOKEN68)
    for (; parameter !== null; parameter = take(PARAMETER)) {
      const [, name = '', quoted, plain = ''] = parameter
      // RFC 6750 3: no parameter more than once; the first one counts.
      if (!parameters.has(name.toLowerCase())) {
        parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain)
      }
    }
  }
}

/** The challenge that asks for an access token, if the response has one. */
export function tokenChallenge(response: Response): Challenge | undefined {
  const challenges = parseChallenges(response.headers.get('www-authenticate'))
  const tokens = challenges.filter(({ scheme }) => scheme === 'bearer' || scheme === 'dpop')
  // A server that takes both kinds of token sends two; the one that says more is the one to read.
  return tokens.find(({ parameters }) => parameters.size > 0) ?? tokens[0]
}
