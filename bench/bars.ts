/**
 * What barewire promises of itself, as data: what `npm run bench -- --check` tests. Comparisons are ratios within one
 * run; a bar holds when the median of the rounds meets it.
 */

import { type Contender, floorOf, takesPart } from './contenders/index.ts'
import { type Figure, keyOf, type Results } from './lib/results.ts'
import { ratios } from './lib/statistics.ts'
import { SLOW_BUFFER_BYTES } from './parts/streaming.ts'

export interface Bar {
  readonly part: string
  readonly case: string
  readonly n: number
  readonly contender: string
  readonly metric: string
  /**
   * A ratio to the floor, to another figure of the floor, to each of these families, or to the same figure of another
   * `n`; `value`: the figure itself.
   */
  readonly against:
    | 'floor'
    | 'value'
    | { readonly ofFloor: string }
    | { readonly families: readonly string[] }
    | { readonly n: number }
  readonly bound: 'at least' | 'at most'
  readonly limit: number
}

const SDK_V1 = { families: ['sdk-v1'] }
const SDK = { families: ['sdk-v1', 'sdk-v2'] }
/** What `Request` and `Response` cost is most of a call in process: the floor is not twice as fast as mcp-lite. */
const FETCH_PEERS = { families: ['tmcp', 'mcp-lite'] }
/** Those of mcp-use's published comparison that npm has, itself included. */
const PUBLISHED_PEERS = { families: ['sdk-v1', 'sdk-v2', 'tmcp', 'mcp-use', 'xmcp', 'mcp-handler'] }
/** The rest of them: five times the SDK is more than twice it. */
const OTHER_PEERS = { families: ['fastmcp', 'tmcp', 'mcp-lite'] }
const SDK_CLIENTS = { families: ['sdk-v1-client', 'sdk-v2-client'] }
const OURS = ['barewire', 'barewire-stateless', 'barewire-sessionless']
const BARE_WRITES = { ofFloor: 'broadcast-bare' }
const KB = 1000

type Row = readonly [
  part: string,
  name: string,
  n: number,
  contender: string,
  metric: string,
  against: Bar['against'],
  bound: Bar['bound'],
  limit: number,
]

