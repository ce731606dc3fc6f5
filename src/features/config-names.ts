/**
 * Names of the options of registrations, and the names that other libraries use for them.
 */

import { isObject } from '../bounds/is-object.ts'
import { type OtherWords, refuseOthers } from '../bounds/option-names.ts'
import { kindOf } from '../bounds/quote.ts'

/** By name, so that the compiler reports a missing one. */
export type Names<Config> = { readonly [Name in keyof Required<Config>]: true }

const ARGUMENTS = 'parameters params args arguments schema input inputs properties required type paramsschema'

const WORDS: OtherWords = {
  inputSchema: `${ARGUMENTS} argsschema`,
  argsSchema: `${ARGUMENTS} inputschema`,
  outputSchema: 'output returns result results response',
  task: 'execution tasks tasksupport',
  annotations: 'hints readonlyhint destructivehint idempotenthint openworldhint audience priority',
  mimeType: 'contenttype type mediatype format',
  complete: 'completion completions suggestions',
  'the handler is the last argument; update({ handler }) replaces it':
    'handler execute run callback cb fn func function call read load get',
  'names and URIs are arguments of their own, and stay': 'name uri template uritemplate',
  'call enable() or disable() of what the registration returned': 'enabled disabled',
}

/** @throws {TypeError} the options of a registration are no object, or have an unknown name */
export function checkConfig(
  config: unknown,
  use: string,
  names: object,
  words = WORDS,
): asserts config is object {
  if (!isObject(config)) {
    throw new TypeError(`${use} needs a configuration, an object; got ${kindOf(config)}`)
  }
  refuseOthers(`${use} has`, config, Object.keys(names), words)
}
