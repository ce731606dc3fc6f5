/**
 * Who takes part. A contender is one server in one way of talking; a server that can talk in several ways is there
 * several times. The ratios of a contender are to the floor that talks in the same way.
 */

import type { Wire } from '../lib/setup.ts'

export interface Contender {
  readonly name: string
  readonly wire: Wire
  /** Source of the module, from the project's root. */
  readonly module: string
  /** `barewire`, `base` (another commit of it), `floor`, or the name that `--only` knows a peer by. */
  readonly family: string
  /** The npm packages that must be installed below bench/peers. */
  readonly packages: readonly string[]
  /** What the setup does not say, for servers that have several modes. */
  readonly mode?: string
  /** Parts that this server cannot take part in, with the reason. */
  readonly without?: { readonly [part: string]: string }
  /** The only parts that it takes part in. */
  readonly parts?: readonly string[]
  /** The newest revision of the session era that it speaks, where that is not the newest there is. */
  readonly version?: string
  /** Opening a session takes it long without work: its sessions are opened more at a time, and fewer of them. */
  readonly slowToOpen?: boolean
}

const FLOOR = 'bench/contenders/floor.ts'
const OURS = 'bench/contenders/barewire.ts'

/** A peer in one of its modes; `wire` says which of its parts can be compared with what. */
function peer(
  family: string,
  suffix: string,
  wire: Wire,
  mode: string,
  packages: readonly string[],
  more: Pick<Contender, 'without' | 'version' | 'slowToOpen' | 'parts'> = {},
): Contender {
  const name = suffix === '' ? family : `${family}-${suffix}`
  return { name, family, wire, mode, packages, module: `bench/peers/${family}.mjs`, ...more }
}

const NO_FETCH = { fetch: 'this mode has no handler of a Request' }
const NO_STREAMS = { streaming: 'this mode drops progress messages' }
const V1 = ['@modelcontextprotocol/sdk', 'express', 'zod']
/** The program of sdk-v1, on barewire/sdk (lib/build.ts writes it). */
function facade(suffix: string, wire: Wire, mode: string, without: Contender['without'] = {}): Contender {
  const more = { without: { ...without, ...NO_FETCH } }
  return { ...peer('facade', suffix, wire, mode, V1, more), module: 'bench/contenders/facade.mjs' }
}
/** Without Express, which is half the CPU time of a call of sdk-v1: families of their own, to be compared with each other. */
const ON_NODE_HTTP: readonly Contender[] = [
  {
    ...peer('sdk-v1-http', '', 'session', 'http', V1, { parts: ['latency'] }),
    module: 'bench/peers/sdk-v1.mjs',
  },
  { ...facade('http', 'session', 'http'), family: 'facade-http', parts: ['latency'] },
]

const V2 = ['@modelcontextprotocol/server', '@modelcontextprotocol/node', 'zod']
const V2_EXPRESS = [...V2, '@modelcontextprotocol/express', 'express']
const FASTMCP = ['fastmcp', 'zod']
const TMCP = [
  'tmcp',
  '@tmcp/transport-http',
  '@tmcp/transport-stdio',
  '@tmcp/adapter-zod',
  '@remix-run/node-fetch-server',
  'zod',
]
const LITE = ['mcp-lite', 'hono', '@hono/node-server', 'zod']
/** What mcp-lite 0.10 speaks. */
const OLDER = { version: '2025-06-18' }
const NO_STORE = { replay: 'its documented setup keeps no events' }
const NO_STDIO = { stdio: 'it does not serve this on standard input and output' }
/** For the comparison that mcp-use publishes: what is in it, and is not here already. */
const PUBLISHED = { parts: ['published'] }
const MCP_USE = ['mcp-use', 'react', 'react-dom', 'zod']
const XMCP = [
  'xmcp',
  '@modelcontextprotocol/client',
  '@modelcontextprotocol/server',
  'jose',
  'react',
  'react-dom',
  'zod',
]
const MCP_HANDLER = ['mcp-handler', '@modelcontextprotocol/server', '@remix-run/node-fetch-server', 'zod']
/** The event store of its examples names events by milliseconds and a random part, and replays in order of names. */
const UNORDERED = {
  replay: 'the event store of its examples replays events of one millisecond in random order',
}