const ROWS: readonly Row[] = [
  ['latency', 'echo', 64, 'barewire', 'throughput', 'floor', 'at least', 0.9],
  ['latency', 'echo', 64, 'barewire-stateless', 'throughput', 'floor', 'at least', 0.85],
  ['latency', 'checked', 64, 'barewire', 'throughput', 'floor', 'at least', 0.8],
  ['latency', 'checked', 64, 'barewire-stateless', 'throughput', 'floor', 'at least', 0.8],
  ['latency', 'echo', 64, 'barewire', 'cpu', 'floor', 'at most', 1.15],
  ['latency', 'echo', 64, 'barewire-stateless', 'cpu', 'floor', 'at most', 1.25],
  ['latency', 'echo', 64, 'barewire', 'p99', 'floor', 'at most', 1.3],
  ['latency', 'echo', 64, 'barewire-stateless', 'p99', 'floor', 'at most', 1.3],
  ['latency', 'echo', 1, 'barewire', 'p50', 'floor', 'at most', 1.15],
  ['latency', 'echo', 1, 'barewire-stateless', 'p50', 'floor', 'at most', 1.15],
  ['latency', 'echo', 64, 'barewire', 'throughput', SDK, 'at least', 5],
  ['latency', 'echo', 64, 'barewire-stateless', 'throughput', SDK, 'at least', 5],
  ['latency', 'echo', 64, 'barewire-sessionless', 'throughput', SDK, 'at least', 5],
  ['latency', 'echo', 64, 'barewire', 'throughput', OTHER_PEERS, 'at least', 2],
  ['latency', 'echo', 64, 'barewire-stateless', 'throughput', OTHER_PEERS, 'at least', 2],
  ['latency', 'echo', 64, 'barewire-sessionless', 'throughput', OTHER_PEERS, 'at least', 2],
  // The same program, most of whose CPU time is that of Express; and the memory of its sessions.
  ['latency', 'echo', 64, 'facade', 'cpu', SDK_V1, 'at most', 0.8],
  ['latency', 'echo', 64, 'facade-json', 'cpu', SDK_V1, 'at most', 0.8],
  ['latency', 'echo', 64, 'facade-sessionless', 'cpu', SDK_V1, 'at most', 0.5],
  ['latency', 'echo', 64, 'facade-http', 'cpu', { families: ['sdk-v1-http'] }, 'at most', 0.2],
  ['sessions', 'idle', 1000, 'facade', 'heap', SDK_V1, 'at most', 1 / 3],
  ['instructions', 'echo', 64, 'barewire', 'instructions', 'floor', 'at most', 1],
  ['instructions', 'echo', 64, 'barewire-stateless', 'instructions', 'floor', 'at most', 1],
  ['latency', 'list-50', 64, 'barewire', 'throughput', 'floor', 'at least', 0.9],
  ['latency', 'list-50', 64, 'barewire-stateless', 'throughput', 'floor', 'at least', 0.9],
  ['sessions', 'initialize', 32, 'barewire', 'throughput', 'floor', 'at least', 0.8],
  ['sessions', 'idle', 10_000, 'barewire', 'heap', 'value', 'at most', 700],
  ['sessions', 'idle', 100_000, 'barewire', 'heap', 'value', 'at most', 700],
  ['sessions', 'expired', 100_000, 'barewire', 'heap-to-start', 'value', 'at most', 1.05],
  ['connections', 'streams', 1000, 'barewire', 'heap', 'floor', 'at most', 0.85],
  ['connections', 'streams', 15_000, 'barewire', 'heap', 'floor', 'at most', 0.85],
  ['connections', 'streams', 1000, 'barewire-stateless', 'heap', 'floor', 'at most', 0.85],
  ['connections', 'streams', 15_000, 'barewire-stateless', 'heap', 'floor', 'at most', 0.85],
  // No server on node:net can be faster than that, which is 0.7 to 0.8 of the floor's own broadcast on Node 20.
  ['connections', 'streams', 10_000, 'barewire', 'broadcast', BARE_WRITES, 'at most', 1.25],
  ['connections', 'streams', 10_000, 'barewire-stateless', 'broadcast', BARE_WRITES, 'at most', 1.25],
  ['streaming', 'progress', 100, 'barewire', 'throughput', 'floor', 'at least', 0.85],
  ['streaming', 'progress', 100, 'barewire-stateless', 'throughput', 'floor', 'at least', 0.85],
  ['streaming', 'progress', 10_000, 'barewire', 'throughput', 'floor', 'at least', 0.85],
  ['streaming', 'progress', 10_000, 'barewire-stateless', 'throughput', 'floor', 'at least', 0.85],
  // Time in proportion to the square of their number would be a hundred times as much.
  ['streaming', 'burst', 100_000, 'barewire', 'cpu', { n: 1000 }, 'at most', 1.5],
  ['streaming', 'burst', 100_000, 'barewire-stateless', 'cpu', { n: 1000 }, 'at most', 1.5],
  ['streaming', 'burst', 100_000, 'barewire', 'time', { n: 1000 }, 'at most', 2],
  ['streaming', 'burst', 100_000, 'barewire-stateless', 'time', { n: 1000 }, 'at most', 2],
  // The buffer of the connection, and as much again for what the session keeps for its client to come back.
  ['streaming', 'slow-readers', 4, 'barewire', 'held', 'value', 'at most', 2 * SLOW_BUFFER_BYTES],
  ['streaming', 'slow-readers', 4, 'barewire-stateless', 'held', 'value', 'at most', SLOW_BUFFER_BYTES * 1.2],
  ['replay', 'missed-256', 1000, 'barewire', 'throughput', 'floor', 'at least', 0.7],
  // What the store adds. A client that is connected and idle costs the process a few per cent by itself.
  ['cluster', 'known-call-redis', 64, 'barewire', 'cpu-to-idle', 'value', 'at most', 1.03],
  ['cluster', 'known-call-redis', 64, 'barewire', 'commands', 'value', 'at most', 0],
  ['cluster', 'initialize-redis', 32, 'barewire', 'commands', 'value', 'at most', 2],
  ['cluster', 'progress-redis', 1000, 'barewire', 'cpu-to-memory', 'value', 'at most', 2.5],
  ['cluster', 'idle', 10_000, 'barewire', 'redis-memory', 'value', 'at most', 600],
  // V8 reads the code of both eras before the first request, and the floor has almost none.
  ['start', 'process', 1, 'barewire', 'first-answer', 'floor', 'at most', 1.4],
  ['start', 'process', 1, 'barewire-stateless', 'first-answer', 'floor', 'at most', 1.4],
  ['start', 'process', 1, 'barewire', 'first-answer', SDK, 'at most', 0.45],
  ['start', 'process', 1, 'barewire-stateless', 'first-answer', SDK, 'at most', 0.45],
  ['start', 'process', 1, 'barewire', 'first-answer', OTHER_PEERS, 'at most', 0.8],
  ['start', 'process', 1, 'barewire-stateless', 'first-answer', OTHER_PEERS, 'at most', 0.8],
  ['start', 'installed', 1, 'barewire', 'packages', 'value', 'at most', 1],
  // All entries, with declarations, maps and documents. What one of them brings is limited in test/package/pack.test.ts.
  ['start', 'installed', 1, 'barewire', 'bytes', 'value', 'at most', 2500 * KB],
  ...OURS.flatMap((contender): Row[] => [
    ['fetch', 'echo', 1, contender, 'throughput', SDK, 'at least', 4],
    ['fetch', 'echo', 1, contender, 'cpu', FETCH_PEERS, 'at most', 1.1],
    ['fetch', 'echo', 1, contender, 'cpu', 'floor', 'at most', 1.6],
  ]),
  ['stdio', 'echo', 64, 'barewire', 'throughput', SDK, 'at least', 4],
  ['stdio', 'echo', 64, 'barewire-stateless', 'throughput', SDK, 'at least', 4],
  ...OURS.flatMap((contender): Row[] => [
    ['published', 'mix', 5, contender, 'per-cpu-second', PUBLISHED_PEERS, 'at least', 3],
    ['published', 'mix', 50, contender, 'per-cpu-second', PUBLISHED_PEERS, 'at least', 3],
    ['published', 'launch', 1, contender, 'accepts', PUBLISHED_PEERS, 'at most', 1],
    ['published', 'installed', 1, contender, 'bytes', PUBLISHED_PEERS, 'at most', 1],
  ]),
  ['client', 'calls', 16, 'barewire-client-http', 'calls-per-cpu-second', SDK_CLIENTS, 'at least', 1.5],
  [
    'client',
    'calls',
    16,
    'barewire-client-http-stateless',
    'calls-per-cpu-second',
    SDK_CLIENTS,
    'at least',
    1.5,
  ],
  // Node's own fetch alone takes two thirds of the time of the fastest of them.
  ['client', 'calls', 16, 'barewire-client', 'calls-per-cpu-second', SDK_CLIENTS, 'at least', 1.2],
  ['client', 'calls', 16, 'barewire-client-stateless', 'calls-per-cpu-second', SDK_CLIENTS, 'at least', 1.2],
  ['client', 'connected', 200, 'barewire-client', 'heap', SDK_CLIENTS, 'at most', 1],
  ['client', 'import', 1, 'barewire-client', 'bytes', 'value', 'at most', 95 * KB],
]

