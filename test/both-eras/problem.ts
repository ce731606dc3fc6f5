/** Holds the answer to a request that was served wrongly, and the report of it, against what is expected of both. */

import assert from 'node:assert/strict'
import type { WireJson } from '../helpers/wire.ts'
import type { Asking } from './asking.ts'

/** What the application gives, and what `onError` is told of it. */
export type Row = readonly [given: WireJson, problem: RegExp]

export const never = () => assert.fail('nothing is asked')

/** @param name - the name that the report gives */
export async function expectProblem(
  { request, errors }: Asking,
  [method, params]: readonly [string, object],
  problem: RegExp,
  name: string | undefined,
): Promise<void> {
  const count = errors.length
  const { error, result } = await request(method, params, never)
  const shown = `${JSON.stringify(params)} ${JSON.stringify(result)}`
  assert.equal(errors.length, count + 1, shown)
  const { error: cause, info } = errors[count] ?? {}
  assert.deepEqual(
    error,
    { code: -32603, message: `Internal error (reference ${info?.correlationId})` },
    shown,
  )
  assert.equal(cause.code, 'ERR_RESULT')
  assert.deepEqual([info?.phase, info?.method, info?.name], ['output', method, name])
  assert.match(cause.message, problem)
}
