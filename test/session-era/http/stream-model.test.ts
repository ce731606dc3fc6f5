/**
 * Random histories of streams against a model that is too simple to be wrong: sends, losses, takeovers, polling and
 * reconnects from any id that was ever seen, over real sockets and with small rings. Each connection must carry the
 * events after its id, all of them, once and in order; or be refused because they are not there any more. The
 * session's own stream is not refused: it tells once of each thing that has changed.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SseStream, TestSession, WireJson } from '../../helpers/wire.ts'
import { eventually, type Fixture, generator, type HeldCall, serving, streaming, textOf } from '../serving.ts'

const MAX_EVENTS = 6
const URIS = ['test:0', 'test:1', 'test:2']

interface Connection {
  readonly stream: SseStream
  readonly summary: readonly number[]
  readonly from: number
}

/** One stream as its client sees it. `call` is absent for the stream of the session itself. */
interface Line {
  readonly session: TestSession
  readonly call: HeldCall | undefined
  readonly name: string
  /** What the server said, in order: the first has sequence 1. */
  readonly sent: string[]
  /** Sequences whose ids the client has. */
  readonly seen: Set<number>
  /** It is told the events `summary`, and then all after `from`. */
  connection: Connection | undefined
  /** The last sequence that was given to a connection. */
  delivered: number
  over: boolean
}

class History {
  readonly lines: Line[] = []
  readonly #fixture: Fixture
  readonly #random: (below: number) => number
  #steps = 0
  refusals = 0
  gaps = 0

  constructor(fixture: Fixture, seed: number) {
    this.#fixture = fixture
    this.#random = generator(seed)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)] as T
  }

  async listen(session: TestSession): Promise<void> {
    for (const uri of URIS) await session.request('resources/subscribe', { uri })
    this.#begin(session, undefined, await session.listen(), [])
    await this.settle(this.lines.at(-1) as Line)
  }

  async call(session: TestSession): Promise<void> {
    const { call, stream } = await streaming(session, this.#fixture.held)
    this.#begin(session, call, stream, ['notifications/progress'])
    await this.settle(this.lines.at(-1) as Line)
  }

  #begin(session: TestSession, call: HeldCall | undefined, stream: SseStream, sent: string[]): void {
    const connection = { stream, summary: [], from: 0 }
    const line = { session, call, sent, seen: new Set([0]), connection, delivered: sent.length, over: false }
    // The name is in the first event, which may still be on its way.
    Object.defineProperty(line, 'name', { get: () => stream.events[0]?.id?.split('_')[0] })
    this.lines.push(line as unknown as Line)
  }

