/**
 * What the client must know of a tool to call it: which parameters go into headers, and what its result must look like.
 * Learnt from one listing, when it is first needed, and again when that may be out of date.
 *
 *    kept until   its ttlMs is over; the server says that its tools changed; a call shows that it is wrong
 */

import { compile, type Validator } from '../json-schema/compile.ts'
import { findHeaderParameters, type HeaderParameter } from '../json-schema/header-parameters.ts'
import { mcpError, reasonOf } from './errors.ts'
import type { Tool } from './wire.ts'

export interface KnownTool {
  readonly parameters: readonly HeaderParameter[]
  /** Why the tool must not be used. */
  readonly problem: string | undefined
  readonly outputSchema: unknown
  /** Made when it is first needed. */
  check: Validator | undefined
}

/** A listing of tools, and for how long it can be believed. */
export interface ToolsListed {
  readonly tools: readonly Tool[]
  readonly ttlMs: number
}

export class ToolIndex {
  readonly #list: () => Promise<ToolsListed>
  #tools: ReadonlyMap<string, KnownTool> | undefined
  #expires = 0
  #listing: Promise<ReadonlyMap<string, KnownTool>> | undefined

  constructor(list: () => Promise<ToolsListed>) {
    this.#list = list
  }

  /** @returns undefined where the server does not list the tool; a promise where it has to be asked */
  find(name: string): KnownTool | undefined | Promise<KnownTool | undefined> {
    if (this.#tools !== undefined && Date.now() < this.#expires) return this.#tools.get(name)
    return this.#learn().then((tools) => tools.get(name))
  }

  /** What is known may be wrong. */
  forget(): void {
    this.#tools = undefined
    this.#listing = undefined
  }

  #learn(): Promise<ReadonlyMap<string, KnownTool>> {
    if (this.#listing !== undefined) return this.#listing
    const listing: Promise<ReadonlyMap<string, KnownTool>> = this.#list().then(
      ({ tools, ttlMs }) => {
        const known = new Map(tools.map((tool) => [tool.name, knownTool(tool)]))
        if (this.#listing === listing) {
          this.#tools = known
          // A server that says nothing, or "stale at once", would be asked before each call.
          this.#expires = ttlMs === 0 ? Number.POSITIVE_INFINITY : Date.now() + ttlMs
          this.#listing = undefined
        }
        return known
      },
      (error: unknown) => {
        if (this.#listing === listing) this.#listing = undefined
        throw error
      },
    )
    this.#listing = listing
    return listing
  }
}

function knownTool(tool: Tool): KnownTool {
  const { outputSchema } = tool
  const problem = annotationProblem(tool)
  const parameters = problem === undefined ? findHeaderParameters(tool.inputSchema ?? {}, '') : []
  return { parameters, problem, outputSchema, check: undefined }
}

/** What is wrong with the annotations of a tool, which then must not be offered. */
export function annotationProblem({ name, inputSchema }: Tool): string | undefined {
  try {
    findHeaderParameters(inputSchema ?? {}, `tool ${JSON.stringify(name)}`)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

/**
 * Checks what a tool gave against what it promised.
 *
 * @returns what is wrong
 * @throws {McpError} ERR_OUTPUT_SCHEMA: the schema itself cannot be used, as with a `$ref` that leads to the network
 */
export function outputProblem(tool: KnownTool, name: string, structured: unknown): string | undefined {
  if (structured === undefined) return 'it has no structuredContent, which its outputSchema asks for'
  try {
    tool.check ??= compile(tool.outputSchema)
  } catch (error) {
    const problem = `The outputSchema of the tool ${JSON.stringify(name)} cannot be used: ${reasonOf(error)}`
    throw mcpError('ERR_OUTPUT_SCHEMA', problem, error)
  }
  const outcome = tool.check(structured)
  if (outcome.valid) return undefined
  return outcome.errors.map(({ path, message }) => `${path || '/'}: ${message}`).join('; ')
}
