/** The checker of JSON Schema, for results of tools that have an output schema and for answers to forms. */

import { loadPart } from './load-part.ts'

export function loadChecker() {
  return loadPart(() => import('../json-schema/compile.ts'))
}
