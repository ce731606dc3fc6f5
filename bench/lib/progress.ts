/**
 * The line that says what runs and how long is left, on standard error. The time left is the plan's estimate, scaled
 * by how wrong the estimate has been so far.
 */

export interface ProgressSink {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** On a log file, one line at most this often. */
const LOG_EVERY_MS = 15_000

export class Progress {
  readonly #total: number
  readonly #sink: ProgressSink
  readonly #now: () => number
  readonly #began: number
  #done = 0
  #lastLog = Number.NEGATIVE_INFINITY

  /** @param totalSeconds - the plan's estimate of the whole run */
  constructor(totalSeconds: number, sink: ProgressSink = process.stderr, now = () => performance.now()) {
    this.#total = totalSeconds
    this.#sink = sink
    this.#now = now
    this.#began = now()
  }

  /** Says that a step begins. */
  begin(label: string): void {
    const line = `${label}, ${formatSeconds(this.secondsLeft())} left`
    if (this.#sink.isTTY === true) {
      const width = (this.#sink.columns ?? 80) - 1
      this.#sink.write(`\r\x1b[2K${line.slice(0, width)}`)
    } else if (this.#now() - this.#lastLog >= LOG_EVERY_MS) {
      this.#lastLog = this.#now()
      this.#sink.write(`${line}\n`)
    }
  }

  /** Says that a step is over. @param seconds - what the plan gave it */
  end(seconds: number): void {
    this.#done += seconds
  }

  /** Removes the line. */
  finish(): void {
    if (this.#sink.isTTY === true) this.#sink.write('\r\x1b[2K')
  }

  secondsLeft(): number {
    const left = Math.max(0, this.#total - this.#done)
    const elapsed = (this.#now() - this.#began) / 1000
    // The first steps say little about the rest.
    if (this.#done < this.#total * 0.05 || this.#done === 0) return left
    return left * (elapsed / this.#done)
  }
}

export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}
