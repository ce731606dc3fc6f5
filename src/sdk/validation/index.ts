/** `validation`: checkers of JSON Schema. Types only. */

export type {
  JsonSchemaType,
  JsonSchemaValidator,
  JsonSchemaValidatorResult,
  jsonSchemaValidator,
} from './types.ts'
