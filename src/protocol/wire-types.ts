/**
 * The shapes that travel on the wire, as the published schemas define them. Types only.
 *
 * One set serves every revision: what a revision lacks (icons before 2025-11-25, titles before 2025-06-18)
 * is an optional member that older clients ignore.
 */

export type JsonObject = { readonly [key: string]: unknown }

/**
 * `_meta`: free for both sides, keys as the specification's `_meta` section prescribes. Not a `JsonObject`, wherever an
 * object is only given, since an interface has no index signature and is assignable to none.
 */
export type Meta = object

export type Role = 'user' | 'assistant'

/** RFC 5424 severities, least severe first. */
export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency'

export interface Icon {
  readonly src: string
  readonly mimeType?: string | undefined
  readonly sizes?: readonly string[] | undefined
  readonly theme?: 'light' | 'dark' | undefined
}

/** How a client or server identifies itself. */
export interface Implementation {
  readonly name: string
  readonly version: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly websiteUrl?: string | undefined
  readonly icons?: readonly Icon[] | undefined
}

export interface Annotations {
  readonly audience?: readonly Role[] | undefined
  /** 0 (optional) to 1 (effectively required). */
  readonly priority?: number | undefined
  /** ISO 8601. */
  readonly lastModified?: string | undefined
}

interface ContentBase {
  readonly annotations?: Annotations | undefined
  readonly _meta?: Meta | undefined
}

export interface TextContent extends ContentBase {
  readonly type: 'text'
  readonly text: string
}

export interface ImageContent extends ContentBase {
  readonly type: 'image'
  /** base64 */
  readonly data: string
  readonly mimeType: string
}

export interface AudioContent extends ContentBase {
  readonly type: 'audio'
  /** base64 */
  readonly data: string
  readonly mimeType: string
}

export interface TextResourceContents {
  readonly uri: string
  readonly mimeType?: string | undefined
  readonly text: string
  readonly _meta?: Meta | undefined
}

export interface BlobResourceContents {
  readonly uri: string
  readonly mimeType?: string | undefined
  /** base64 */
  readonly blob: string
  readonly _meta?: Meta | undefined
}

export type ResourceContents = TextResourceContents | BlobResourceContents

export interface EmbeddedResource extends ContentBase {
  readonly type: 'resource'
  readonly resource: ResourceContents
}

export interface ResourceLink extends ContentBase {
  readonly type: 'resource_link'
  readonly uri: string
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly mimeType?: string | undefined
  readonly size?: number | undefined
  readonly icons?: readonly Icon[] | undefined
}

export type ContentBlock = TextContent | ImageContent | AudioContent | EmbeddedResource | ResourceLink

export interface ToolAnnotations {
  readonly title?: string | undefined
  readonly readOnlyHint?: boolean | undefined
  readonly destructiveHint?: boolean | undefined
  readonly idempotentHint?: boolean | undefined
  readonly openWorldHint?: boolean | undefined
}

export interface CallToolResult {
  readonly content: readonly ContentBlock[]
  readonly structuredContent?: unknown
  readonly isError?: boolean | undefined
  readonly _meta?: Meta | undefined
}

export interface Resource {
  readonly uri: string
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly mimeType?: string | undefined
  /** bytes */
  readonly size?: number | undefined
  readonly annotations?: Annotations | undefined
  readonly icons?: readonly Icon[] | undefined
  readonly _meta?: Meta | undefined
}

export interface ReadResourceResult {
  readonly contents: readonly ResourceContents[]
  readonly _meta?: Meta | undefined
}

export interface PromptMessage {
  readonly role: Role
  readonly content: ContentBlock
}

export interface GetPromptResult {
  readonly description?: string | undefined
  readonly messages: readonly PromptMessage[]
  readonly _meta?: Meta | undefined
}

