/** `validation/cfworker-provider.js`: the same as validation/cfworker. */

export { CfWorkerJsonSchemaValidator, type CfWorkerSchemaDraft } from './cfworker.ts'
