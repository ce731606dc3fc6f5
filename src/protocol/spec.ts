/**
 * Named links into the published specifications. Comments cite a name from this table, so that a page
 * that moves is one edit. Data only.
 */

const MCP = 'https://modelcontextprotocol.io/specification/2025-11-25'
const FIRST = 'https://modelcontextprotocol.io/specification/2024-11-05'
const STATELESS = 'https://modelcontextprotocol.io/specification/2026-07-28'

export const spec = {
  jsonRpc: 'https://www.jsonrpc.org/specification',
  httpSse: `${FIRST}/basic/transports#http-with-sse`,
  stdioSession: `${MCP}/basic/transports#stdio`,
  transports: `${MCP}/basic/transports#streamable-http`,
  security: `${MCP}/basic/transports#security-warning`,
  sending: `${MCP}/basic/transports#sending-messages-to-the-server`,
  listening: `${MCP}/basic/transports#listening-for-messages-from-the-server`,
  resumability: `${MCP}/basic/transports#resumability-and-redelivery`,
  sessions: `${MCP}/basic/transports#session-management`,
  versionHeader: `${MCP}/basic/transports#protocol-version-header`,
  lifecycle: `${MCP}/basic/lifecycle`,
  cancellation: `${MCP}/basic/utilities/cancellation`,
  progress: `${MCP}/basic/utilities/progress`,
  tasks: `${MCP}/basic/utilities/tasks`,
  ping: `${MCP}/basic/utilities/ping`,
  tools: `${MCP}/server/tools`,
  resources: `${MCP}/server/resources`,
  prompts: `${MCP}/server/prompts`,
  completion: `${MCP}/server/utilities/completion`,
  logging: `${MCP}/server/utilities/logging`,
  pagination: `${MCP}/server/utilities/pagination`,
  elicitation: `${MCP}/client/elicitation`,
  sampling: `${MCP}/client/sampling`,
  roots: `${MCP}/client/roots`,
  overview: `${STATELESS}/basic/index`,
  versioning: `${STATELESS}/basic/versioning`,
  stdio: `${STATELESS}/basic/transports/stdio`,
  statelessHttp: `${STATELESS}/basic/transports/streamable-http`,
  requestMetadata: `${STATELESS}/basic/transports/streamable-http#request-metadata`,
  customHeaders: `${STATELESS}/basic/transports/streamable-http#custom-headers-from-tool-parameters`,
  mrtr: `${STATELESS}/basic/patterns/mrtr`,
  subscriptions: `${STATELESS}/basic/patterns/subscriptions`,
  discover: `${STATELESS}/server/discover`,
  authorization: `${STATELESS}/basic/authorization`,
  authorizationDiscovery: `${STATELESS}/basic/authorization/authorization-server-discovery`,
  clientRegistration: `${STATELESS}/basic/authorization/client-registration`,
  caching: `${STATELESS}/server/utilities/caching`,
  tasksExtension: 'https://github.com/modelcontextprotocol/ext-tasks/blob/main/specification/draft/tasks.md',
  sse: 'https://html.spec.whatwg.org/multipage/server-sent-events.html',
  jsonSchema: 'https://json-schema.org/draft/2020-12/json-schema-core',
  jsonSchemaValidation: 'https://json-schema.org/draft/2020-12/json-schema-validation',
} as const
