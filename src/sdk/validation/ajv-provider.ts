/** `validation/ajv-provider.js`: the same as validation/ajv. */

export { AjvJsonSchemaValidator } from './ajv.ts'
