/**
 * The model of a load: what a history may not contain, whatever happened to nodes and store.
 *
 *   - every call ends, in time: after its work, or `leaseMs` + 2 s after the death of a node
 *   - with a result, where no node died by SIGKILL meanwhile; where one did, an error or a refusal will do, unless the
 *     call ran on a node that lives; never with a refusal to resume, unless the store was away meanwhile
 *   - its progress messages are numbered from 1: none twice, none out of order, none missing before a later one, and
 *     with a result all of them
 *   - no event id twice in a session, no question twice
 *   - what a node announces is heard by each session once and in order; all of it, unless a warning said otherwise or
 *     the node died within a second. Without a session that holds while a stream is open
 *   - no session is lost
 */

import type { CallEntry, Entry } from './history.ts'

export interface ModelOptions {
  readonly leaseMs: number
  /** For a call beyond its work: reconnecting, waiting for the answer to a 503, a slow machine. */
  readonly slackMs: number
  /** How slow the machine was: a request that is answered in no time took so long. */
  readonly lagMs: number
}

type Of<Type extends Entry['type']> = Extract<Entry, { type: Type }>

/** Time to notice, besides the lease. */
const NOTICE_MS = 2000
/** Of one call, one after the other: create a task, poll it, get its result; or answer a question and resume. */
const REQUESTS = 4
/** For so long the sockets of a process that was killed still accept connections, which are then reset. */
const DYING_MS = 500
/** Nodes that are there from the start. */
const FIRST_NODES = 3
/** Before a SIGKILL: changes and messages so young may be lost. */
const LOST_MS = 1000

/** @returns what is wrong, one line each */
export function check(entries: readonly Entry[], options: ModelOptions): string[] {
  const model = new Model(entries, options)
  return [
    ...model.of('broken').map(({ client, what }) => `${client}: ${what}`),
    ...model.calls(),
    ...model.events(),
    ...model.announcements(),
    ...model.updates(),
  ]
}

class Model {
  readonly #byType = new Map<string, Entry[]>()
  readonly #options: ModelOptions
  readonly #end: number

  constructor(entries: readonly Entry[], options: ModelOptions) {
    this.#options = options
    this.#end = entries.at(-1)?.at ?? 0
    for (const entry of entries) {
      const list = this.#byType.get(entry.type)
      if (list === undefined) this.#byType.set(entry.type, [entry])
      else list.push(entry)
    }
  }

  of<Type extends Entry['type']>(type: Type): Of<Type>[] {
    return (this.#byType.get(type) ?? []) as Of<Type>[]
  }

  calls(): string[] {
    const answers = groupBy(this.of('answer'), ({ call }) => call)
    const progress = groupBy(this.of('progress'), ({ call }) => call)
    const asked = groupBy(this.of('asked'), ({ call }) => call)
    return this.of('call').flatMap((call) => {
      const [answer, ...others] = answers.get(call.call) ?? []
      const messages = progress.get(call.call) ?? []
      const name = `${call.client} ${call.call} (${call.tool})`
      if (answer === undefined) return [`${name} was never answered`]
      if (others.length > 0) return [`${name} was answered ${others.length + 1} times`]
      return [
        ...this.#answer(call, answer, messages.at(-1)?.node),
        ...messageProblems(call, answer.outcome === 'result', messages),
        ...questionProblems(call, asked.get(call.call) ?? []),
      ].map((problem) => `${name} ${problem}`)
    })
  }

  #answer(call: CallEntry, answer: Of<'answer'>, node: string | undefined): string[] {
    const problems: string[] = []
    const took = Math.round(answer.at - call.at)
    const limit = this.#limit(call, answer.at)
    if (answer.at > limit) problems.push(`took ${took} ms, ${Math.round(answer.at - limit)} ms too long`)
    const wanted = RESULTS[call.tool]?.(call.call)
    if (answer.outcome === 'result') {
      if (wanted !== undefined && !answer.text.startsWith(wanted)) {
        problems.push(`has the result ${JSON.stringify(answer.text)}, expected ${JSON.stringify(wanted)}`)
      }
      return problems
    }
    const isAway = this.of('outage').some(({ at, until }) => at < answer.at && until > call.at)
    if (answer.outcome === 'gap' && !isAway) problems.push(`was refused to be resumed: ${answer.text}`)
    const deaths = this.#deaths(call.at, answer.at)
    const excused = deaths.some((death) => node === undefined || death.node === node)
    if (!excused) {
      const of = node === undefined ? '' : ` of ${node}`
      problems.push(
        `ended with "${answer.outcome}"${of} after ${took} ms, and no node died for it: ${answer.text}`,
      )
    }
    return problems
  }

