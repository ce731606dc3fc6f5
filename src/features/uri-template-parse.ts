/**
 * Parsing of URI templates, and what their expressions mean: RFC 6570 sections 2 and 3.2.1
 * (https://www.rfc-editor.org/rfc/rfc6570).
 *
 * Invariant: a parsed template is within `uriTemplateLimits`, and its literals are normalised, so that they
 * compare with a normalised URI character by character.
 * Not here: the public class (uri-template.ts), matching (uri-template-match.ts).
 */

import { quote } from '../bounds/quote.ts'

/** Limits of a template and of the URIs it is matched against. Lengths are in UTF-16 code units. */
export const uriTemplateLimits = {
  maxTemplateLength: 4096,
  maxExpressions: 64,
  maxVariables: 64,
  maxUriLength: 65_536,
} as const

export interface Operator {
  readonly first: string
  readonly separator: string
  /** Written as `name=value`. */
  readonly named: boolean
  /** Reserved characters stay as they are. */
  readonly reserved: boolean
}

const operators = new Map<string, Operator>([
  ['', { first: '', separator: ',', named: false, reserved: false }],
  ['+', { first: '', separator: ',', named: false, reserved: true }],
  ['#', { first: '#', separator: ',', named: false, reserved: true }],
  ['.', { first: '.', separator: '.', named: false, reserved: false }],
  ['/', { first: '/', separator: '/', named: false, reserved: false }],
  [';', { first: ';', separator: ';', named: true, reserved: false }],
  ['?', { first: '?', separator: '&', named: true, reserved: false }],
  ['&', { first: '&', separator: '&', named: true, reserved: false }],
])

export interface Variable {
  readonly name: string
  readonly explode: boolean
  /** Characters at most; 0 when the variable has no prefix modifier. */
  readonly prefix: number
}

export interface Expression {
  readonly symbol: string
  readonly operator: Operator
  readonly variables: readonly Variable[]
}

export function parseTemplate(template: string): (string | Expression)[] {
  const fail = (problem: string) => new TypeError(`URI template ${quote(template)}: ${problem}`)
  const { maxTemplateLength, maxExpressions, maxVariables } = uriTemplateLimits
  if (template.length > maxTemplateLength) {
    throw fail(`${template.length} characters, at most ${maxTemplateLength} are accepted`)
  }
  const segments: (string | Expression)[] = []
  let expressions = 0
  let variables = 0
  for (let at = 0; at < template.length; ) {
    const open = template.indexOf('{', at)
    const literal = template.slice(at, open === -1 ? template.length : open)
    if (literal.includes('}')) throw fail(`"}" without "{" at ${at + literal.indexOf('}')}`)
    if (literal !== '') {
      const encoded = normalise(literal)
      if (encoded === undefined) throw fail(`malformed percent-encoding in ${quote(literal)}`)
      segments.push(encoded)
    }
    if (open === -1) break
    const close = template.indexOf('}', open)
    if (close === -1) throw fail(`"{" at ${open} is never closed`)
    const body = template.slice(open + 1, close)
    const expression = parseExpression(body)
    if (typeof expression === 'string') throw fail(`{${body}}: ${expression}`)
    segments.push(expression)
    variables += expression.variables.length
    if (++expressions > maxExpressions) throw fail(`more than ${maxExpressions} expressions`)
    if (variables > maxVariables) throw fail(`more than ${maxVariables} variables`)
    at = close + 1
  }
  return segments
}

/** The expression between two braces, or what is wrong with it. */
function parseExpression(body: string): Expression | string {
  const symbol = operators.has(body.charAt(0)) ? body.charAt(0) : ''
  const operator = operators.get(symbol)
  if (operator === undefined || body === symbol) return 'no variable name'
  if ('=,!@|'.includes(body.charAt(0))) return `operator "${body.charAt(0)}" is not defined`
  const variables: Variable[] = []
  for (const spec of body.slice(symbol.length).split(',')) {
    const explode = spec.endsWith('*')
    const [name = '', prefix, ...more] = (explode ? spec.slice(0, -1) : spec).split(':')
    // `$` and `-` are not in the RFC's grammar of names; servers in the field use them.
    if (!/^(?:[\w$-]|%[0-9A-Fa-f]{2})(?:[\w.$-]|%[0-9A-Fa-f]{2})*$/.test(name)) {
      return `${quote(spec)} is not a variable name with an optional "*" or ":length"`
    }
    if (more.length > 0 || (prefix !== undefined && !/^[1-9]\d{0,3}$/.test(prefix))) {
      return `${quote(spec)}: a prefix length is a number from 1 to 9999`
    }
    if (explode && prefix !== undefined) return `${quote(spec)}: "*" and ":length" exclude each other`
    variables.push({ name, explode, prefix: prefix === undefined ? 0 : Number(prefix) })
  }
  return { symbol, operator, variables }
}

/** The URI in ASCII with upper-case percent-encoding, or `undefined` when it is too long or malformed. */
export function normalise(uri: string): string | undefined {
  if (uri.length > uriTemplateLimits.maxUriLength) return undefined
  try {
    let text = uri
    if (/[^\w\-.~:/?#[\]@!$&'()*+,;=%]/.test(text)) {
      text = text.replace(/[^\w\-.~:/?#[\]@!$&'()*+,;=%]+/g, encodeURIComponent)
    }
    if (text.includes('%')) {
      decodeURIComponent(text)
      if (/%(?:[a-f]|.[a-f])/.test(text)) text = text.replace(/%../g, (triplet) => triplet.toUpperCase())
    }
    return text.length > uriTemplateLimits.maxUriLength ? undefined : text
  } catch {
    return undefined
  }
}
