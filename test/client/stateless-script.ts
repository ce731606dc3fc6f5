/** Parts of scripts for a server of the stateless era: its tools, and a question of it. */

import { type Exchange, result, type Script, stateless } from './scripted-server.ts'

const params = { message: 'm', requestedSchema: { type: 'object', properties: { n: { type: 'string' } } } }

/** An input request. */
export const elicit = { method: 'elicitation/create', params }

/** How often the server was sent something. */
export const countOf = (log: readonly string[], what: string) => log.filter((each) => each === what).length

/** A server with tools; calls are for the script. */
export const withTools = (tools: readonly object[], script: (exchange: Exchange) => unknown): Script =>
  stateless((exchange) => (exchange.what === 'tools/list' ? result(exchange, { tools }) : script(exchange)), {
    tools: {},
  })
