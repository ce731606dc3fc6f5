/**
 * `barewire/fetch`: createFetchHandler, and what a server definition needs, so that nothing else has to be imported: the
 * main entry needs node:http.
 */

export { MissingCapabilityError } from './dispatch/client-input/client-capabilities.ts'
export { inputRequired } from './dispatch/client-input/input-required.ts'
export { UrlElicitationRequiredError } from './dispatch/client-input/url-elicitation.ts'
export { resourceNotFound } from './features/resources.ts'
export { McpServer } from './features/server.ts'
export { ToolError } from './features/tools.ts'
export { createFetchHandler, type FetchHandler, type FetchHandlerOptions } from './fetch-handler.ts'
export { SchemaError } from './json-schema/explain/result.ts'
export { McpError, RpcError } from './jsonrpc/rpc-error.ts'
export { ErrorCode } from './protocol/error-codes.ts'
export type { FetchRefusal } from './web-http/exchange.ts'
