/** `validation/ajv`: the checker of the library; an Ajv that is given is used. */

import { OwnValidator } from './own-validator.ts'
import type { JsonSchemaType, JsonSchemaValidator, jsonSchemaValidator } from './types.ts'

/** What is used of Ajv. */
interface AjvLike {
  compile(schema: object): ((input: unknown) => unknown) & { errors?: unknown }
  getSchema(id: string): (((input: unknown) => unknown) & { errors?: unknown }) | undefined
  errorsText(errors: never): string
}

export class AjvJsonSchemaValidator implements jsonSchemaValidator {
  readonly #ajv: AjvLike | undefined
  readonly #own = new OwnValidator()

  constructor(ajv?: AjvLike) {
    this.#ajv = ajv
  }

  getValidator<T>(schema: JsonSchemaType): JsonSchemaValidator<T> {
    const ajv = this.#ajv
    if (ajv === undefined) return this.#own.getValidator(schema)
    const id: unknown = schema['$id']
    const check = (typeof id === 'string' ? ajv.getSchema(id) : undefined) ?? ajv.compile(schema)
    return (input) =>
      check(input) === true
        ? { valid: true, data: input as T, errorMessage: undefined }
        : { valid: false, data: undefined, errorMessage: ajv.errorsText(check.errors as never) }
  }
}
