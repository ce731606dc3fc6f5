/** Whether what is to be served is a server definition, for the error that says what it is instead. */

import { isObject } from '../bounds/is-object.ts'
import { kindOf } from '../bounds/quote.ts'
import type { McpServer } from './server.ts'

/**
 * A definition that another copy of this module made is one, too.
 *
 * @param name - of the function that was called
 * @throws {TypeError} it is none
 */
export function requireServer(name: string, server: unknown): asserts server is McpServer {
  if (isObject(server) && typeof server['attach'] === 'function' && isObject(server['tools'])) return
  throw new TypeError(`${name} needs an McpServer of barewire; got ${described(server)}`)
}

function described(server: unknown): string {
  if (typeof server === 'function') return 'a function: give it the server itself, one for all clients'
  if (!isObject(server)) return kindOf(server)
  if (typeof server['connect'] === 'function') {
    return `${kindOf(server)} of barewire/sdk or the official SDK: import { McpServer } from 'barewire'`
  }
  return `${kindOf(server)}: make one with new McpServer({ name, version })`
}
