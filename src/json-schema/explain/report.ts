/**
 * The report of one validation: the errors found so far, up to a number.
 *
 * It holds the function that explains a subschema (explain.ts), since objects and arrays (explain-parts.ts) contain
 * values to which subschemas apply in turn.
 */

import type { Run } from '../check/run.ts'
import type { Check, SchemaNode } from '../read/node.ts'
import type { ValidationError } from './result.ts'

/** Adds to a report why a value is not valid against a node; nothing when it is. */
export type Explain = (report: Report, node: SchemaNode, value: unknown, path: string) => void

export class Report {
  readonly errors: ValidationError[] = []
  readonly run: Run
  readonly #max: number
  readonly #explain: Explain

  constructor(run: Run, max: number, explain: Explain) {
    this.run = run
    this.#max = max
    this.#explain = explain
  }

  get full(): boolean {
    return this.errors.length >= this.#max
  }

  add(path: string, keyword: string, message: string): void {
    if (!this.full) this.errors.push({ path, keyword, message })
  }

  explain(node: SchemaNode, value: unknown, path: string): void {
    this.#explain(this, node, value, path)
  }
}

/** Whether a compiled node accepts a value. */
export function passes(run: Run, node: SchemaNode, value: unknown): boolean {
  run.charge(node.weight)
  return (node.check as Check)(value)
}