export const CONTENDERS: readonly Contender[] = [
  { name: 'floor', wire: 'session', module: FLOOR, family: 'floor', packages: [] },
  { name: 'floor-stateless', wire: 'stateless', module: FLOOR, family: 'floor', packages: [] },
  { name: 'floor-sessionless', wire: 'sessionless', module: FLOOR, family: 'floor', packages: [] },
  { name: 'barewire', wire: 'session', module: OURS, family: 'barewire', packages: [] },
  { name: 'barewire-stateless', wire: 'stateless', module: OURS, family: 'barewire', packages: [] },
  { name: 'barewire-sessionless', wire: 'sessionless', module: OURS, family: 'barewire', packages: [] },
  peer('sdk-v1', 'sse', 'session', 'sse', V1, { without: { ...UNORDERED, ...NO_FETCH } }),
  peer('sdk-v1', 'json', 'session', 'json', V1, {
    without: {
      ...UNORDERED,
      ...NO_FETCH,
      ...NO_STREAMS,
      stdio: 'it is sdk-v1-sse there',
    },
  }),
  peer('sdk-v1', 'sessionless', 'sessionless', 'stateless', V1, { without: NO_FETCH }),
  facade('', 'session', 'sse'),
  facade('json', 'session', 'json', {
    ...NO_STREAMS,
    replay: 'the events of a call are not sent in this mode',
  }),
  facade('sessionless', 'sessionless', 'stateless'),
  ...ON_NODE_HTTP,
  peer('sdk-v2', 'sessions', 'session', 'sessions', V2_EXPRESS, { without: { ...NO_STORE, ...NO_FETCH } }),
  peer('sdk-v2', 'stateless', 'stateless', 'handler', V2),
  peer('sdk-v2', 'sessionless', 'sessionless', 'handler', V2),
  peer('fastmcp', '', 'session', 'sessions', FASTMCP, {
    slowToOpen: true,
    without: { ...NO_FETCH, ...NO_STDIO },
  }),
  peer('fastmcp', 'sessionless', 'sessionless', 'stateless', FASTMCP, { without: NO_FETCH }),
  peer('tmcp', '', 'session', 'sessions', TMCP, { without: NO_STORE }),
  peer('tmcp', 'stateless', 'stateless', 'stateless', TMCP),
  peer('mcp-lite', '', 'session', 'sessions', LITE, {
    ...OLDER,
    without: { replay: 'the events of a call have no ids', ...NO_STDIO },
  }),
  peer('mcp-lite', 'sessionless', 'sessionless', 'stateless', LITE, OLDER),
  peer('mcp-use', 'stateless', 'stateless', '', MCP_USE, PUBLISHED),
  peer('mcp-use', 'sessionless', 'sessionless', '', MCP_USE, PUBLISHED),
  peer('xmcp', 'stateless', 'stateless', '', XMCP, PUBLISHED),
  peer('xmcp', 'sessionless', 'sessionless', '', XMCP, PUBLISHED),
  peer('mcp-handler', 'stateless', 'stateless', '', MCP_HANDLER, PUBLISHED),
  peer('mcp-handler', 'sessionless', 'sessionless', '', MCP_HANDLER, PUBLISHED),
]

/** Whether a contender can take part in a part. */
export function takesPart({ parts, without }: Contender, part: string): boolean {
  return parts?.includes(part) !== false && without?.[part] === undefined
}

/** Whether it is one of the servers that people use today: neither ours nor the floor. */
export const isPeer = ({ packages }: Contender): boolean => packages.length > 0

/** The floor that a contender is compared with. */
export function floorOf(contender: Contender): string {
  return contender.wire === 'session' ? 'floor' : `floor-${contender.wire}`
}

/**
 * Picks contenders.
 *
 * @param only - families or names; empty: all. The floor always takes part, or there would be nothing to compare with
 * @throws {Error} for a name that nobody has
 */
export function pick(all: readonly Contender[], only: readonly string[]): Contender[] {
  for (const name of only) {
    if (!all.some((each) => each.name === name || each.family === name)) {
      const known = [...new Set(all.map((each) => each.family))].join(', ')
      throw new Error(`there is no contender ${JSON.stringify(name)}; there are ${known}`)
    }
  }
  if (only.length === 0) return [...all]
  const chosen = all.filter((each) => only.includes(each.name) || only.includes(each.family))
  const floors = new Set(chosen.map(floorOf))
  return all.filter((each) => chosen.includes(each) || floors.has(each.name))
}
