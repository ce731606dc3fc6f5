/**
 * Compiles a JSON Schema into a validator. The entry point of the folder.
 *
 *   schema, documents --> bundle.ts (nodes, references) --> check.ts (closures) --> Validator
 *                              keywords-*.ts, dialect.ts       |  invalid
 *                                                              +--> explain.ts (errors)
 *
 * Spec: JSON Schema 2020-12 {@link https://json-schema.org/draft/2020-12/json-schema-core}; draft-07 by
 * `$schema`. MCP 2026-07-28, basic, "JSON Schema Usage" asks for the dialect rules and the bounds.
 *
 * No code is generated: it runs under a strict CSP and `--disallow-code-generation-from-strings`.
 * Not here: types from schemas (infer.ts).
 */

import type { Given } from '../bounds/option-types.ts'
import { Compiler } from './check/check.ts'
import { Run } from './check/run.ts'
import { dropNulls, Filler, keepValidDefaults } from './defaults.ts'
import { explain } from './explain/explain.ts'
import { Report } from './explain/report.ts'
import type { ValidationError, ValidationResult } from './explain/result.ts'
import { VALID } from './explain/result.ts'
import type { Limits } from './limits.ts'
import { DEFAULT_LIMITS, LimitReached } from './limits.ts'
import { Bundle } from './read/bundle.ts'
import { ROOT_URI, resolveUri } from './read/uri.ts'

/** How to compile a schema. All limits have defaults: see {@link Limits}. */
export interface CompileOptions extends Given<Limits> {
  /** Documents that `$ref` may name, by URI. Nothing is ever fetched. */
  readonly documents?: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown> | undefined
  /** Whether `format` asserts. @defaultValue false: it is an annotation */
  readonly formats?: boolean | undefined
  /**
   * Whether missing properties are filled in from `default`, in the given value's own objects: before the check, or
   * `'afterwards'`, so that the check does not include them. A default that its own schema refuses is never used.
   * @defaultValue false
   */
  readonly defaults?: boolean | 'afterwards' | undefined
  /** Called with the place of each such default in the schema. */
  readonly onWrongDefault?: ((pointer: string) => void) | undefined
  /**
   * Whether `null` for a property that is not required and does not allow it is removed from the given value's own
   * objects, when the value is invalid with it. @defaultValue false
   */
  readonly nullAsAbsent?: boolean | undefined
}

/** Returns whether a value is valid. Not re-entrant: a getter in the value must not call it. */
export type Validator = (value: unknown) => ValidationResult

/**
 * Compiles a schema.
 *
 * A limit that is reached while validating makes the value invalid; the error's `keyword` is then the name of
 * the limit.
 *
 * @param schema - an object or a boolean; 2020-12 unless `$schema` says draft-07. It must not change later
 * @param options - documents, format assertion, defaults, limits
 * @returns a validator, which throws nothing and, but for its first calls, allocates nothing for valid values
 * @throws {SchemaError} when the schema is malformed, too big, of an unsupported dialect, or has an unresolved reference
 * @throws {TypeError} when a limit is not a positive number
 */
export function compile(schema: unknown, options: CompileOptions = {}): Validator {
  const limits = limitsOf(options)
  const bundle = new Bundle(schema, documentsOf(options.documents), limits, options.formats === true)
  const run = new Run(limits)
  const check = new Compiler(bundle, run).compileAll()
  const { root } = bundle
  const { defaults = false, nullAsAbsent = false, onWrongDefault = () => {} } = options
  const hasDefaults =
    defaults !== false && keepValidDefaults(run, bundle.nodes, ({ place }) => onWrongDefault(place))
  const fill = hasDefaults ? new Filler(run).of(root) : undefined
  const fillBefore = defaults === true ? fill : undefined
  const fillAfter = defaults === true ? undefined : fill

  const invalid = (value: unknown): ValidationResult => {
    const report = new Report(run, limits.maxErrors, explain)
    try {
      run.reset(root.resource)
      report.explain(root, value, '')
    } catch (error) {
      return { valid: false, errors: [...report.errors, limitError(error)] }
    }
    return { valid: false, errors: report.errors }
  }

  const isValidWithoutNulls = (value: unknown): boolean => {
    run.reset(root.resource)
    return dropNulls(run, root, value) && check(value)
  }

  return (value) => {
    run.reset(root.resource)
    try {
      if (fillBefore !== undefined) {
        fillBefore(value)
        run.reset(root.resource)
      }
      if (check(value) || (nullAsAbsent && isValidWithoutNulls(value))) {
        fillAfter?.(value)
        return VALID
      }
    } catch (error) {
      return { valid: false, errors: [limitError(error)] }
    }
    return invalid(value)
  }
}

/** The error of a limit. A stack overflow on a deep schema counts as one; anything else is a defect. */
function limitError(error: unknown): ValidationError {
  if (error instanceof LimitReached) return { path: '', keyword: error.limit, message: error.message }
  if (error instanceof RangeError) {
    return {
      path: '',
      keyword: 'maxValueDepth',
      message: 'the value is nested too deeply (call stack exceeded)',
    }
  }
  throw error
}

function limitsOf(options: CompileOptions): Limits {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS }
  for (const name of Object.keys(DEFAULT_LIMITS) as Array<keyof Limits>) {
    const value: unknown = options[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value >= 1)) {
      throw new TypeError(`${name}: expected a number of at least 1, got ${String(value)}`)
    }
    limits[name] = value
  }
  return limits as unknown as Limits
}

function documentsOf(documents: CompileOptions['documents']): ReadonlyMap<string, unknown> {
  const map = new Map<string, unknown>()
  const entries = documents instanceof Map ? documents : Object.entries(documents ?? {})
  for (const [uri, document] of entries) map.set(resolveUri(ROOT_URI, uri)?.uri ?? uri, document)
  return map
}
