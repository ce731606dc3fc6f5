/** `validation/types.js`: checkers of JSON Schema. Types only. */

/** A JSON Schema. */
// biome-ignore lint/suspicious/noExplicitAny: whatever type a program has for them
export type JsonSchemaType = { readonly [keyword: string]: any }

export type JsonSchemaValidatorResult<T> =
  | { valid: true; data: T; errorMessage: undefined }
  | { valid: false; data: undefined; errorMessage: string }

export type JsonSchemaValidator<T> = (input: unknown) => JsonSchemaValidatorResult<T>

export interface jsonSchemaValidator {
  getValidator<T>(schema: JsonSchemaType): JsonSchemaValidator<T>
}
