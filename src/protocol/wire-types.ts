/**
 * The shapes that travel on the wire, as the published schemas define them. Types only.
 *
 * One set serves every revision: what a revision lacks (icons before 2025-11-25, titles before 2025-06-18)
 * is an optional member that older clients ignore.
 */

export type JsonObject = { readonly [key: string]: unknown }

/** `_meta`: free for both sides, keys as the specification's `_meta` section prescribes. */
export type Meta = JsonObject

export type Role = 'user' | 'assistant'

/** RFC 5424 severities, least severe first. */
export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency'

export interface Icon {
  readonly src: string
  readonly mimeType?: string | undefined
  readonly sizes?: readonly string[] | undefined
  readonly theme?: 'light' | 'dark' | undefined
}

/** Who a client or server says it is. */
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
  readonly annotations?: Annotations
  readonly _meta?: Meta
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
  readonly mimeType?: string
  readonly text: string
  readonly _meta?: Meta
}

export interface BlobResourceContents {
  readonly uri: string
  readonly mimeType?: string
  /** base64 */
  readonly blob: string
  readonly _meta?: Meta
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
  readonly title?: string
  readonly description?: string
  readonly mimeType?: string
  readonly size?: number
  readonly icons?: readonly Icon[]
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
  readonly isError?: boolean
  readonly _meta?: Meta
}

export interface Resource {
  readonly uri: string
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly mimeType?: string
  /** bytes */
  readonly size?: number
  readonly annotations?: Annotations
  readonly icons?: readonly Icon[]
  readonly _meta?: Meta
}

export interface ReadResourceResult {
  readonly contents: readonly ResourceContents[]
  readonly _meta?: Meta
}

export interface PromptMessage {
  readonly role: Role
  readonly content: ContentBlock
}

export interface GetPromptResult {
  readonly description?: string
  readonly messages: readonly PromptMessage[]
  readonly _meta?: Meta
}

/** What a client declares that it can do; members it did not declare must not be used. */
export interface ClientCapabilities {
  readonly roots?: { readonly listChanged?: boolean }
  readonly sampling?: { readonly tools?: JsonObject; readonly context?: JsonObject }
  readonly elicitation?: { readonly form?: JsonObject; readonly url?: JsonObject }
  readonly experimental?: JsonObject
  readonly extensions?: JsonObject
}

export interface Root {
  readonly uri: string
  readonly name?: string
  readonly _meta?: Meta
}

export interface SamplingTool {
  readonly name: string
  readonly description?: string
  readonly inputSchema: JsonObject
}

export interface ToolUseContent {
  readonly type: 'tool_use'
  readonly id: string
  readonly name: string
  readonly input: JsonObject
  readonly _meta?: Meta
}

export interface ToolResultContent {
  readonly type: 'tool_result'
  readonly toolUseId: string
  readonly content: readonly ContentBlock[]
  readonly structuredContent?: JsonObject
  readonly isError?: boolean
  readonly _meta?: Meta
}

export type SamplingContent = TextContent | ImageContent | AudioContent | ToolUseContent | ToolResultContent

export interface SamplingMessage {
  readonly role: Role
  readonly content: SamplingContent | readonly SamplingContent[]
  readonly _meta?: Meta
}

export interface CreateMessageParams {
  readonly messages: readonly SamplingMessage[]
  readonly maxTokens: number
  readonly systemPrompt?: string
  readonly temperature?: number
  readonly stopSequences?: readonly string[]
  readonly includeContext?: 'none' | 'thisServer' | 'allServers'
  readonly modelPreferences?: {
    readonly hints?: readonly { readonly name?: string }[]
    readonly costPriority?: number
    readonly speedPriority?: number
    readonly intelligencePriority?: number
  }
  readonly metadata?: JsonObject
  readonly tools?: readonly SamplingTool[]
  readonly toolChoice?: { readonly mode?: 'auto' | 'required' | 'none' }
}

export interface CreateMessageResult extends SamplingMessage {
  readonly model: string
  readonly stopReason?: string
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
  /** Made by the library when absent. */
  readonly elicitationId?: string
}

/** The content is that of an accepted form. */
export type ElicitResult<Content = JsonObject> =
  | { readonly action: 'accept'; readonly content: Content }
  | { readonly action: 'decline' | 'cancel'; readonly content?: undefined }
