/**
 * Parts of the client that are files of their own in the package, since many programs never need them: the checker of
 * JSON Schema, and the flows of authorization. Loaded when they are first needed, once.
 */

import { mcpError, reasonOf } from './errors.ts'

/**
 * @param load - an `import()`
 * @throws {McpError} ERR_CONNECTION: a page or a worker cannot load the file now, or must not
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    throw mcpError('ERR_CONNECTION', `A part of barewire/client cannot be loaded: ${reasonOf(error)}`, error)
  }
}
