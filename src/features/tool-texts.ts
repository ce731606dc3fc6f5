/**
 * The texts of a tool in lists: one for each group of revisions that say something else of it.
 *
 *    2026-07-28     everything
 *    before         no output schema but one of objects
 *    2025-11-25     the same, and whether the tool can be called as a task
 *
 * Spec: 2025-11-25 tools, "Listing Tools" {@link spec.tools}; tasks, "Tool-Level Negotiation" {@link spec.tasks}.
 */

import type { Members } from '../dispatch/shape.ts'
import { entryJson, TOOL } from './entry-check.ts'
import type { Entry } from './registry.ts'

/**
 * @param about - the members that all revisions have
 * @param taskSupport - undefined: it cannot be a task
 * @param use - begins the message, as in `tool "add"`
 * @throws {TypeError} naming the member that is wrong
 */
export function toolTexts(
  { name, title, description, annotations, icons, _meta }: Members,
  inputSchema: object,
  outputSchema: object | undefined,
  taskSupport: 'required' | 'optional' | undefined,
  use: string,
): Pick<Entry, 'json' | 'olderJson' | 'taskJson'> {
  const text = (output?: object, execution?: object) => {
    const schemas = { inputSchema, outputSchema: output }
    const entry = { name, title, description, ...schemas, annotations, execution, icons, _meta }
    return entryJson(entry, TOOL, use)
  }
  const isOfObjects = outputSchema === undefined || ('type' in outputSchema && outputSchema.type === 'object')
  const older = isOfObjects ? outputSchema : undefined
  return {
    json: text(outputSchema),
    olderJson: isOfObjects ? undefined : text(),
    taskJson: taskSupport === undefined ? undefined : text(older, { taskSupport }),
  }
}
