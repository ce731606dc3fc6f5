/** What a schema says of a value, in short: for tests that compare it whole. */

import type { CompileOptions } from '../../src/json-schema/compile.ts'
import { compile } from '../../src/json-schema/compile.ts'
import { formatError } from '../../src/json-schema/explain/result.ts'

/** The error lines of a value; empty when it is valid. */
export function lines(schema: unknown, value: unknown, options?: CompileOptions): string[] {
  const result = compile(schema, options)(value)
  return result.valid ? [] : result.errors.map(formatError)
}

/** The keywords of the errors of a value; empty when it is valid. */
export function keywords(schema: unknown, value: unknown, options?: CompileOptions): string[] {
  const result = compile(schema, options)(value)
  return result.valid ? [] : result.errors.map((error) => error.keyword)
}
