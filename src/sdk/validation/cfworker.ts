/** `validation/cfworker`: the checker of the library, which needs no `eval`, and so runs on edge platforms. */

import { OwnValidator } from './own-validator.ts'

export type CfWorkerSchemaDraft = '4' | '7' | '2019-09' | '2020-12'

export class CfWorkerJsonSchemaValidator extends OwnValidator {
  /** @param _options - accepted: a schema says itself in `$schema` which draft it is of */
  constructor(_options?: { shortcircuit?: boolean; draft?: CfWorkerSchemaDraft }) {
    super()
  }
}
