/** The public face of barewire: a server definition, and two ways to serve it. */

export { MissingCapabilityError, UrlElicitationRequiredError } from './dispatch/client-input.ts'
export type { ClientInfo, Elicit, RequestContext } from './dispatch/context.ts'
export type { ErrorInfo, Middleware, Next } from './dispatch/dispatcher.ts'
export type { CacheHint, Principal } from './dispatch/exchange.ts'
export {
  type AskOptions,
  type InputRequest,
  type InputRequired,
  inputRequired,
} from './dispatch/input-required.ts'
export type { Log } from './dispatch/messages.ts'
export type { SealOptions } from './dispatch/seal-options.ts'
export type { Rate } from './dispatch/token-bucket.ts'
export type { TraceContext } from './dispatch/trace.ts'
export type { CacheOptions } from './features/cache-hints.ts'
export type { Completer, Suggestions } from './features/completion.ts'
export type { ExtensionConfig, ExtensionMethod } from './features/extensions.ts'
export type { Changes, Handle, PromptHandle, ToolHandle } from './features/handles.ts'
export type { Audience, Delivery } from './features/message-bus.ts'
export type { PromptConfig, PromptHandler, PromptReturn } from './features/prompts.ts'
export type { Visible } from './features/registry.ts'
export {
  type ResourceConfig,
  type ResourceHandler,
  type ResourceReturn,
  type ResourceTemplateConfig,
  type ResourceTemplateHandler,
  resourceNotFound,
  type WatchResource,
} from './features/resources.ts'
export { McpServer } from './features/server.ts'
export type { ServerOptions } from './features/server-options.ts'
export type { TaskMode } from './features/tasks.ts'
export { type ToolConfig, ToolError, type ToolHandler, type ToolReturn } from './features/tools.ts'
export type { UriVariables } from './features/uri-template.ts'
export { createMcpHandler, type HandlerStats, type McpHandler } from './handler.ts'
export { DirectResponse } from './http/direct-response.ts'
export type { Refusal } from './http/incoming.ts'
export type { FromSchema } from './json-schema/infer.ts'
export type { InferInput, InferOutput, SchemaLike } from './json-schema/standard-schema.ts'
export { McpError, RpcError } from './jsonrpc/rpc-error.ts'
export type { AuthOptions, HandlerOptions, SubscriptionOptions, TaskOptions } from './options.ts'
export { ErrorCode } from './protocol/error-codes.ts'
export type * from './protocol/wire-types.ts'
export { type ServeOptions, type Serving, serve } from './serve.ts'
export type { ReplayOptions, SessionEnd, SessionInfo, SessionOptions } from './session-era/options.ts'
export type { TaskRecord, TaskStatus, TaskStore } from './store/task-store.ts'