/** What a client declares that it can do; members it did not declare must not be used. */
export interface ClientCapabilities {
  readonly roots?: { readonly listChanged?: boolean | undefined } | undefined
  readonly sampling?:
    | { readonly tools?: JsonObject | undefined; readonly context?: JsonObject | undefined }
    | undefined
  readonly elicitation?:
    | { readonly form?: JsonObject | undefined; readonly url?: JsonObject | undefined }
    | undefined
  readonly experimental?: JsonObject | undefined
  readonly extensions?: JsonObject | undefined
}

export interface Root {
  readonly uri: string
  readonly name?: string | undefined
  readonly _meta?: JsonObject | undefined
}

export interface SamplingTool {
  readonly name: string
  readonly description?: string | undefined
  readonly inputSchema: object
}

export interface ToolUseContent {
  readonly type: 'tool_use'
  readonly id: string
  readonly name: string
  readonly input: JsonObject
  readonly _meta?: Meta | undefined
}

export interface ToolResultContent {
  readonly type: 'tool_result'
  readonly toolUseId: string
  readonly content: readonly ContentBlock[]
  readonly structuredContent?: object | undefined
  readonly isError?: boolean | undefined
  readonly _meta?: Meta | undefined
}

export type SamplingContent = TextContent | ImageContent | AudioContent | ToolUseContent | ToolResultContent

export interface SamplingMessage {
  readonly role: Role
  readonly content: SamplingContent | readonly SamplingContent[]
  readonly _meta?: Meta | undefined
}

/** See `ctx.sample`. */
export interface CreateMessageParams {
  /** The conversation so far. `content` is a block or several. */
  readonly messages: readonly SamplingMessage[]
  /** The model gives at most this many tokens. */
  readonly maxTokens: number
  /** The client may change it, or leave it out. */
  readonly systemPrompt?: string | undefined
  /** How much the answer may vary; what the range is depends on the model. */
  readonly temperature?: number | undefined
  /** The answer ends before any of these. */
  readonly stopSequences?: readonly string[] | undefined
  /** What of its servers the client adds. Deprecated; for clients that declare `sampling.context`. */
  readonly includeContext?: 'none' | 'thisServer' | 'allServers' | undefined
  /** Names of models, or parts of names, and how much cost, speed and intelligence matter, from 0 to 1. */
  readonly modelPreferences?:
    | {
        readonly hints?: readonly { readonly name?: string | undefined }[] | undefined
        readonly costPriority?: number | undefined
        readonly speedPriority?: number | undefined
        readonly intelligencePriority?: number | undefined
      }
    | undefined
  /** For the provider of the model. */
  readonly metadata?: object | undefined
  /** Tools that the model may ask for, for clients that declare `sampling.tools`; the handler runs them. */
  readonly tools?: readonly SamplingTool[] | undefined
  /** Whether the model must ask for a tool. */
  readonly toolChoice?: { readonly mode?: 'auto' | 'required' | 'none' | undefined } | undefined
}

/** What the client's model answered. */
export interface CreateMessageResult extends SamplingMessage {
  /** `assistant`, as a rule. */
  readonly role: Role
  /** A block, or several: `Array.isArray` tells the two apart. */
  // So it is no readonly array.
  readonly content: SamplingContent | SamplingContent[]
  /** The model that answered. */
  readonly model: string
  /** Of the answer. */
  readonly _meta?: JsonObject | undefined
  /** `endTurn`, `stopSequence`, `maxTokens`, `toolUse`, or another word of the client. */
  readonly stopReason?: string | undefined
}

/** Form mode: a flat object schema of primitive properties, see the elicitation page. */
export interface ElicitFormParams<Schema = JsonObject> {
  readonly message: string
  readonly requestedSchema: Schema
}

/** URL mode (2025-11-25): the user goes to `url`; nothing they enter there passes through the client. */
export interface ElicitUrlParams {
  readonly message: string
  readonly url: string
  /** Generated when absent. */
  readonly elicitationId?: string | undefined
}

/** The content is that of an accepted form. */
export type ElicitResult<Content = JsonObject> =
  | { readonly action: 'accept'; readonly content: Content }
  | { readonly action: 'decline' | 'cancel'; readonly content?: undefined }
