/** What `dist/sdk/` is made of: all values of its modules. `types.ts` has types of the names of some classes. */

export { UnauthorizedError } from './client/auth.ts'
export { Client, getSupportedElicitationModes } from './client/index.ts'
export { applyMiddlewares, createMiddleware, withLogging, withOAuth } from './client/middleware.ts'
export { SSEClientTransport, SseError } from './client/sse.ts'
export { DEFAULT_INHERITED_ENV_VARS, getDefaultEnvironment, StdioClientTransport } from './client/stdio.ts'
export { StreamableHTTPClientTransport, StreamableHTTPError } from './client/streamableHttp.ts'
export { WebSocketClientTransport } from './client/websocket.ts'
export { ExperimentalClientTasks } from './experimental/tasks/client.ts'
export { isTerminal } from './experimental/tasks/interfaces.ts'
export { ExperimentalMcpServerTasks } from './experimental/tasks/mcp-server.ts'
export { ExperimentalServerTasks } from './experimental/tasks/server.ts'
export { InMemoryTaskMessageQueue, InMemoryTaskStore } from './experimental/tasks/stores/in-memory.ts'
export { InMemoryTransport } from './inMemory.ts'
export {
  InsufficientScopeError,
  InvalidClientError,
  InvalidGrantError,
  InvalidRequestError,
  InvalidTargetError,
  InvalidTokenError,
  OAuthError,
  ServerError,
} from './server/auth/errors.ts'
export { requireBearerAuth } from './server/auth/middleware/bearerAuth.ts'
export {
  createOAuthMetadata,
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter,
  mcpAuthRouter,
} from './server/auth/router.ts'
export {
  COMPLETABLE_SYMBOL,
  completable,
  getCompleter,
  isCompletable,
  unwrapCompletable,
} from './server/completable.ts'
export { createMcpExpressApp } from './server/express.ts'
export { Server } from './server/index.ts'
export { McpServer, ResourceTemplate } from './server/mcp.ts'
export { hostHeaderValidation, localhostHostValidation } from './server/middleware/hostHeaderValidation.ts'
export { SSEServerTransport } from './server/sse.ts'
export { StdioServerTransport } from './server/stdio.ts'
export { StreamableHTTPServerTransport } from './server/streamableHttp.ts'
export { WebStandardStreamableHTTPServerTransport } from './server/webStandardStreamableHttp.ts'
export {
  getLiteralValue,
  getObjectShape,
  getParseErrorMessage,
  isZ4Schema,
  methodOf,
  safeParse,
  safeParseAsync,
} from './server/zod-compat.ts'
export {
  OAuthClientInformationFullSchema,
  OAuthClientInformationSchema,
  OAuthClientMetadataSchema,
  OAuthClientRegistrationErrorSchema,
  OAuthErrorResponseSchema,
  OAuthMetadataSchema,
  OAuthProtectedResourceMetadataSchema,
  OAuthTokenRevocationRequestSchema,
  OAuthTokensSchema,
  OpenIdProviderDiscoveryMetadataSchema,
  OpenIdProviderMetadataSchema,
  OptionalSafeUrlSchema,
  SafeUrlSchema,
} from './shared/auth.ts'
export { checkResourceAllowed, resourceUrlFromServerUrl } from './shared/auth-utils.ts'
export { DEFAULT_REQUEST_TIMEOUT_MSEC, mergeCapabilities, Protocol } from './shared/protocol.ts'
export { takeResult, toArrayAsync } from './shared/responseMessage.ts'
export { createFetchWithInit, normalizeHeaders } from './shared/transport.ts'
export { UriTemplate } from './shared/uriTemplate.ts'
export * from './types.ts'
export { AjvJsonSchemaValidator } from './validation/ajv.ts'
export { CfWorkerJsonSchemaValidator } from './validation/cfworker.ts'
