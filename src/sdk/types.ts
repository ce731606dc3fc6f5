/** `types.js`: schemas and types of all messages, their predicates, and the errors. */

import {
  InitializedNotificationSchema,
  InitializeRequestSchema,
  JSONRPCErrorResponseSchema,
  JSONRPCNotificationSchema,
  JSONRPCRequestSchema,
  JSONRPCResultResponseSchema,
  TaskAugmentedRequestParamsSchema,
} from './types/base.ts'
import type {
  CompleteRequest,
  CompleteRequestPrompt,
  CompleteRequestResourceTemplate,
  InitializedNotification,
  InitializeRequest,
  JSONRPCErrorResponse,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResultResponse,
  Prompt,
  Resource,
  TaskAugmentedRequestParams,
  Tool,
} from './types/names.ts'

export * from './types/asking.ts'
export * from './types/auth-info.ts'
export * from './types/base.ts'
export * from './types/errors.ts'
export * from './types/features.ts'
export * from './types/names.ts'
export * from './types/tasks.ts'

export const isJSONRPCRequest = (value: unknown): value is JSONRPCRequest =>
  JSONRPCRequestSchema.safeParse(value).success
export const isJSONRPCNotification = (value: unknown): value is JSONRPCNotification =>
  JSONRPCNotificationSchema.safeParse(value).success
export const isJSONRPCResultResponse = (value: unknown): value is JSONRPCResultResponse =>
  JSONRPCResultResponseSchema.safeParse(value).success
export const isJSONRPCResponse = isJSONRPCResultResponse
export const isJSONRPCErrorResponse = (value: unknown): value is JSONRPCErrorResponse =>
  JSONRPCErrorResponseSchema.safeParse(value).success
export const isJSONRPCError = isJSONRPCErrorResponse
export const isInitializeRequest = (value: unknown): value is InitializeRequest =>
  InitializeRequestSchema.safeParse(value).success
export const isInitializedNotification = (value: unknown): value is InitializedNotification =>
  InitializedNotificationSchema.safeParse(value).success
export const isTaskAugmentedRequestParams = (value: unknown): value is TaskAugmentedRequestParams =>
  TaskAugmentedRequestParamsSchema.safeParse(value).success

/** @throws {TypeError} the request is about a resource template */
export function assertCompleteRequestPrompt(
  request: CompleteRequest,
): asserts request is CompleteRequestPrompt {
  const { type } = request.params.ref
  if (type !== 'ref/prompt') throw new TypeError(`Expected CompleteRequestPrompt, but got ${type}`)
}

/** @throws {TypeError} the request is about a prompt */
export function assertCompleteRequestResourceTemplate(
  request: CompleteRequest,
): asserts request is CompleteRequestResourceTemplate {
  const { type } = request.params.ref
  if (type !== 'ref/resource') {
    throw new TypeError(`Expected CompleteRequestResourceTemplate, but got ${type}`)
  }
}

export type ListChangedCallback<T> = (error: Error | null, items: T[] | null) => void

export type ListChangedOptions<T> = {
  /** @defaultValue true */
  autoRefresh?: boolean
  /** @defaultValue 300 */
  debounceMs?: number
  onChanged: ListChangedCallback<T>
}

export type ListChangedHandlers = {
  tools?: ListChangedOptions<Tool>
  prompts?: ListChangedOptions<Prompt>
  resources?: ListChangedOptions<Resource>
}