  /** Holds what a connection has received so far against what was sent. */
  #verify(line: Line, { stream, summary, from }: Connection): void {
    const events = stream.events.filter(({ json }) => json !== undefined)
    for (const [index, { id, json }] of events.entries()) {
      const sequence = summary[index] ?? from + 1 + index - summary.length
      assert.equal(id, `${line.name}_${sequence}`)
      assert.equal(describe(json), line.sent[sequence - 1])
      line.seen.add(sequence)
    }
  }

  /** Waits until the connection has all that was sent. */
  async settle(line: Line): Promise<void> {
    const { connection } = line
    if (connection === undefined) return
    const { stream, summary, from } = connection
    const missing = () => summary.length + line.sent.length - from - stream.messages.length
    if (line.over || line.connection === undefined) await stream.end()
    await eventually(() => missing() <= 0 && line.name !== undefined, `${missing()} events of ${line.name}`)
    assert.equal(missing(), 0)
    this.#verify(line, connection)
  }

  async send(line: Line): Promise<void> {
    if (line.over) return
    const said = ++this.#steps
    if (line.call !== undefined) {
      line.call.ctx.progress(said, undefined, `said ${said}`)
      this.#sent(line, `said ${said}`)
      return
    }
    // Everybody who listens has subscribed.
    const uri = this.pick(URIS)
    this.#fixture.server.notifyResourceUpdated(uri)
    await new Promise<void>((resolve) => setImmediate(resolve))
    for (const each of this.lines) if (each.call === undefined) this.#sent(each, uri)
  }

  #sent(line: Line, what: string): void {
    line.sent.push(what)
    if (line.connection !== undefined) line.delivered = line.sent.length
  }

  /** Resets the connection, whatever is still on its way. */
  async drop(line: Line): Promise<void> {
    const { connection } = line
    if (connection === undefined) return
    line.connection = undefined
    await connection.stream.destroy()
    this.#verify(line, connection)
    const open = this.lines.filter((each) => each.connection !== undefined).length
    await eventually(() => this.#fixture.stats().streams === open, 'the server to see the lost connection')
  }

  async finish(line: Line): Promise<void> {
    if (line.over || line.call === undefined) return
    line.call.finish('the end')
    line.over = true
    this.#sent(line, 'the end')
    await eventually(() => this.#callsOver(), 'the call to end')
    await this.settle(line)
    line.connection = undefined
  }

  #callsOver(): boolean {
    const running = this.lines.filter((each) => each.call !== undefined && !each.over).length
    return this.#fixture.stats().callsInProgress === running
  }

  async poll(line: Line): Promise<void> {
    const { connection } = line
    line.call?.ctx.closeStream()
    if (line.call === undefined || connection === undefined) return
    await connection.stream.end()
    await this.settle(line)
    line.connection = undefined
  }

  async resume(line: Line, sequence: number): Promise<void> {
    const count = line.sent.length
    if (line.call === undefined) {
      const isGap = sequence < count - MAX_EVENTS
      const resumed = await line.session.resume(`${line.name}_${sequence}`)
      if (isGap) this.gaps += 1
      await this.#attached(line, resumed, isGap ? count : sequence, isGap ? summary(line, sequence) : [])
      return
    }
    const expected = sequence < count - MAX_EVENTS ? 400 : line.over && sequence === count ? 405 : 200
    const resuming = line.session.resume(`${line.name}_${sequence}`)
    if (expected !== 200) {
      await assert.rejects(resuming, new RegExp(`got ${expected} `))
      this.refusals += 1
      return
    }
    await this.#attached(line, await resuming, sequence)
  }

  async listenAgain(line: Line): Promise<void> {
    if (line.call !== undefined) return
    // It does not say what it has seen, so that it is told what changed and not how often.
    const { delivered } = line
    await this.#attached(line, await line.session.listen(), line.sent.length, summary(line, delivered))
  }

  async #attached(
    line: Line,
    stream: SseStream,
    from: number,
    summary: readonly number[] = [],
  ): Promise<void> {
    const old = line.connection
    line.connection = { stream, summary, from }
    line.delivered = line.sent.length
    if (old !== undefined) {
      assert.equal((await old.stream.end()).complete, true)
      this.#verify(line, old)
    }
    if (!line.over) return
    assert.equal((await stream.end()).complete, true)
    await this.settle(line)
    line.connection = undefined
  }

  /** An id of one session means nothing in another: as if it had sent none, but it takes nothing over. */
  async steal(line: Line, thief: TestSession): Promise<void> {
    if (thief === line.session) return
    const theirs = this.lines.find(({ session, call }) => session === thief && call === undefined) as Line
    const resuming = thief.resume(`${line.name}_${this.pick([...line.seen])}`)
    if (theirs.connection !== undefined) await assert.rejects(resuming, /got 405 /)
    else await this.#attached(theirs, await resuming, theirs.sent.length, summary(theirs, theirs.delivered))
  }

  async step(sessions: readonly TestSession[]): Promise<void> {
    const line = this.pick(this.lines)
    const action = this.#random(20)
    if (action < 8) for (let count = this.#random(4); count >= 0; count--) await this.send(line)
    else if (action < 10) await this.drop(line)
    else if (action < 14) await this.resume(line, this.pick([...line.seen]))
    else if (action === 14) await this.listenAgain(line)
    else if (action === 15) await this.poll(line)
    else if (action === 16) await this.finish(line)
    else if (action === 17) await this.steal(line, this.pick(sessions))
    else if (action === 18) await this.settle(line)
    else if (this.lines.length < 12) await this.call(this.pick(sessions))
  }
}

/** The last change of each resource after a sequence. */
function summary({ sent }: Line, after: number): number[] {
  const last = URIS.map((uri) => sent.lastIndexOf(uri) + 1)
  return last.filter((sequence) => sequence > after).sort((a, b) => a - b)
}

function describe(message: WireJson): string {
  return message.params?.message ?? message.params?.uri ?? message.method ?? textOf(message)
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`streams behave as the model in random history ${seed}`, async (t) => {
    const fixture = await serving(t, {
      replay: { maxEvents: MAX_EVENTS },
      setup: (server) => {
        server.registerResourceTemplate('numbered', 'test:{n}', { subscribe: true }, () => 'text')
      },
    })
    const sessions = [await fixture.open(), await fixture.open()]
    const history = new History(fixture, seed)
    for (const session of sessions) await history.listen(session)
    for (const session of sessions) await history.call(session)
    for (let step = 0; step < 150; step++) await history.step(sessions)
    // In the end every id that was ever seen is answered as it should be.
    for (const line of history.lines) {
      await history.finish(line)
      for (const sequence of [...line.seen]) {
        await history.resume(line, sequence)
        await history.settle(line)
      }
    }
    assert.ok(history.refusals > 0 && history.gaps > 0, 'no history without gaps')
  })
}
