/** `server/completable.js`: marks the schema of a prompt's argument with what suggests its values. */

import type { AnySchema, SchemaInput } from './zod-compat.ts'

export const COMPLETABLE_SYMBOL: unique symbol = Symbol.for('mcp.completable')

export type CompleteCallback<T extends AnySchema = AnySchema> = (
  value: SchemaInput<T>,
  context?: { arguments?: Record<string, string> },
) => SchemaInput<T>[] | Promise<SchemaInput<T>[]>

export type CompletableMeta<T extends AnySchema = AnySchema> = { complete: CompleteCallback<T> }

export type CompletableSchema<T extends AnySchema> = T & { [COMPLETABLE_SYMBOL]: CompletableMeta<T> }

/** @returns the schema itself */
export function completable<T extends AnySchema>(
  schema: T,
  complete: CompleteCallback<T>,
): CompletableSchema<T> {
  Object.defineProperty(schema, COMPLETABLE_SYMBOL, {
    value: { complete },
    enumerable: false,
    writable: false,
    configurable: false,
  })
  return schema as CompletableSchema<T>
}

export function isCompletable(schema: unknown): schema is CompletableSchema<AnySchema> {
  return typeof schema === 'object' && schema !== null && COMPLETABLE_SYMBOL in schema
}

/** @returns undefined: the schema is not marked */
export function getCompleter<T extends AnySchema>(schema: T): CompleteCallback<T> | undefined {
  const { [COMPLETABLE_SYMBOL]: meta } = schema as { readonly [COMPLETABLE_SYMBOL]?: CompletableMeta<T> }
  return meta?.complete
}

export function unwrapCompletable<T extends AnySchema>(schema: CompletableSchema<T>): T {
  return schema
}
