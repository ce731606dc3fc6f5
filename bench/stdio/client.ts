/**
 * The client of a process on standard input and output: sends lines that were made before, a number of them ahead of
 * the answers, and counts the lines that come back.
 *
 * Defeated: lost and repeated answers (ids are compared before anything is timed, and counted while it is), the cost of
 * parsing answers in the client (one in a few hundred is looked at).
 */

import type { ChildProcess } from 'node:child_process'
import type { Wire } from '../lib/setup.ts'
import { initialize, initialized, rpc, type WireRequest } from '../lib/wire.ts'

/** Requests that are sent before the first of them must be answered. */
export const WINDOW = 64
/** Ids of four digits, so that all requests have the same length. */
const FIRST_ID = 1000
const IDS = 1024
const SAMPLE = 512
const LF = 10

export class LineClient {
  readonly #child: ChildProcess
  readonly #lines: Buffer
  readonly #lineBytes: number
  readonly #needle: string
  #onData: (bytes: Buffer) => void = () => {}

  constructor(child: ChildProcess, wire: Wire, text: string) {
    this.#child = child
    this.#needle = `"text":${JSON.stringify(text)}`
    const lines = Array.from({ length: IDS }, (_, i) =>
      lineOf(rpc(wire, 'tools/call', { name: 'echo', arguments: { text } }), FIRST_ID + i),
    )
    this.#lines = Buffer.from(lines.join(''))
    this.#lineBytes = this.#lines.length / IDS
    child.stdout?.on('data', (bytes: Buffer) => this.#onData(bytes))
  }

  /** The handshake of the session era. @throws {Error} no answer to it */
  async open(wire: Wire): Promise<void> {
    if (wire === 'stateless') return
    const answer = await this.#exchange(`${initialize().body}\n`, 1)
    if (!answer[0]?.includes('"protocolVersion"')) throw new Error(`initialize was answered with ${answer}`)
    this.#child.stdin?.write(`${initialized({}).body}\n`)
  }

  /** Sends all requests once. @throws {Error} unless each id comes back once, with the text */
  async check(): Promise<void> {
    const answers = await this.#exchange(this.#lines, IDS)
    const ids = answers.map((line) => (JSON.parse(line) as { readonly id: number }).id).sort((a, b) => a - b)
    const wrong = ids.find((id, i) => id !== FIRST_ID + i)
    if (wrong !== undefined) throw new Error(`the answers have other ids than the requests, such as ${wrong}`)
    const lacking = answers.find((line) => !line.includes(this.#needle))
    if (lacking !== undefined) throw new Error(`an answer lacks ${this.#needle}: ${lacking}`)
  }

  /** @returns the number of calls that were answered, and how long it took */
  load(seconds: number): Promise<{ readonly calls: number; readonly milliseconds: number }> {
    const { stdin } = this.#child
    const began = performance.now()
    const until = began + seconds * 1000
    let sent = 0
    let answered = 0
    const send = (count: number): void => {
      const from = sent % IDS
      const now = Math.min(count, IDS - from)
      stdin?.write(this.#lines.subarray(from * this.#lineBytes, (from + now) * this.#lineBytes))
      sent += now
      if (now < count) send(count - now)
    }
    return new Promise((resolve, reject) => {
      let looked = 0
      this.#onData = (bytes) => {
        let count = 0
        let last = -1
        for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
          count += 1
          if (count === 2) this.#look(bytes.subarray(last + 1, at), looked++, reject)
          last = at
        }
        answered += count
        if (performance.now() < until) send(WINDOW - (sent - answered))
        else if (answered === sent) resolve({ calls: answered, milliseconds: performance.now() - began })
      }
      send(WINDOW)
    })
  }

  /** @param line - a whole one */
  #look(line: Buffer, index: number, reject: (error: Error) => void): void {
    if (index % SAMPLE !== 0) return
    const text = line.toString()
    if (!text.includes(this.#needle)) reject(new Error(`an answer lacks ${this.#needle}: ${text}`))
  }

  #exchange(bytes: Buffer | string, count: number): Promise<string[]> {
    return new Promise((resolve) => {
      let received = ''
      this.#onData = (chunk) => {
        received += chunk
        const lines = received.split('\n')
        if (lines.length > count) resolve(lines.slice(0, count))
      }
      this.#child.stdin?.write(bytes)
    })
  }
}

function lineOf({ body }: WireRequest, id: number): string {
  return `${JSON.stringify({ ...(JSON.parse(body) as object), id })}\n`
}
