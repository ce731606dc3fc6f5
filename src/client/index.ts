/** The public face of barewire/client: connect to a server, in whatever revision of the protocol it speaks. */

export type { Given } from '../bounds/option-types.ts'
export { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
export { ErrorCode } from '../protocol/error-codes.ts'
export type { McpErrorCode } from '../protocol/local-error-codes.ts'
export type { RevisionName } from '../protocol/revisions.ts'
export type {
  Annotations,
  AudioContent,
  BlobResourceContents,
  CallToolResult,
  ContentBlock,
  CreateMessageParams,
  CreateMessageResult,
  ElicitResult,
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
} from '../protocol/wire-types.ts'
export type { AuthProvider } from './auth-provider.ts'
export type { Changes } from './changes.ts'
export type { Channel } from './channel.ts'
export type { Client } from './client.ts'
export { type ConnectTarget, connect } from './connect.ts'
export {
  type Clients,
  type ConnectAllOptions,
  connectAll,
  type NamedTool,
  type ServerEntry,
  type ServersConfig,
} from './connect-all.ts'
export type { Change, ChangeFilter } from './connection.ts'
export { forgetServers } from './era-memory.ts'
export { statusOf } from './errors.ts'
export type { FetchLike, FetchMiddleware } from './fetch-like.ts'
export type {
  FormBoolean,
  FormChoice,
  FormChoices,
  FormField,
  FormNumber,
  FormSchema,
  FormText,
} from './form-types.ts'
export type { InMemoryTarget } from './in-memory.ts'
export type { Listing } from './listing.ts'
export {
  type AssertionContext,
  type ClientCredentialsOptions,
  type ClientMetadata,
  type CrossAppAccessOptions,
  clientCredentials,
  crossAppAccess,
  type DpopOptions,
  type IdentityProvider,
  type KeyOptions,
  memoryStore,
  type OAuthOptions,
  type OAuthProvider,
  type OnRedirect,
  oauth,
  type Redirected,
  type SigningAlgorithm,
  type SigningKey,
  type SigningKeyPair,
  type TokenOptions,
  type TokenStore,
  type WorkloadIdentityOptions,
  workloadIdentity,
} from './oauth/index.ts'
export type {
  ConnectOptions,
  ElicitRequest,
  ElicitUrlRequest,
  QuestionContext,
  RequestOptions,
} from './options.ts'
export type { ClientTask, ClientTaskStatus, TaskState } from './tasks.ts'
export type {
  Completion,
  CompletionReference,
  LogMessage,
  Progress,
  Prompt,
  PromptArgument,
  ResourceTemplate,
  ServerCapabilities,
  Tool,
} from './wire.ts'
