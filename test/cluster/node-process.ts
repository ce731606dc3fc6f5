/** A node (node.ts) as a process of its own, seen from a test: where it serves, what it reports, and how it ends. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { typescript } from '../helpers/typescript.ts'

const program = fileURLToPath(new URL('node.ts', import.meta.url))
const shiftedClock = new URL('shifted-clock.mjs', import.meta.url).href
const START_MS = 30_000

export interface NodeOptions {
  readonly redisPort?: number
  readonly redisClient?: 'node-redis' | 'ioredis'
  readonly prefix?: string
  /** Serves the fixture of the conformance suite in the place of the tools of load-tools.ts. */
  readonly fixture?: boolean
  readonly leaseMs?: number
  readonly drainMs?: number
  readonly drainDelayMs?: number
  /** The `retry:` that clients are given. */
  readonly retryMs?: number
  readonly idleTimeoutMs?: number
  /** By how much its clock is ahead. */
  readonly clockAheadMs?: number
}

interface Report {
  readonly url?: string
  readonly probeUrl?: string
  readonly error?: string
}

export class NodeProcess {
  readonly name: string
  readonly url: string
  /** What its `onError` was told. */
  readonly errors: string[] = []
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  readonly #probeUrl: string
  readonly #child: ChildProcess

  private constructor(name: string, child: ChildProcess, { url = '', probeUrl = '' }: Report) {
    this.name = name
    this.url = url
    this.#probeUrl = probeUrl
    this.#child = child
    child.on('message', ({ error }: Report) => {
      if (error !== undefined) this.errors.push(error)
    })
    this.ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  }

  /** Starts a node, and waits until it listens. It is not ready before it has joined its store: see `untilReady`. */
  static async start(name: string, options: NodeOptions = {}): Promise<NodeProcess> {
    const { clockAheadMs = 0 } = options
    const clock = clockAheadMs === 0 ? [] : ['--import', shiftedClock]
    const child = spawn(process.execPath, [...typescript, ...clock, program, ...argumentsOf(name, options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, CLOCK_AHEAD_MS: String(clockAheadMs), BAREWIRE_SESSION_KEY: undefined },
    })
    return new NodeProcess(name, child, await firstReport(child))
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    this.kill('SIGKILL')
    await this.ended
  }

  /** What its readiness probe says. */
  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.#probeUrl}/ready`).catch(() => undefined)
    return response?.status === 200
  }

  async untilReady(limitMs = START_MS): Promise<this> {
    const end = Date.now() + limitMs
    while (!(await this.isReady())) {
      if (this.hasEnded || Date.now() > end)
        throw new Error(`${this.name} is not ready; ${this.errors.join('; ')}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return this
  }

  // biome-ignore lint/suspicious/noExplicitAny: read by tests that know what they look for
  async stats(): Promise<any> {
    return await (await fetch(`${this.#probeUrl}/stats`)).json()
  }
}

function argumentsOf(name: string, options: NodeOptions): string[] {
  const named: Record<string, string | number | undefined> = {
    name,
    redis: options.redisPort,
    client: options.redisClient,
    prefix: options.prefix,
    'lease-ms': options.leaseMs,
    'drain-ms': options.drainMs,
    'drain-delay-ms': options.drainDelayMs,
    'retry-ms': options.retryMs,
    'idle-timeout-ms': options.idleTimeoutMs,
  }
  const given = Object.entries(named).filter(([, value]) => value !== undefined)
  const lines = given.map(([option, value]) => `--${option}=${value}`)
  return options.fixture === true ? [...lines, '--fixture'] : lines
}

function firstReport(child: ChildProcess): Promise<Report> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`a node did not start within ${START_MS} ms`))
    }, START_MS)
    const ended = (code: number | null) => {
      clearTimeout(timer)
      reject(new Error(`a node ended at its start with exit code ${code}`))
    }
    child.once('exit', ended)
    child.on('message', function first(report: Report) {
      if (report.url === undefined) return
      clearTimeout(timer)
      child.off('exit', ended)
      child.off('message', first)
      resolve(report)
    })
  })
}