  /** The latest time of an answer. */
  #limit({ at, workMs }: CallEntry, answeredAt: number): number {
    const { leaseMs, slackMs, lagMs } = this.#options
    let limit = at + workMs + slackMs
    const outages = this.of('outage').filter((outage) => outage.at < answeredAt && outage.until > at)
    for (const { until } of outages) limit = Math.max(limit, until + workMs + slackMs)
    for (const death of this.#deaths(at, answeredAt)) {
      // A lease is over only when the store could be reached for all of it.
      const after = Math.max(death.at, ...outages.map(({ until }) => until))
      limit = Math.max(limit, after + leaseMs + NOTICE_MS)
    }
    return limit + REQUESTS * lagMs
  }

  /** Deaths by SIGKILL that a call which began and ended then may have noticed. */
  #deaths(began: number, ended: number): Of<'ended'>[] {
    const from = began - DYING_MS - this.#options.lagMs
    return this.of('ended').filter(({ at, signal }) => signal === 'SIGKILL' && at >= from && at <= ended)
  }

  events(): string[] {
    const problems: string[] = []
    for (const [client, events] of groupBy(this.of('event'), (event) => event.client)) {
      for (const id of repeated(events.map((event) => event.id)))
        problems.push(`${client}: event ${id} came twice`)
    }
    return problems
  }

  announcements(): string[] {
    const announced = this.of('announced').filter((entry) => !this.#mayBeLost(entry))
    const warned = new Set(this.of('warned').map(({ client }) => client))
    const heard = groupBy(this.of('heard'), ({ client }) => client)
    const problems: string[] = []
    for (const [client, entries] of heard) {
      for (const [node, of] of groupBy(entries, (entry) => entry.node)) {
        const wrong = of.findIndex(({ n }, index) => n <= (of[index - 1]?.n ?? 0))
        if (wrong > 0) problems.push(`${client}: heard ${of[wrong]?.n} of ${node} after ${of[wrong - 1]?.n}`)
      }
    }
    const unheard = new Map(this.of('unheard').map((entry) => [`${entry.client} ${entry.stream}`, entry.at]))
    for (const { client, stream, session, at } of this.of('listening')) {
      if (warned.has(client)) continue
      const until = unheard.get(`${client} ${stream}`)
      const got = new Set(
        (heard.get(client) ?? [])
          .filter((entry) => session || (entry.at >= at && entry.at <= (until ?? this.#end)))
          .map(({ node, n }) => `${node} ${n}`),
      )
      for (const { node, n, began, at: announcedAt } of announced) {
        if (began < at || (until !== undefined && this.#arrived(announcedAt) > until)) continue
        if (!got.has(`${node} ${n}`)) problems.push(`${client}: never heard ${n} of ${node}`)
      }
    }
    return problems
  }

  /** When what was announced has reached every open stream. */
  #arrived(announcedAt: number): number {
    const { slackMs, lagMs } = this.#options
    const outages = this.of('outage').filter(({ at, until }) => at <= announcedAt && until >= announcedAt)
    return Math.max(announcedAt, ...outages.map(({ until }) => until)) + slackMs + lagMs
  }

  #mayBeLost({ node, at }: Of<'announced'>): boolean {
    return this.of('ended').some(
      (end) => end.node === node && end.signal === 'SIGKILL' && at > end.at - LOST_MS - this.#options.lagMs,
    )
  }

  /**
   * Updates are coalesced: the last one must have come, and there are not more of them than announcements, and one for
   * each node, which says that anything may have changed before it was there.
   */
  updates(): string[] {
    const last = this.of('announced').at(-1)
    if (last === undefined) return []
    const updates = groupBy(this.of('updated'), ({ client }) => client)
    const announcements = this.of('call').filter(({ tool }) => tool === 'announce').length
    const most = announcements + this.of('ended').length + FIRST_NODES
    return [...new Set(this.of('listening').map(({ client }) => client))].flatMap((client) => {
      const of = updates.get(client) ?? []
      if (of.length > most) return [`${client}: ${of.length} updates, expected at most ${most}`]
      return of.some(({ at }) => at >= last.began) ? [] : [`${client}: the last update did not come`]
    })
  }
}

/** The beginnings of results. */
const RESULTS: { readonly [tool: string]: ((call: string) => string) | undefined } = {
  echo: (call) => `${call} done`,
  count: (call) => `${call} done`,
  ask: (call) => `${call} ${call}`,
  think: (call) => `${call} m`,
  job: (call) => `${call} done`,
}

function messageProblems(call: CallEntry, isWhole: boolean, messages: readonly { n: number }[]): string[] {
  const wrong = messages.findIndex(({ n }, index) => n !== index + 1)
  if (wrong >= 0) return [`has message ${messages[wrong]?.n} in the place of ${wrong + 1}`]
  if (!isWhole || messages.length === call.messages) return []
  return [`has ${messages.length} messages and a result, expected ${call.messages}`]
}

function questionProblems({ tool }: CallEntry, asked: readonly { question: string }[]): string[] {
  const twice = repeated(asked.map(({ question }) => question))
  if (twice.length > 0) return [`was asked twice: ${twice.join()}`]
  return asked.length > 1 ? [`of ${tool} was asked ${asked.length} things`] : []
}

function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>()
  return values.filter((value) => seen.size === seen.add(value).size)
}

function groupBy<T>(entries: readonly T[], keyOf: (entry: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const entry of entries) {
    const group = groups.get(keyOf(entry))
    if (group === undefined) groups.set(keyOf(entry), [entry])
    else group.push(entry)
  }
  return groups
}
