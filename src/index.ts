/** The public face of barewire: a server definition, and two ways to serve it. */

export type { Given } from './bounds/option-types.ts'
export type { WarningCode } from './bounds/warning-codes.ts'
export { MissingCapabilityError } from './dispatch/client-input/client-capabilities.ts'
export type { AskOptions } from './dispatch/client-input/client-input.ts'
export type { Elicit, FormContent } from './dispatch/client-input/elicit.ts'
export {
  type InputRequest,
  type InputRequired,
  type InputRequiredOptions,
  inputRequired,
} from './dispatch/client-input/input-required.ts'
export type { SealOptions } from './dispatch/client-input/request-state-options.ts'
export { UrlElicitationRequiredError } from './dispatch/client-input/url-elicitation.ts'
export type { ClientInfo, RequestContext } from './dispatch/context.ts'
export type { Middleware, Next } from './dispatch/dispatcher.ts'
export type { ErrorInfo } from './dispatch/error-report.ts'
export type { Keys } from './dispatch/key-ring.ts'
export type { Log } from './dispatch/messages.ts'
export type { CacheHint, Principal } from './dispatch/rpc-exchange.ts'
export type { Rate } from './dispatch/token-bucket.ts'
export type { TraceContext } from './dispatch/trace.ts'
export type { HandlerStats } from './entrance.ts'
export type { EraStats, NodeStats } from './eras.ts'
export type { CacheOptions } from './features/cache-hints.ts'
export type { Completer, Suggestions } from './features/completer.ts'
export type { ExtensionConfig, ExtensionMethod } from './features/extensions.ts'
export type {
  ConfigChanges,
  Handle,
  PromptChanges,
  PromptHandle,
  ToolChanges,
  ToolHandle,
} from './features/handles.ts'
export type { Audience, Delivery } from './features/message-bus.ts'
export type { PromptArguments, PromptConfig, PromptHandler, PromptReturn } from './features/prompts.ts'
export type { Visible } from './features/registry.ts'
export type { ResourceReturn } from './features/resource-result.ts'
export {
  type ResourceConfig,
  type ResourceHandler,
  type ResourceTemplateConfig,
  type ResourceTemplateHandler,
  resourceNotFound,
  type WatchResource,
} from './features/resources.ts'
export type { Scopes } from './features/scopes.ts'
export { McpServer } from './features/server.ts'
export type { ServerOptions } from './features/server-options.ts'
export type { SlowPatterns } from './features/slow-patterns.ts'
export type { TaskMode } from './features/tasks/task-mode.ts'
export {
  type FailedToolReturn,
  type FreeToolReturn,
  type StructuredToolReturn,
  type ToolArguments,
  type ToolConfig,
  ToolError,
  type ToolHandler,
  type ToolReturn,
} from './features/tools.ts'
export type { UriVariables } from './features/uri-template.ts'
export type { UriVariablesOf } from './features/uri-variables.ts'
export { createMcpHandler, type McpHandler } from './handler.ts'
export type { Authenticator, AuthOptions, VerifiedPrincipal } from './http/authenticate.ts'
export type { RequestHeaders } from './http/http-exchange.ts'
export type { HttpSseOptions } from './http/http-sse.ts'
export type { SchemaMember } from './json-schema/adapter/schema-members.ts'
export type {
  JsonSchemaTarget,
  StandardIssue,
  StandardResult,
  StandardSchema,
  StandardSchemaWithJson,
  Zod3Schema,
} from './json-schema/adapter/standard-part.ts'
export type {
  InferInput,
  InferOutput,
  SchemaLike,
  SchemaShape,
} from './json-schema/adapter/standard-schema.ts'
export { SchemaError } from './json-schema/explain/result.ts'
export type {
  FromSchema,
  JsonSchema,
  JsonSchemaObject,
  JsonSchemas,
  JsonSchemaType,
} from './json-schema/infer.ts'
export { McpError, RpcError } from './jsonrpc/rpc-error.ts'
export type { Refusal } from './node-http/exchange.ts'
export type { NodeAuth } from './node-http/node-auth.ts'
export type { HandlerOptions, SubscriptionOptions, TaskOptions } from './options.ts'
export { ErrorCode } from './protocol/error-codes.ts'
export type { McpErrorCode } from './protocol/local-error-codes.ts'
export type {
  Annotations,
  AudioContent,
  BlobResourceContents,
  CallToolResult,
  ClientCapabilities,
  ContentBlock,
  CreateMessageParams,
  CreateMessageResult,
  ElicitFormParams,
  ElicitResult,
  ElicitUrlParams,
  EmbeddedResource,
  GetPromptResult,
  Icon,
  ImageContent,
  Implementation,
  JsonObject,
  LogLevel,
  Meta,
  PromptMessage,
  ReadResourceResult,
  Resource,
  ResourceContents,
  ResourceLink,
  Role,
  Root,
  SamplingContent,
  SamplingMessage,
  SamplingTool,
  TextContent,
  TextResourceContents,
  ToolAnnotations,
  ToolResultContent,
  ToolUseContent,
} from './protocol/wire-types.ts'
export type { Era } from './select-era.ts'
export { type ServeOptions, type Serving, serve } from './serve.ts'
export type { ReplayOptions, SessionEnd, SessionInfo, SessionOptions } from './session-era/options.ts'
export type { Bus } from './store/bus.ts'
export type { EventLogStore, EventLogWriter, StoredEvents } from './store/event-log-store.ts'
export type { KeyStore } from './store/key-store.ts'
export type { Leases } from './store/leases.ts'
export type { SessionStore, StoredSession } from './store/session-store.ts'
export type { NodeEvents, Store, StoreNode, StoreStats } from './store/store.ts'
export type { TaskRecord, TaskStatus, TaskStore } from './store/task-store.ts'
