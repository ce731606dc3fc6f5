/** Schemas of what a server asks its client: sampling, elicitation, roots. Data only. */

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
  BaseRequestParamsSchema,
  NotificationSchema,
  NotificationsParamsSchema,
  RequestSchema,
  ResultSchema,
  TaskAugmentedRequestParamsSchema,
} from './base.ts'
import {
  AudioContentSchema,
  ContentBlockSchema,
  ImageContentSchema,
  RoleSchema,
  TextContentSchema,
  ToolSchema,
} from './features.ts'

const text = string().optional()
const count = number().optional()
const meta = record(unknown()).optional()

export const ModelHintSchema = object({ name: text })
export const ModelPreferencesSchema = object({
  hints: array(ModelHintSchema).optional(),
  costPriority: count,
  speedPriority: count,
  intelligencePriority: count,
})
export const ToolChoiceSchema = object({ mode: enumOf('auto', 'required', 'none').optional() })
export const ToolUseContentSchema = object({
  type: literal('tool_use'),
  name: string(),
  id: string(),
  input: record(unknown()),
  _meta: meta,
})
export const ToolResultContentSchema = object({
  type: literal('tool_result'),
  toolUseId: string(),
  content: array(ContentBlockSchema).default([]),
  structuredContent: loose({}).optional(),
  isError: boolean().optional(),
  _meta: meta,
})
export const SamplingContentSchema = union([TextContentSchema, ImageContentSchema, AudioContentSchema])
export const SamplingMessageContentBlockSchema = union([
  TextContentSchema,
  ImageContentSchema,
  AudioContentSchema,
  ToolUseContentSchema,
  ToolResultContentSchema,
])
const blocks = union([SamplingMessageContentBlockSchema, array(SamplingMessageContentBlockSchema)])
export const SamplingMessageSchema = object({ role: RoleSchema, content: blocks, _meta: meta })
export const CreateMessageRequestParamsSchema = TaskAugmentedRequestParamsSchema.extend({
  messages: array(SamplingMessageSchema),
  modelPreferences: ModelPreferencesSchema.optional(),
  systemPrompt: text,
  includeContext: enumOf('none', 'thisServer', 'allServers').optional(),
  temperature: count,
  maxTokens: int(),
  stopSequences: array(string()).optional(),
  metadata: anyObject().optional(),
  tools: array(ToolSchema).optional(),
  toolChoice: ToolChoiceSchema.optional(),
})
export const CreateMessageRequestSchema = RequestSchema.extend({
  method: literal('sampling/createMessage'),
  params: CreateMessageRequestParamsSchema,
})
export const CreateMessageResultSchema = ResultSchema.extend({
  model: string(),
  stopReason: text,
  role: RoleSchema,
  content: SamplingContentSchema,
})
export const CreateMessageResultWithToolsSchema = ResultSchema.extend({
  model: string(),
  stopReason: text,
  role: RoleSchema,
  content: blocks,
})

const named = { title: text, description: text } as const
const titled = object({ const: string(), title: string() })
export const BooleanSchemaSchema = object({
  type: literal('boolean'),
  ...named,
  default: boolean().optional(),
})
export const StringSchemaSchema = object({
  type: literal('string'),
  ...named,
  minLength: count,
  maxLength: count,
  format: enumOf('email', 'uri', 'date', 'date-time').optional(),
  default: text,
})
export const NumberSchemaSchema = object({
  type: enumOf('number', 'integer'),
  ...named,
  minimum: count,
  maximum: count,
  default: count,
})
export const UntitledSingleSelectEnumSchemaSchema = object({
  type: literal('string'),
  ...named,
  enum: array(string()),
  default: text,
})
export const TitledSingleSelectEnumSchemaSchema = object({
  type: literal('string'),
  ...named,
  oneOf: array(titled),
  default: text,
})
export const LegacyTitledEnumSchemaSchema = object({
  type: literal('string'),
  ...named,
  enum: array(string()),
  enumNames: array(string()).optional(),
  default: text,
})
export const SingleSelectEnumSchemaSchema = union([
  UntitledSingleSelectEnumSchemaSchema,
  TitledSingleSelectEnumSchemaSchema,
])
const several = { ...named, minItems: count, maxItems: count, default: array(string()).optional() } as const
export const UntitledMultiSelectEnumSchemaSchema = object({
  type: literal('array'),
  ...several,
  items: object({ type: literal('string'), enum: array(string()) }),
})
export const TitledMultiSelectEnumSchemaSchema = object({
  type: literal('array'),
  ...several,
  items: object({ anyOf: array(titled) }),
})
export const MultiSelectEnumSchemaSchema = union([
  UntitledMultiSelectEnumSchemaSchema,
  TitledMultiSelectEnumSchemaSchema,
])
export const EnumSchemaSchema = union([
  LegacyTitledEnumSchemaSchema,
  SingleSelectEnumSchemaSchema,
  MultiSelectEnumSchemaSchema,
])
export const PrimitiveSchemaDefinitionSchema = union([
  EnumSchemaSchema,
  BooleanSchemaSchema,
  StringSchemaSchema,
  NumberSchemaSchema,
])
export const ElicitRequestFormParamsSchema = TaskAugmentedRequestParamsSchema.extend({
  mode: literal('form').optional(),
  message: string(),
  requestedSchema: object({
    type: literal('object'),
    properties: record(PrimitiveSchemaDefinitionSchema),
    required: array(string()).optional(),
  }),
})
export const ElicitRequestURLParamsSchema = TaskAugmentedRequestParamsSchema.extend({
  mode: literal('url'),
  message: string(),
  elicitationId: string(),
  url: string(),
})
export const ElicitRequestParamsSchema = union([ElicitRequestFormParamsSchema, ElicitRequestURLParamsSchema])
export const ElicitRequestSchema = RequestSchema.extend({
  method: literal('elicitation/create'),
  params: ElicitRequestParamsSchema,
})
export const ElicitationCompleteNotificationParamsSchema = NotificationsParamsSchema.extend({
  elicitationId: string(),
})
export const ElicitationCompleteNotificationSchema = NotificationSchema.extend({
  method: literal('notifications/elicitation/complete'),
  params: ElicitationCompleteNotificationParamsSchema,
})
export const ElicitResultSchema = ResultSchema.extend({
  action: enumOf('accept', 'decline', 'cancel'),
  content: record(union([string(), number(), boolean(), array(string())])).optional(),
})

export const RootSchema = object({ uri: string(), name: text, _meta: meta })
export const ListRootsRequestSchema = RequestSchema.extend({
  method: literal('roots/list'),
  params: BaseRequestParamsSchema.optional(),
})
export const ListRootsResultSchema = ResultSchema.extend({ roots: array(RootSchema) })
export const RootsListChangedNotificationSchema = NotificationSchema.extend({
  method: literal('notifications/roots/list_changed'),
  params: NotificationsParamsSchema.optional(),
})
