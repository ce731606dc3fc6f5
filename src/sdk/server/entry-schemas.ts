/** What the answers of an McpServer need of the schemas of its entries. */

import { isPromise } from '../../bounds/is-promise.ts'
import type { AppSchema } from '../app-schema.ts'
import { ErrorCode, McpError } from '../types.ts'
import { getCompleter, isCompletable } from './completable.ts'
import { getParseErrorMessage } from './zod-compat.ts'

export type AnyFunction = (...args: unknown[]) => unknown

/** Handles have the types that programs know; their schemas are those of this library. */
export function schemasOf(entry: object): {
  readonly inputSchema?: AppSchema
  readonly outputSchema?: AppSchema
  readonly argsSchema?: AppSchema
} {
  return entry
}

/** @returns undefined: it describes no object, which is what clients are told */
export function objectJson(schema: AppSchema, io: 'input' | 'output'): object | undefined {
  const json = schema.json(io)
  return 'type' in json && json.type === 'object' ? json : undefined
}

export function promptArguments({ shape = {} }: AppSchema): object[] {
  return Object.entries(shape).map(([name, field]) => {
    const { description, _zod: zod } = field as {
      readonly description?: string
      readonly _zod?: { readonly def?: { readonly type?: string } }
      isOptional?(): boolean
    }
    const isOptional =
      zod === undefined
        ? (field as { isOptional?(): boolean }).isOptional?.() === true
        : zod.def?.type === 'optional'
    return { name, description, required: !isOptional }
  })
}

/** An optional argument is marked inside of what makes it optional. */
export function completerOf(field: unknown): AnyFunction | undefined {
  if (isCompletable(field)) return getCompleter(field) as AnyFunction
  const { _zod: zod, _def: def } = (field ?? {}) as {
    readonly _zod?: { readonly def?: { readonly innerType?: unknown } }
    readonly _def?: { readonly innerType?: unknown }
  }
  const inner = zod?.def?.innerType ?? def?.innerType
  return isCompletable(inner) ? (getCompleter(inner) as AnyFunction) : undefined
}

/** @returns what the schema makes of the value. @throws {McpError} -32602, naming what is wrong */
export function validate(schema: AppSchema, value: unknown, use: string): unknown {
  const judge = (result: Awaited<ReturnType<AppSchema['validate']>>) => {
    if (result.issues === undefined) return result.value
    throw new McpError(ErrorCode.InvalidParams, `${use}: ${getParseErrorMessage(result)}`)
  }
  const checked = schema.validate(value)
  return isPromise(checked) ? Promise.resolve(checked).then(judge) : judge(checked)
}

/** Goes on with a value, now or later; a rejection is the failure of the tool. */
export function settled(value: unknown, next: (value: unknown) => unknown): unknown {
  return isPromise(value) ? Promise.resolve(value).then(next).catch(failure) : next(value)
}

export function failure(error: unknown): object {
  // The client must open a page first, and is told so with the error itself.
  if (error instanceof McpError && error.code === ErrorCode.UrlElicitationRequired) throw error
  const text = error instanceof Error ? error.message : String(error)
  return { content: [{ type: 'text', text }], isError: true }
}
