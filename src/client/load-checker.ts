import { loadPart } from './load-part.ts'

/** The checker of JSON Schema: for results of tools that have an output schema, and for answers to forms. */
export function loadChecker() {
  return loadPart(() => import('../json-schema/compile.ts'))
}