export const BARS: readonly Bar[] = ROWS.map(([part, name, n, contender, metric, against, bound, limit]) => ({
  part,
  case: name,
  n,
  contender,
  metric,
  against,
  bound,
  limit,
}))

export interface Verdict {
  readonly bar: Bar
  /** `open`: the run has no figure for it. */
  readonly outcome: 'met' | 'missed' | 'open'
  /** One line for a person. */
  readonly text: string
}

/**
 * Holds results against the bars.
 *
 * @param parts - the parts that ran; bars of others are not looked at
 */
export function judge(
  results: Pick<Results, 'figures'>,
  bars: readonly Bar[],
  contenders: readonly Contender[],
  parts: readonly string[],
): Verdict[] {
  const figures = new Map(results.figures.map((figure) => [keyOf(figure), figure]))
  return bars
    .filter(({ part }) => parts.includes(part))
    .flatMap((bar) => {
      const own = figures.get(keyOf(bar))
      if (own === undefined) return [open(bar, 'was not measured')]
      if (bar.against === 'value') return [verdict(bar, own.value.median, own.unit)]
      if (bar.against === 'floor') {
        if (own.toFloor === undefined) return [open(bar, 'has no floor to compare with')]
        return [verdict(bar, own.toFloor.median, 'x floor')]
      }
      if ('n' in bar.against) return [againstOther(bar, bar.against.n, own, figures)]
      if ('ofFloor' in bar.against) return [againstFloor(bar, bar.against.ofFloor, own, figures, contenders)]
      return againstPeers(bar, bar.against.families, own, figures, contenders)
    })
}

