/** Whether a value is an object as JSON has them: neither null nor an array. */

export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
