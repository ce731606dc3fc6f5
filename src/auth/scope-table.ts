/**
 * The scopes of a resource: which exist, which imply others, and which a challenge asks for.
 *
 * Spec: RFC 6749 section 3.3, RFC 6750 section 3.1; 2026-07-28 authorization, "Scope Challenge Handling": hierarchies
 * MUST be taken into account, and `offline_access` SHOULD NOT be asked for.
 */

import { checkNames, suggestion } from '../bounds/option-names.ts'
import { shown } from '../bounds/quote.ts'

/** What a scope allows. */
export interface ScopeConfig {
  /** For people. */
  readonly description?: string | undefined
  /** Scopes that it includes. */
  readonly implies?: readonly string[] | undefined
}

/** Scopes by name, each with a description or more. */
export type ScopeDeclarations = { readonly [scope: string]: string | ScopeConfig }

/** RFC 6749 section 3.3: the characters of a scope. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/
/** Refresh tokens are a matter between the client and the authorization server. */
const NOT_OF_A_RESOURCE = 'offline_access'
/** Characters of the scopes in a challenge: clients read no more than 16 KiB of headers. */
const MAX_CHALLENGE = 4096

export class ScopeTable {
  readonly declared: ReadonlySet<string>
  readonly required: readonly string[]
  /** By scope: itself, and all that imply it. */
  readonly #enough = new Map<string, ReadonlySet<string>>()

  /**
   * @param declarations - undefined: the required ones
   * @param prefix - names the options in errors
   * @throws {TypeError} a malformed scope, or one that was not declared
   */
  constructor(declarations: ScopeDeclarations | undefined, required: readonly string[] = [], prefix = '') {
    if (!Array.isArray(required) || !required.every((scope) => typeof scope === 'string')) {
      throw new TypeError(`${prefix}requiredScopes must be an array of scopes; got ${shown(required)}`)
    }
    const given = declarations ?? Object.fromEntries(required.map((scope) => [scope, {}]))
    const implied = readDeclarations(given, `${prefix}scopes`)
    this.declared = new Set(implied.keys())
    this.required = required
    for (const scope of required) requireDeclared(scope, this.declared, `${prefix}requiredScopes`)
    for (const [scope, others] of implied) {
      for (const other of others)
        requireDeclared(other, this.declared, `${prefix}scopes[${JSON.stringify(scope)}].implies`)
    }
    for (const scope of this.declared) {
      this.#enough.set(scope, new Set([...this.declared].filter((other) => includes(other, scope, implied))))
    }
  }

  /** @param granted - as a token has them */
  allows(granted: readonly string[] | undefined, needed: readonly string[]): boolean {
    return needed.every((scope) => {
      const enough = this.#enough.get(scope)
      return enough !== undefined && granted?.some((each) => enough.has(each)) === true
    })
  }

  /** What to ask for: all that is needed, and what is there, since clients put the new scopes in the place of the old ones. */
  toAskFor(needed: readonly string[], granted: readonly string[] = []): string | undefined {
    let scopes = ''
    for (const scope of new Set([...needed, ...granted])) {
      if (scope === NOT_OF_A_RESOURCE || !SCOPE.test(scope)) continue
      if (scopes.length + scope.length < MAX_CHALLENGE) scopes += scopes === '' ? scope : ` ${scope}`
    }
    return scopes === '' ? undefined : scopes
  }
}

/** @returns what each implies, directly */
function readDeclarations(given: unknown, option: string): ReadonlyMap<string, readonly string[]> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${option} must be an object of scopes; got ${shown(given)}`)
  }
  const implied = new Map<string, readonly string[]>()
  for (const [scope, config] of Object.entries(given)) {
    const place = `${option}[${JSON.stringify(scope)}]`
    if (!SCOPE.test(scope))
      throw new TypeError(`${option}: ${shown(scope)} has characters that no scope can have`)
    if (scope === NOT_OF_A_RESOURCE) {
      throw new TypeError(
        `${place}: refresh tokens are no matter of the resource; clients ask for them by themselves`,
      )
    }
    if (typeof config !== 'string') checkNames(config, ['description', 'implies'], `${place}.`)
    const { implies = [] } = (typeof config === 'string' ? {} : config) as ScopeConfig
    if (!Array.isArray(implies))
      throw new TypeError(`${place}.implies must be an array of scopes; got ${shown(implies)}`)
    implied.set(scope, implies)
  }
  return implied
}

function requireDeclared(scope: string, declared: ReadonlySet<string>, place: string): void {
  if (!declared.has(scope)) throw new TypeError(undeclared(place, scope, declared))
}

/** The message for a scope that was not declared. */
export function undeclared(place: string, scope: unknown, declared: ReadonlySet<string>): string {
  const near = typeof scope === 'string' ? suggestion(scope, [...declared]) : ''
  return `${place} has ${shown(scope)}, which is not among the declared scopes${near}`
}

/** Whether `scope` is `wanted`, or implies it through others. */
function includes(scope: string, wanted: string, implied: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set([scope])
  for (const each of seen) {
    if (each === wanted) return true
    for (const other of implied.get(each) ?? []) seen.add(other)
  }
  return false
}
