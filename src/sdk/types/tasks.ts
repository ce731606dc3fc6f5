/** Schemas of tasks, and of all messages of each side. Data only. */

import { array, enumOf, literal, number, object, string, union } from '../schema.ts'
import {
  CreateMessageRequestSchema,
  CreateMessageResultSchema,
  CreateMessageResultWithToolsSchema,
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
  ElicitResultSchema,
  ListRootsRequestSchema,
  ListRootsResultSchema,
  RootsListChangedNotificationSchema,
} from './asking.ts'
import {
  BaseRequestParamsSchema,
  CancelledNotificationSchema,
  EmptyResultSchema,
  InitializedNotificationSchema,
  InitializeRequestSchema,
  InitializeResultSchema,
  NotificationSchema,
  NotificationsParamsSchema,
  PaginatedRequestSchema,
  PaginatedResultSchema,
  PingRequestSchema,
  ProgressNotificationSchema,
  RequestSchema,
  ResultSchema,
} from './base.ts'
import {
  CallToolRequestSchema,
  CallToolResultSchema,
  CompleteRequestSchema,
  CompleteResultSchema,
  GetPromptRequestSchema,
  GetPromptResultSchema,
  ListPromptsRequestSchema,
  ListPromptsResultSchema,
  ListResourcesRequestSchema,
  ListResourcesResultSchema,
  ListResourceTemplatesRequestSchema,
  ListResourceTemplatesResultSchema,
  ListToolsRequestSchema,
  ListToolsResultSchema,
  LoggingMessageNotificationSchema,
  PromptListChangedNotificationSchema,
  ReadResourceRequestSchema,
  ReadResourceResultSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  ToolListChangedNotificationSchema,
  UnsubscribeRequestSchema,
} from './features.ts'

export const TaskStatusSchema = enumOf('working', 'input_required', 'completed', 'failed', 'cancelled')
export const TaskSchema = object({
  taskId: string(),
  status: TaskStatusSchema,
  ttl: number().nullable(),
  createdAt: string(),
  lastUpdatedAt: string(),
  pollInterval: number().optional(),
  statusMessage: string().optional(),
})
export const CreateTaskResultSchema = ResultSchema.extend({ task: TaskSchema })
export const TaskStatusNotificationParamsSchema = NotificationsParamsSchema.merge(TaskSchema)
export const TaskStatusNotificationSchema = NotificationSchema.extend({
  method: literal('notifications/tasks/status'),
  params: TaskStatusNotificationParamsSchema,
})
const ofTask = BaseRequestParamsSchema.extend({ taskId: string() })
export const GetTaskRequestSchema = RequestSchema.extend({ method: literal('tasks/get'), params: ofTask })
export const GetTaskResultSchema = ResultSchema.merge(TaskSchema)
export const GetTaskPayloadRequestSchema = RequestSchema.extend({
  method: literal('tasks/result'),
  params: ofTask,
})
export const GetTaskPayloadResultSchema = ResultSchema.loose()
export const ListTasksRequestSchema = PaginatedRequestSchema.extend({ method: literal('tasks/list') })
export const ListTasksResultSchema = PaginatedResultSchema.extend({ tasks: array(TaskSchema) })
export const CancelTaskRequestSchema = RequestSchema.extend({
  method: literal('tasks/cancel'),
  params: ofTask,
})
export const CancelTaskResultSchema = ResultSchema.merge(TaskSchema)

export const ClientRequestSchema = union([
  PingRequestSchema,
  InitializeRequestSchema,
  CompleteRequestSchema,
  SetLevelRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
  CallToolRequestSchema,
  ListToolsRequestSchema,
  GetTaskRequestSchema,
  GetTaskPayloadRequestSchema,
  ListTasksRequestSchema,
  CancelTaskRequestSchema,
])
export const ClientNotificationSchema = union([
  CancelledNotificationSchema,
  ProgressNotificationSchema,
  InitializedNotificationSchema,
  RootsListChangedNotificationSchema,
  TaskStatusNotificationSchema,
])
export const ClientResultSchema = union([
  EmptyResultSchema,
  CreateMessageResultSchema,
  CreateMessageResultWithToolsSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  GetTaskResultSchema,
  ListTasksResultSchema,
  CreateTaskResultSchema,
])
export const ServerRequestSchema = union([
  PingRequestSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  GetTaskRequestSchema,
  GetTaskPayloadRequestSchema,
  ListTasksRequestSchema,
  CancelTaskRequestSchema,
])
export const ServerNotificationSchema = union([
  CancelledNotificationSchema,
  ProgressNotificationSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ToolListChangedNotificationSchema,
  PromptListChangedNotificationSchema,
  TaskStatusNotificationSchema,
  ElicitationCompleteNotificationSchema,
])
export const ServerResultSchema = union([
  EmptyResultSchema,
  InitializeResultSchema,
  CompleteResultSchema,
  GetPromptResultSchema,
  ListPromptsResultSchema,
  ListResourcesResultSchema,
  ListResourceTemplatesResultSchema,
  ReadResourceResultSchema,
  CallToolResultSchema,
  ListToolsResultSchema,
  GetTaskResultSchema,
  ListTasksResultSchema,
  CreateTaskResultSchema,
])
