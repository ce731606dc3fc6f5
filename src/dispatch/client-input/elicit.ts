/** The type of `ctx.elicit`: what the content of an answer is follows from the schema of its form. Types only. */

import type { InferInput, SchemaLike } from '../../json-schema/adapter/standard-schema.ts'
import type {
  ElicitFormParams,
  ElicitResult,
  ElicitUrlParams,
  JsonObject,
} from '../../protocol/wire-types.ts'
import type { AskOptions } from './client-input.ts'

/** What a form gives for its schema; a schema of unknown type still describes an object. */
export type FormContent<Schema> = unknown extends InferInput<Schema> ? JsonObject : InferInput<Schema>

/** See `ctx.elicit`. */
export interface Elicit {
  /**
   * @param key - names the request within this call, unique among those that are made together
   * @param params - `requestedSchema` is a JSON Schema literal or a Standard Schema
   * @returns the user's action, and for an accepted form its content: checked (`format` too), with defaults
   *   filled in, after the transforms of a Standard Schema
   */
  <const Schema extends SchemaLike>(
    key: string,
    params: ElicitFormParams<Schema>,
    options?: AskOptions,
  ): Promise<ElicitResult<FormContent<Schema>>>
  (key: string, params: ElicitUrlParams, options?: AskOptions): Promise<ElicitResult<undefined>>
}
