/**
 * What the checks of objects and arrays need of the compiler (check.ts) for the subschemas in them. Types only.
 */

import type { Check, SchemaNode } from '../read/node.ts'
import type { Run } from './run.ts'

export interface NodeCompiler {
  readonly run: Run
  /** The check of a node; sets its weight. */
  compile(node: SchemaNode): Check
  /** Compiles a subschema that is applied at most once for each application of `node`, whose weight includes it. */
  once(node: SchemaNode, child: SchemaNode): Check
}
