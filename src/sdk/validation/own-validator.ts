/** The library's own checker of JSON Schema, under the names of those that the SDK has. */

import { adaptSchema } from '../../json-schema/adapter/standard-schema.ts'
import { formatErrors, type ValidationResult } from '../../json-schema/explain/result.ts'
import type { JsonSchemaType, JsonSchemaValidator, jsonSchemaValidator } from './types.ts'

export class OwnValidator implements jsonSchemaValidator {
  /** @throws {TypeError} it is no schema, or one with a keyword that is not supported */
  getValidator<T>(schema: JsonSchemaType): JsonSchemaValidator<T> {
    const adapter = adaptSchema(schema as never, { name: 'schema', io: 'input' })
    return (input) => {
      // Only schemas of libraries are checked asynchronously.
      const result = adapter.validate(input) as ValidationResult
      return result.valid
        ? { valid: true, data: input as T, errorMessage: undefined }
        : { valid: false, data: undefined, errorMessage: formatErrors(result.errors, ', ') }
    }
  }
}