/** How a figure changes with its `n`, round by round. */
function againstOther(bar: Bar, n: number, own: Figure, figures: ReadonlyMap<string, Figure>): Verdict {
  const other = figures.get(keyOf({ ...bar, n }))
  const ratio = other === undefined ? undefined : ratios(own.rounds, other.rounds)
  if (ratio === undefined) return open(bar, `was not measured at ${n}`)
  return verdict(bar, ratio.median, `x that of ${n}`)
}

/** How a figure compares with another figure of the floor that talks as this contender does. */
function againstFloor(
  bar: Bar,
  metric: string,
  own: Figure,
  figures: ReadonlyMap<string, Figure>,
  contenders: readonly Contender[],
): Verdict {
  const self = contenders.find(({ name }) => name === bar.contender)
  const floor = self === undefined ? undefined : floorOf(self)
  const other = floor === undefined ? undefined : figures.get(keyOf({ ...bar, contender: floor, metric }))
  const ratio = other === undefined ? undefined : ratios(own.rounds, other.rounds)
  if (ratio === undefined) return open(bar, `has no ${metric} of the floor to compare with`)
  return verdict(bar, ratio.median, `x ${metric} of the floor`)
}

/** One verdict for each mode of each peer that talks as this contender does. */
function againstPeers(
  bar: Bar,
  families: readonly string[],
  own: Figure,
  figures: ReadonlyMap<string, Figure>,
  contenders: readonly Contender[],
): Verdict[] {
  const self = contenders.find(({ name }) => name === bar.contender)
  const peers = contenders.filter(
    (each) =>
      families.includes(each.family) &&
      takesPart(each, bar.part) &&
      self !== undefined &&
      floorOf(each) === floorOf(self),
  )
  const verdicts: Verdict[] = []
  for (const { name } of peers) {
    const other = figures.get(keyOf({ ...bar, contender: name }))
    const ratio = other === undefined ? undefined : ratios(own.rounds, other.rounds)
    verdicts.push(
      ratio === undefined
        ? open(bar, `was not measured against ${name}`)
        : verdict(bar, ratio.median, `x ${name}`),
    )
  }
  return verdicts
}

function verdict(bar: Bar, value: number, unit: string): Verdict {
  const met = bar.bound === 'at least' ? value >= bar.limit : value <= bar.limit
  const shown = value >= 100 ? Math.round(value) : value.toFixed(2)
  const text = `${nameOf(bar)}: ${shown} ${unit}, ${bar.bound} ${bar.limit}`
  return { bar, outcome: met ? 'met' : 'missed', text }
}

function open(bar: Bar, why: string): Verdict {
  return { bar, outcome: 'open', text: `${nameOf(bar)} ${why}, ${bar.bound} ${bar.limit}` }
}

function nameOf({ part, case: name, n, contender, metric }: Bar): string {
  return `${part} ${name} ${n} ${contender} ${metric}`
}
