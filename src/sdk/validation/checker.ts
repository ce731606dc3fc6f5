/** How a Client or a Server checks a value: with the program's `jsonSchemaValidator`, or with the library. */

import { adaptSchema } from '../../json-schema/adapter/standard-schema.ts'
import { formatErrors } from '../../json-schema/explain/result.ts'
import type { jsonSchemaValidator } from './types.ts'

/** @returns what is wrong with a value; undefined: nothing */
export type Checker = (value: unknown) => Promise<string | undefined>

/**
 * @param use - what the schema is for
 * @throws {TypeError} it is no schema
 */
export function checkerOf(
  schema: unknown,
  given: jsonSchemaValidator | undefined,
  use: { readonly name: string; readonly io: 'input' | 'output' },
): Checker {
  if (given !== undefined) {
    const check = given.getValidator(schema as never)
    return async (value) => check(value).errorMessage
  }
  const adapter = adaptSchema(schema as never, use)
  return async (value) => {
    const result = await adapter.validate(value)
    return result.valid ? undefined : formatErrors(result.errors, ', ')
  }
}
