/**
 * `shared/uriTemplate.js`: URI templates as programs of the SDK know them. Values are those of the URI, not
 * percent-decoded, which is what their handlers expect; features/uri-template.ts decodes them.
 *
 * Not here: matching and expansion as RFC 6570 has them.
 */

export type Variables = Record<string, string | string[]>

const MAX_LENGTH = 1_000_000
const OPERATORS = ['+', '#', '.', '/', '?', '&'] as const
const QUERY: ReadonlySet<string> = new Set(['?', '&'])

interface Expression {
  readonly operator: string
  readonly names: readonly string[]
  readonly isExploded: boolean
}

interface Matcher {
  readonly pattern: RegExp
  readonly captures: readonly { readonly name: string; readonly isExploded: boolean }[]
}

export class UriTemplate {
  readonly #template: string
  readonly #parts: readonly (string | Expression)[]
  #matcher: Matcher | undefined

  static isTemplate(text: string): boolean {
    return /\{[^}\s]+\}/.test(text)
  }

  /** @throws {Error} an expression that does not end, or a template that is too long */
  constructor(template: string) {
    requireLength(template, 'Template')
    this.#template = template
    this.#parts = parse(template)
  }

  get variableNames(): string[] {
    return this.#parts.flatMap((part) => (typeof part === 'string' ? [] : part.names))
  }

  toString(): string {
    return this.#template
  }

  expand(variables: Variables): string {
    let hasQuery = false
    return this.#parts
      .map((part) => {
        if (typeof part === 'string') return part
        const text = expand(part, variables)
        if (text === '' || !QUERY.has(part.operator)) return text
        const first = hasQuery ? '&' : part.operator
        hasQuery = true
        return first + text
      })
      .join('')
  }

  /** @returns null: the URI is not one of this template */
  match(uri: string): Variables | null {
    requireLength(uri, 'URI')
    this.#matcher ??= matcherOf(this.#parts)
    const { pattern, captures } = this.#matcher
    const found = pattern.exec(uri)
    if (found === null) return null
    const values = captures.map(({ name, isExploded }, index) => {
      const value = found[index + 1] ?? ''
      return [name, isExploded && value.includes(',') ? value.split(',') : value]
    })
    return Object.fromEntries(values)
  }
}

function requireLength(text: string, what: string): void {
  if (text.length <= MAX_LENGTH) return
  throw new Error(`${what} exceeds maximum length of ${MAX_LENGTH} characters (got ${text.length})`)
}

function parse(template: string): (string | Expression)[] {
  const parts: (string | Expression)[] = []
  let at = 0
  while (at < template.length) {
    const start = template.indexOf('{', at)
    if (start !== at) parts.push(template.slice(at, start === -1 ? undefined : start))
    if (start === -1) break
    const end = template.indexOf('}', start)
    if (end === -1) throw new Error('Unclosed template expression')
    parts.push(expressionOf(template.slice(start + 1, end)))
    at = end + 1
  }
  return parts
}

function expressionOf(text: string): Expression {
  const operator = OPERATORS.find((each) => text.startsWith(each)) ?? ''
  const names = text
    .slice(operator.length)
    .split(',')
    .map((name) => name.replace('*', '').trim())
    .filter((name) => name !== '')
  return { operator, names, isExploded: text.includes('*') }
}

function expand({ operator, names }: Expression, variables: Variables): string {
  const encode = operator === '+' || operator === '#' ? encodeURI : encodeURIComponent
  const given = names.filter((name) => variables[name] !== undefined)
  if (given.length === 0) return ''
  const valuesOf = (name: string) => [variables[name] ?? []].flat()
  if (QUERY.has(operator)) {
    return given.map((name) => `${name}=${valuesOf(name).map(encode).join(',')}`).join('&')
  }
  if (names.length > 1) return given.map((name) => valuesOf(name)[0]).join(',')
  const values = valuesOf(given[0] as string).map(encode)
  if (operator === '.' || operator === '/') return operator + values.join(operator)
  return (operator === '#' ? '#' : '') + values.join(',')
}

function matcherOf(parts: readonly (string | Expression)[]): Matcher {
  const captures: Matcher['captures'][number][] = []
  const patterns = parts.map((part) => {
    if (typeof part === 'string') return escapeRegExp(part)
    const { operator, names, isExploded } = part
    if (QUERY.has(operator)) {
      return names
        .map((name, index) => {
          captures.push({ name, isExploded })
          return `${index === 0 ? escapeRegExp(operator) : '&'}${escapeRegExp(name)}=([^&]+)`
        })
        .join('')
    }
    captures.push({ name: names[0] ?? '', isExploded })
    if (operator === '+' || operator === '#') return '(.+)'
    const value = isExploded && operator !== '.' ? '([^/,]+(?:,[^/,]+)*)' : '([^/,]+)'
    return operator === '' ? value : escapeRegExp(operator) + value
  })
  return { pattern: new RegExp(`^${patterns.join('')}$`), captures }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
