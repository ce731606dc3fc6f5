/** Schemas of resources, prompts, tools, completion and logging. Data only. */

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
import {
  BaseMetadataSchema,
  BaseRequestParamsSchema,
  IconsSchema,
  NotificationSchema,
  NotificationsParamsSchema,
  PaginatedRequestSchema,
  PaginatedResultSchema,
  RequestSchema,
  ResultSchema,
  TaskAugmentedRequestParamsSchema,
} from './base.ts'

const text = string().optional()
const meta = record(unknown()).optional()
const looseMeta = loose({}).optional()

function changed<const M extends string>(method: M) {
  return NotificationSchema.extend({ method: literal(method), params: NotificationsParamsSchema.optional() })
}

export const RoleSchema = enumOf('user', 'assistant')
export const AnnotationsSchema = object({
  audience: array(RoleSchema).optional(),
  priority: number().optional(),
  lastModified: text,
})
export const ResourceContentsSchema = object({ uri: string(), mimeType: text, _meta: meta })
export const TextResourceContentsSchema = ResourceContentsSchema.extend({ text: string() })
export const BlobResourceContentsSchema = ResourceContentsSchema.extend({ blob: string() })
const contents = union([TextResourceContentsSchema, BlobResourceContentsSchema])
const described = {
  ...BaseMetadataSchema.shape,
  ...IconsSchema.shape,
  description: text,
} as const
const about = {
  ...described,
  mimeType: text,
  annotations: AnnotationsSchema.optional(),
  _meta: looseMeta,
} as const
export const ResourceSchema = object({ ...about, uri: string(), size: number().optional() })
export const ResourceTemplateSchema = object({ ...about, uriTemplate: string() })
export const ListResourcesRequestSchema = PaginatedRequestSchema.extend({ method: literal('resources/list') })
export const ListResourcesResultSchema = PaginatedResultSchema.extend({ resources: array(ResourceSchema) })
export const ListResourceTemplatesRequestSchema = PaginatedRequestSchema.extend({
  method: literal('resources/templates/list'),
})
export const ListResourceTemplatesResultSchema = PaginatedResultSchema.extend({
  resourceTemplates: array(ResourceTemplateSchema),
})
export const ResourceRequestParamsSchema = BaseRequestParamsSchema.extend({ uri: string() })
export const ReadResourceRequestParamsSchema = ResourceRequestParamsSchema
export const ReadResourceRequestSchema = RequestSchema.extend({
  method: literal('resources/read'),
  params: ReadResourceRequestParamsSchema,
})
export const ReadResourceResultSchema = ResultSchema.extend({ contents: array(contents) })
export const ResourceListChangedNotificationSchema = changed('notifications/resources/list_changed')
export const SubscribeRequestParamsSchema = ResourceRequestParamsSchema
export const SubscribeRequestSchema = RequestSchema.extend({
  method: literal('resources/subscribe'),
  params: SubscribeRequestParamsSchema,
})
export const UnsubscribeRequestParamsSchema = ResourceRequestParamsSchema
export const UnsubscribeRequestSchema = RequestSchema.extend({
  method: literal('resources/unsubscribe'),
  params: UnsubscribeRequestParamsSchema,
})
export const ResourceUpdatedNotificationParamsSchema = NotificationsParamsSchema.extend({ uri: string() })
export const ResourceUpdatedNotificationSchema = NotificationSchema.extend({
  method: literal('notifications/resources/updated'),
  params: ResourceUpdatedNotificationParamsSchema,
})

const content = { annotations: AnnotationsSchema.optional(), _meta: meta } as const
export const TextContentSchema = object({ type: literal('text'), text: string(), ...content })
export const ImageContentSchema = object({
  type: literal('image'),
  data: string(),
  mimeType: string(),
  ...content,
})
export const AudioContentSchema = object({
  type: literal('audio'),
  data: string(),
  mimeType: string(),
  ...content,
})
export const EmbeddedResourceSchema = object({ type: literal('resource'), resource: contents, ...content })
export const ResourceLinkSchema = ResourceSchema.extend({ type: literal('resource_link') })
export const ContentBlockSchema = union([
  TextContentSchema,
  ImageContentSchema,
  AudioContentSchema,
  ResourceLinkSchema,
  EmbeddedResourceSchema,
])

