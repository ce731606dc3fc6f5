/**
 * What the client must know of a tool to call it: which parameters go into headers, and what its result must look like.
 * Learnt from one listing, when it is first needed, and again when that may be out of date.
 *
 *    kept until   its ttlMs is over; the server says that its tools changed; a call shows that it is wrong
 */

import type { Validator } from '../json-schema/compile.ts'
import { findHeaderParameters, type HeaderParameter } from '../json-schema/header-parameters.ts'
import { mcpError, reasonOf } from './errors.ts'
import { loadChecker } from './load-checker.ts'
import type { Tool } from './wire.ts'

export interface KnownTool {
  readonly parameters: readonly HeaderParameter[]
  /** Why the tool must not be used. */
  readonly problem: string | undefined
  readonly outputSchema: unknown
  /** Of 2025-11-25: whether a call may be made a task. */
  readonly taskSupport: 'required' | 'optional' | undefined
  /** Made when it is first needed. */
  check: Validator | undefined
}

type Tools = ReadonlyMap<string, KnownTool>

/** What a tool takes beside its texts, about. */
const TOOL_BYTES = 200

export class ToolIndex {
  /** Lists all tools, and adds each to a {@link ToolListing}. */
  readonly #list: () => Promise<Tools>
  #tools: Tools | undefined
  #expires = 0
  /** Counts what made that wrong. */
  #epoch = 0
  #asking: { readonly epoch: number; readonly tools: Promise<Tools> } | undefined

  constructor(list: () => Promise<Tools>) {
    this.#list = list
  }

  /** @returns undefined where the server does not list the tool; a promise where it has to be asked */
  find(name: string): KnownTool | undefined | Promise<KnownTool | undefined> {
    if (this.#tools !== undefined && Date.now() < this.#expires) return this.#tools.get(name)
    return this.#ask().then((tools) => tools.get(name))
  }

  /** What is known may be wrong. */
  forget(): void {
    this.#epoch += 1
    this.#tools = undefined
  }

  /**
   * For a listing that begins now.
   *
   * @param maxBytes - what may be known of all tools together
   */
  beginListing(maxBytes: number): ToolListing {
    const epoch = this.#epoch
    return new ToolListing(maxBytes, (tools, ttlMs) => {
      // What changed in the meantime may be in it, or not.
      if (epoch !== this.#epoch) return
      this.#tools = tools
      // A server that says nothing, or "stale at once", would be asked before each call.
      this.#expires = ttlMs === 0 ? Number.POSITIVE_INFINITY : Date.now() + ttlMs
    })
  }

  /** Once for all calls that wait. */
  #ask(): Promise<Tools> {
    if (this.#asking?.epoch === this.#epoch) return this.#asking.tools
    const tools = this.#list().finally(() => {
      if (this.#asking === asking) this.#asking = undefined
    })
    const asking = { epoch: this.#epoch, tools }
    this.#asking = asking
    return tools
  }
}

/** What is learnt from one listing, page by page. */
export class ToolListing {
  readonly #tools = new Map<string, KnownTool>()
  readonly #maxBytes: number
  #bytes = 0
  readonly #onEnd: (tools: Tools, ttlMs: number) => void
  #ttlMs = Number.POSITIVE_INFINITY

  constructor(maxBytes: number, onEnd: (tools: Tools, ttlMs: number) => void) {
    this.#maxBytes = maxBytes
    this.#onEnd = onEnd
  }

  /** There are too many tools to know them all. */
  get isTooLarge(): boolean {
    return this.#bytes > this.#maxBytes
  }

  add(tool: Tool): KnownTool {
    const known = knownTool(tool)
    this.#bytes += bytesOf(tool, known)
    if (this.isTooLarge) this.#tools.clear()
    else this.#tools.set(tool.name, known)
    return known
  }

  /** @param ttlMs - of one page: the listing is as fresh as its oldest part */
  page(ttlMs: number): void {
    this.#ttlMs = Math.min(this.#ttlMs, ttlMs)
  }

  end(): Tools {
    if (!this.isTooLarge) this.#onEnd(this.#tools, this.#ttlMs)
    return this.#tools
  }
}

function bytesOf({ name, outputSchema }: Tool, { parameters }: KnownTool): number {
  const schema = outputSchema === undefined ? 0 : JSON.stringify(outputSchema).length
  const paths = parameters.reduce((sum, { path }) => sum + path.join().length, 0)
  return TOOL_BYTES + name.length + schema + paths
}

function knownTool({ name, inputSchema = {}, outputSchema, execution }: Tool): KnownTool {
  const support: unknown = execution?.taskSupport
  const taskSupport = support === 'required' || support === 'optional' ? support : undefined
  const known = { outputSchema, taskSupport, check: undefined } as const
  try {
    const parameters = findHeaderParameters(inputSchema, `tool ${JSON.stringify(name)}`)
    return { ...known, parameters, problem: undefined }
  } catch (error) {
    return { ...known, parameters: [], problem: reasonOf(error) }
  }
}

/**
 * Checks what a tool gave against what it promised.
 *
 * @returns what is wrong
 * @throws {McpError} ERR_OUTPUT_SCHEMA: the schema itself cannot be used, as with a `$ref` that leads to the network
 */
export async function outputProblem(
  tool: KnownTool,
  name: string,
  structured: unknown,
): Promise<string | undefined> {
  if (structured === undefined) return 'it has no structuredContent, which its outputSchema asks for'
  tool.check ??= await outputCheck(tool, name)
  const outcome = tool.check(structured)
  if (outcome.valid) return undefined
  return outcome.errors.map(({ path, message }) => `${path || '/'}: ${message}`).join('; ')
}

async function outputCheck({ outputSchema }: KnownTool, name: string): Promise<Validator> {
  const { compile } = await loadChecker()
  try {
    return compile(outputSchema)
  } catch (error) {
    const problem = `The outputSchema of the tool ${JSON.stringify(name)} cannot be used: ${reasonOf(error)}`
    throw mcpError('ERR_OUTPUT_SCHEMA', problem, error)
  }
}
