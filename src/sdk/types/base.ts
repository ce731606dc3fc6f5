/** Schemas of messages, of `_meta`, and of the handshake. Data only. */

import {
  anyObject,
  array,
  boolean,
  enumOf,
  int,
  literal,
  loose,
  number,
  object,
  record,
  string,
  union,
  unknown,
} from '../schema.ts'

export const LATEST_PROTOCOL_VERSION = '2025-11-25'
export const DEFAULT_NEGOTIATED_PROTOCOL_VERSION = '2025-03-26'
export const SUPPORTED_PROTOCOL_VERSIONS: string[] = [
  LATEST_PROTOCOL_VERSION,
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
]
export const RELATED_TASK_META_KEY = 'io.modelcontextprotocol/related-task'
export const JSONRPC_VERSION = '2.0'

export const ProgressTokenSchema = union([string(), int()])
export const CursorSchema = string()
export const RelatedTaskMetadataSchema = object({ taskId: string() })
export const TaskMetadataSchema = object({ ttl: number().optional() })
export const TaskCreationParamsSchema = loose({
  ttl: number().optional(),
  pollInterval: number().optional(),
})
export const RequestMetaSchema = loose({
  progressToken: ProgressTokenSchema.optional(),
  [RELATED_TASK_META_KEY]: RelatedTaskMetadataSchema.optional(),
})
export const BaseRequestParamsSchema = object({ _meta: RequestMetaSchema.optional() })
export const NotificationsParamsSchema = object({ _meta: RequestMetaSchema.optional() })
export const TaskAugmentedRequestParamsSchema = BaseRequestParamsSchema.extend({
  task: TaskMetadataSchema.optional(),
})
export const RequestSchema = object({
  method: string(),
  params: BaseRequestParamsSchema.loose().optional(),
})
export const NotificationSchema = object({
  method: string(),
  params: NotificationsParamsSchema.loose().optional(),
})
export const ResultSchema = loose({ _meta: RequestMetaSchema.optional() })
export const EmptyResultSchema = ResultSchema.strict()
export const RequestIdSchema = union([string(), int()])

const jsonrpc = literal(JSONRPC_VERSION)
export const JSONRPCRequestSchema = RequestSchema.extend({ jsonrpc, id: RequestIdSchema }).strict()
export const JSONRPCNotificationSchema = NotificationSchema.extend({ jsonrpc }).strict()
export const JSONRPCResultResponseSchema = object({
  jsonrpc,
  id: RequestIdSchema,
  result: ResultSchema,
}).strict()
export const JSONRPCErrorResponseSchema = object({
  jsonrpc,
  id: RequestIdSchema.optional(),
  error: object({ code: int(), message: string(), data: unknown() }),
}).strict()
export const JSONRPCErrorSchema = JSONRPCErrorResponseSchema
export const JSONRPCResponseSchema = union([JSONRPCResultResponseSchema, JSONRPCErrorResponseSchema])
export const JSONRPCMessageSchema = union([
  JSONRPCRequestSchema,
  JSONRPCNotificationSchema,
  JSONRPCResultResponseSchema,
  JSONRPCErrorResponseSchema,
])

export const IconSchema = object({
  src: string(),
  mimeType: string().optional(),
  sizes: array(string()).optional(),
  theme: enumOf('light', 'dark').optional(),
})
export const IconsSchema = object({ icons: array(IconSchema).optional() })
export const BaseMetadataSchema = object({ name: string(), title: string().optional() })
export const ImplementationSchema = object({
  ...BaseMetadataSchema.shape,
  ...IconsSchema.shape,
  version: string(),
  websiteUrl: string().optional(),
  description: string().optional(),
})

const flag = boolean().optional()
const any = anyObject().optional()
const many = record(anyObject()).optional()
export const ClientTasksCapabilitySchema = loose({
  list: any,
  cancel: any,
  requests: loose({
    sampling: loose({ createMessage: any }).optional(),
    elicitation: loose({ create: any }).optional(),
  }).optional(),
})
export const ServerTasksCapabilitySchema = loose({
  list: any,
  cancel: any,
  requests: loose({ tools: loose({ call: any }).optional() }).optional(),
})
export const ClientCapabilitiesSchema = object({
  experimental: many,
  sampling: object({ context: any, tools: any }).optional(),
  elicitation: loose({ form: loose({ applyDefaults: flag }).optional(), url: any }).optional(),
  roots: object({ listChanged: flag }).optional(),
  tasks: ClientTasksCapabilitySchema.optional(),
  extensions: many,
})
export const ServerCapabilitiesSchema = object({
  experimental: many,
  logging: any,
  completions: any,
  prompts: object({ listChanged: flag }).optional(),
  resources: object({ subscribe: flag, listChanged: flag }).optional(),
  tools: object({ listChanged: flag }).optional(),
  tasks: ServerTasksCapabilitySchema.optional(),
  extensions: many,
})
export const InitializeRequestParamsSchema = BaseRequestParamsSchema.extend({
  protocolVersion: string(),
  capabilities: ClientCapabilitiesSchema,
  clientInfo: ImplementationSchema,
})
export const InitializeRequestSchema = RequestSchema.extend({
  method: literal('initialize'),
  params: InitializeRequestParamsSchema,
})
export const InitializeResultSchema = ResultSchema.extend({
  protocolVersion: string(),
  capabilities: ServerCapabilitiesSchema,
  serverInfo: ImplementationSchema,
  instructions: string().optional(),
})
export const InitializedNotificationSchema = NotificationSchema.extend({
  method: literal('notifications/initialized'),
  params: NotificationsParamsSchema.optional(),
})
export const PingRequestSchema = RequestSchema.extend({
  method: literal('ping'),
  params: BaseRequestParamsSchema.optional(),
})
export const CancelledNotificationParamsSchema = NotificationsParamsSchema.extend({
  requestId: RequestIdSchema.optional(),
  reason: string().optional(),
})
export const CancelledNotificationSchema = NotificationSchema.extend({
  method: literal('notifications/cancelled'),
  params: CancelledNotificationParamsSchema,
})
export const ProgressSchema = object({
  progress: number(),
  total: number().optional(),
  message: string().optional(),
})
export const ProgressNotificationParamsSchema = object({
  ...NotificationsParamsSchema.shape,
  ...ProgressSchema.shape,
  progressToken: ProgressTokenSchema,
})
export const ProgressNotificationSchema = NotificationSchema.extend({
  method: literal('notifications/progress'),
  params: ProgressNotificationParamsSchema,
})
export const PaginatedRequestParamsSchema = BaseRequestParamsSchema.extend({
  cursor: CursorSchema.optional(),
})
export const PaginatedRequestSchema = RequestSchema.extend({
  params: PaginatedRequestParamsSchema.optional(),
})
export const PaginatedResultSchema = ResultSchema.extend({ nextCursor: CursorSchema.optional() })