export const PromptArgumentSchema = object({
  name: string(),
  description: text,
  required: boolean().optional(),
})
export const PromptSchema = object({
  ...described,
  arguments: array(PromptArgumentSchema).optional(),
  _meta: looseMeta,
})
export const ListPromptsRequestSchema = PaginatedRequestSchema.extend({ method: literal('prompts/list') })
export const ListPromptsResultSchema = PaginatedResultSchema.extend({ prompts: array(PromptSchema) })
export const GetPromptRequestParamsSchema = BaseRequestParamsSchema.extend({
  name: string(),
  arguments: record(string()).optional(),
})
export const GetPromptRequestSchema = RequestSchema.extend({
  method: literal('prompts/get'),
  params: GetPromptRequestParamsSchema,
})
export const PromptMessageSchema = object({ role: RoleSchema, content: ContentBlockSchema })
export const GetPromptResultSchema = ResultSchema.extend({
  description: text,
  messages: array(PromptMessageSchema),
})
export const PromptListChangedNotificationSchema = changed('notifications/prompts/list_changed')

export const ToolAnnotationsSchema = object({
  title: text,
  readOnlyHint: boolean().optional(),
  destructiveHint: boolean().optional(),
  idempotentHint: boolean().optional(),
  openWorldHint: boolean().optional(),
})
export const ToolExecutionSchema = object({
  taskSupport: enumOf('required', 'optional', 'forbidden').optional(),
})
const jsonSchema = loose({
  type: literal('object'),
  properties: record(anyObject()).optional(),
  required: array(string()).optional(),
})
export const ToolSchema = object({
  ...described,
  inputSchema: jsonSchema,
  outputSchema: jsonSchema.optional(),
  annotations: ToolAnnotationsSchema.optional(),
  execution: ToolExecutionSchema.optional(),
  _meta: meta,
})
export const ListToolsRequestSchema = PaginatedRequestSchema.extend({ method: literal('tools/list') })
export const ListToolsResultSchema = PaginatedResultSchema.extend({ tools: array(ToolSchema) })
export const CallToolResultSchema = ResultSchema.extend({
  content: array(ContentBlockSchema).default([]),
  structuredContent: record(unknown()).optional(),
  isError: boolean().optional(),
})
export const CompatibilityCallToolResultSchema = union([
  CallToolResultSchema,
  ResultSchema.extend({ toolResult: unknown() }),
])
export const CallToolRequestParamsSchema = TaskAugmentedRequestParamsSchema.extend({
  name: string(),
  arguments: record(unknown()).optional(),
})
export const CallToolRequestSchema = RequestSchema.extend({
  method: literal('tools/call'),
  params: CallToolRequestParamsSchema,
})
export const ToolListChangedNotificationSchema = changed('notifications/tools/list_changed')
export const ListChangedOptionsBaseSchema = object({
  autoRefresh: boolean().default(true),
  debounceMs: int().default(300),
})

export const LoggingLevelSchema = enumOf(
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
)
export const SetLevelRequestParamsSchema = BaseRequestParamsSchema.extend({ level: LoggingLevelSchema })
export const SetLevelRequestSchema = RequestSchema.extend({
  method: literal('logging/setLevel'),
  params: SetLevelRequestParamsSchema,
})
export const LoggingMessageNotificationParamsSchema = NotificationsParamsSchema.extend({
  level: LoggingLevelSchema,
  logger: text,
  data: unknown(),
})
export const LoggingMessageNotificationSchema = NotificationSchema.extend({
  method: literal('notifications/message'),
  params: LoggingMessageNotificationParamsSchema,
})

export const ResourceTemplateReferenceSchema = object({ type: literal('ref/resource'), uri: string() })
export const ResourceReferenceSchema = ResourceTemplateReferenceSchema
export const PromptReferenceSchema = object({ type: literal('ref/prompt'), name: string() })
export const CompleteRequestParamsSchema = BaseRequestParamsSchema.extend({
  ref: union([PromptReferenceSchema, ResourceTemplateReferenceSchema]),
  argument: object({ name: string(), value: string() }),
  context: object({ arguments: record(string()).optional() }).optional(),
})
export const CompleteRequestSchema = RequestSchema.extend({
  method: literal('completion/complete'),
  params: CompleteRequestParamsSchema,
})
export const CompleteResultSchema = ResultSchema.extend({
  completion: loose({
    values: array(string()),
    total: int().optional(),
    hasMore: boolean().optional(),
  }),
})
