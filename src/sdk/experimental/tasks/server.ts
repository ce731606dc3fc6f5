/** `experimental/tasks/server.js`: requests of a server that its client answers as tasks. */

import { Method } from '../../../protocol/methods.ts'
import type { RequestOptions } from '../../shared/protocol-types.ts'
import {
  type CreateMessageRequestParams,
  type CreateMessageResult,
  CreateMessageResultSchema,
  type ElicitRequestFormParams,
  type ElicitRequestURLParams,
  type ElicitResult,
  ElicitResultSchema,
} from '../../types.ts'
import { type ResponseMessage, TaskCalls } from './calls.ts'

export class ExperimentalServerTasks extends TaskCalls {
  createMessageStream(
    params: CreateMessageRequestParams,
    options?: RequestOptions,
  ): AsyncGenerator<ResponseMessage<CreateMessageResult>, void, void> {
    return this.requestStream({ method: Method.createMessage, params }, CreateMessageResultSchema, options)
  }

  elicitInputStream(
    params: ElicitRequestFormParams | ElicitRequestURLParams,
    options?: RequestOptions,
  ): AsyncGenerator<ResponseMessage<ElicitResult>, void, void> {
    const { mode = 'form' } = params
    return this.requestStream(
      { method: Method.elicit, params: { ...params, mode } },
      ElicitResultSchema,
      options,
    )
  }
}
