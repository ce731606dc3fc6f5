/**
 * connectAll: all servers of an `mcpServers` file at once, as people have it from other programs. One server that cannot
 * be reached does not keep the others away, and tools of the same name are told apart.
 *
 *    { "mcpServers": { "files": { "command": "node", "args": ["files.js"] },
 *                      "web":   { "url": "https://mcp.example.com/mcp", "headers": { "x-key": "..." } } } }
 */

import { requireType } from '../bounds/check-options.ts'
import { checkNames } from '../bounds/option-names.ts'
import { quote } from '../bounds/quote.ts'
import type { CallToolResult, JsonObject } from '../protocol/wire-types.ts'
import type { Channel } from './channel.ts'
import type { Client } from './client.ts'
import { connect } from './connect.ts'
import { mcpError } from './errors.ts'
import type { ConnectOptions, RequestOptions } from './options.ts'
import type { Tool } from './wire.ts'

/** One server of the file. Members that are not known are left alone: other programs have their own. */
export interface ServerEntry {
  /** Of a server that is reached over HTTP. */
  readonly url?: string | undefined
  /** Sent with every request to it. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The program of a server that is started as a process. */
  readonly command?: string | undefined
  /** Arguments of the program. @defaultValue none */
  readonly args?: readonly string[] | undefined
  /** Variables for the program. @defaultValue none */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The folder that the program runs in. @defaultValue that of this process */
  readonly cwd?: string | undefined
  /** The server is left out. @defaultValue false */
  readonly disabled?: boolean | undefined
}

export interface ServersConfig {
  /** The servers, by the names that they have in this program. */
  readonly mcpServers: Readonly<Record<string, ServerEntry>>
}

export interface ConnectAllOptions extends ConnectOptions {
  /** `stdio` of barewire/client/stdio, for servers with a `command`. It is an option since it needs Node. */
  readonly stdio?:
    | ((
        command: string,
        args?: readonly string[],
        options?: {
          readonly env?: Readonly<Record<string, string>> | undefined
          readonly cwd?: string | undefined
        },
      ) => Channel)
    | undefined
  /** Further options for one server. */
  readonly optionsFor?: ((name: string) => ConnectOptions | undefined) | undefined
}

/** A tool of one of several servers. */
export interface NamedTool extends Tool {
  /** The name that it is called by here: its own, or `server_tool` where several servers have one of that name. */
  readonly name: string
  /** The name in the file of the server that has it. */
  readonly server: string
  /** The name that its server has for it. */
  readonly ownName: string
}

/** Several servers. */
export class Clients {
  readonly #clients: ReadonlyMap<string, Client>
  /** Why a server is not among them. */
  readonly failures: ReadonlyMap<string, unknown>
  /** Lifecycle: from the first listing to the next. */
  #tools: ReadonlyMap<string, NamedTool> | undefined

  /** @internal */
  constructor(clients: ReadonlyMap<string, Client>, failures: ReadonlyMap<string, unknown>) {
    this.#clients = clients
    this.failures = failures
  }

  /** The servers that could be reached, by their names in the file. */
  get clients(): ReadonlyMap<string, Client> {
    return this.#clients
  }

  /** One of them; undefined: it could not be reached, or is not in the file. */
  get(name: string): Client | undefined {
    return this.#clients.get(name)
  }

  /** The tools of all servers. A server that fails now has none; `onFailure` is called with its error. */
  async tools(onFailure: (server: string, error: unknown) => void = () => {}): Promise<readonly NamedTool[]> {
    const lists = await Promise.all(
      [...this.#clients].map(async ([server, client]) => {
        try {
          return (await client.tools().toArray()).map((tool) => ({ ...tool, server, ownName: tool.name }))
        } catch (error) {
          onFailure(server, error)
          return []
        }
      }),
    )
    const all = lists.flat()
    const counts = new Map<string, number>()
    for (const { ownName } of all) counts.set(ownName, (counts.get(ownName) ?? 0) + 1)
    const named = new Map<string, NamedTool>()
    const tried = new Map<string, number>()
    for (const tool of all) {
      const isAlone = counts.get(tool.ownName) === 1
      const name = isAlone ? tool.ownName : freeName(named, counts, tried, `${tool.server}_${tool.ownName}`)
      named.set(name, { ...tool, name })
    }
    this.#tools = named
    return [...named.values()]
  }

  /** Calls a tool by the name that {@link Clients.tools} gives it. */
  async callTool(name: string, args?: JsonObject, options?: RequestOptions): Promise<CallToolResult> {
    if (this.#tools?.has(name) !== true) await this.tools()
    const tool = this.#tools?.get(name)
    const client = tool && this.#clients.get(tool.server)
    if (tool === undefined || client === undefined) {
      throw mcpError('ERR_NOT_SUPPORTED', `None of the servers has a tool ${quote(name)}`)
    }
    return await client.callTool(tool.ownName, args, options)
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * A prefixed name may be the own name of another tool, and a server may have one name many times.
 *
 * @param tried - how far each name was counted
 */
function freeName(
  named: ReadonlyMap<string, unknown>,
  own: ReadonlyMap<string, number>,
  tried: Map<string, number>,
  wanted: string,
): string {
  let n = tried.get(wanted) ?? 1
  let name = wanted
  while (named.has(name) || own.has(name)) name = `${wanted}_${++n}`
  tried.set(wanted, n)
  return name
}

/**
 * Connects to all servers of a configuration, at the same time.
 *
 * @returns those that could be reached; `failures` says why the others could not
 * @throws {TypeError} the configuration or an option is wrong
 *
 * @example
 * ```ts
 * const servers = await connectAll(JSON.parse(text), { stdio })
 * for (const { name, server } of await servers.tools()) console.log(server, name)
 * ```
 */
export async function connectAll(config: ServersConfig, options: ConnectAllOptions = {}): Promise<Clients> {
  requireType('config', config, ['object'])
  checkNames({ mcpServers: config.mcpServers }, ['mcpServers'], 'config.')
  requireType('config.mcpServers', config.mcpServers, ['object'])
  const clients = new Map<string, Client>()
  const failures = new Map<string, unknown>()
  const entries = Object.entries(config.mcpServers).filter(([, entry]) => entry?.disabled !== true)
  await Promise.all(
    entries.map(async ([name, entry]) => {
      try {
        clients.set(name, await connectOne(name, entry, options))
      } catch (error) {
        failures.set(name, error)
      }
    }),
  )
  // In the order of the file, whoever answered first.
  const ordered = entries.flatMap(([name]) => {
    const client = clients.get(name)
    return client === undefined ? [] : [[name, client] as const]
  })
  return new Clients(new Map(ordered), failures)
}

async function connectOne(name: string, entry: ServerEntry, options: ConnectAllOptions): Promise<Client> {
  const { stdio, optionsFor, ...common } = options
  const use = `mcpServers[${JSON.stringify(name)}]`
  requireType(use, entry, ['object'])
  const { url, headers, command, args = [], env, cwd } = entry
  const own = { ...common, ...optionsFor?.(name) }
  if (url !== undefined) {
    requireType(`${use}.url`, url, ['string'])
    return await connect(url, { ...own, headers: { ...own.headers, ...headers } })
  }
  if (command === undefined) throw new TypeError(`${use} needs a url or a command`)
  requireType(`${use}.command`, command, ['string'])
  if (stdio === undefined) {
    throw new TypeError(`${use} has a command: give connectAll the option stdio, from barewire/client/stdio`)
  }
  return await connect(stdio(command, args, { env, cwd }), own)
}
