/**
 * What a server offers and says, in the shapes that a client reads. Types only; what both sides share is in
 * protocol/wire-types.ts.
 *
 * Everything here came from outside: only what the client itself relies on has been checked.
 */

import type {
  Annotations,
  Icon,
  JsonObject,
  LogLevel,
  Meta,
  ToolAnnotations,
} from '../protocol/wire-types.ts'

export interface Tool {
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly inputSchema: JsonObject
  readonly outputSchema?: JsonObject | undefined
  readonly annotations?: ToolAnnotations | undefined
  /** Of 2025-11-25: whether calls may, or must, be tasks. */
  readonly execution?:
    | { readonly taskSupport?: 'required' | 'optional' | 'forbidden' | undefined }
    | undefined
  readonly icons?: readonly Icon[] | undefined
  readonly _meta?: Meta | undefined
}

export interface PromptArgument {
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly required?: boolean | undefined
}

export interface Prompt {
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly arguments?: readonly PromptArgument[] | undefined
  readonly icons?: readonly Icon[] | undefined
  readonly _meta?: Meta | undefined
}

export interface ResourceTemplate {
  readonly uriTemplate: string
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly mimeType?: string | undefined
  readonly annotations?: Annotations | undefined
  readonly icons?: readonly Icon[] | undefined
  readonly _meta?: Meta | undefined
}

/** What a server declares. A member that is absent is not offered. */
export interface ServerCapabilities {
  readonly tools?: { readonly listChanged?: boolean | undefined } | undefined
  readonly prompts?: { readonly listChanged?: boolean | undefined } | undefined
  readonly resources?:
    | { readonly listChanged?: boolean | undefined; readonly subscribe?: boolean | undefined }
    | undefined
  readonly completions?: JsonObject | undefined
  readonly logging?: JsonObject | undefined
  /** Of 2025-11-25; later revisions have an extension in its place. */
  readonly tasks?: JsonObject | undefined
  readonly experimental?: JsonObject | undefined
  readonly extensions?: JsonObject | undefined
}

/** How far a call has come. */
export interface Progress {
  readonly progress: number
  readonly total?: number | undefined
  readonly message?: string | undefined
}

/** A log message of the server. */
export interface LogMessage {
  readonly level: LogLevel
  readonly logger?: string | undefined
  readonly data: unknown
}

/** What is completed: an argument of a prompt, or a variable of a URI template. */
export type CompletionReference =
  | { readonly type: 'ref/prompt'; readonly name: string }
  | { readonly type: 'ref/resource'; readonly uri: string }

export interface Completion {
  readonly values: readonly string[]
  readonly total?: number | undefined
  readonly hasMore?: boolean | undefined
}
