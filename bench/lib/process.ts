/**
 * The child processes of a run: one for each server that is measured, and one that makes the load. Whatever
 * happens, none of them is left behind: a child ends when its IPC channel closes.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { pinned } from './cores.ts'
import type { Memory } from './live-memory.ts'
import { Remote } from './remote.ts'
import type { Cpu } from './server-child.ts'
import type { Setup } from './setup.ts'

/** Longest wait for a server to listen. */
const START_MS = 30_000

export interface ServerProcess {
  readonly port: number
  readonly pid: number
  /** Whether it can announce a change. */
  readonly canChange: boolean
  /** When the process was started, of `performance.now()`. */
  readonly beganAt: number
  memory(): Promise<Memory>
  cpu(): Promise<Cpu>
  /** Announces a change; resolves with the time, of the shared clock in microseconds. */
  change(): Promise<number>
  /** See `Running.changeBare`. */
  changeBare(): Promise<number>
  /** Sessions that it remembers; null where the server does not say. */
  sessions(): Promise<number | null>
  stop(): Promise<void>
}

export interface SpawnOptions {
  /** The Node to run on. */
  readonly node: string
  readonly core: number | undefined
  /** The compiled server-child.ts. */
  readonly entry: string
  /** More options for node, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[]
  /** A program that runs node, such as `valgrind`, and its options. */
  readonly under?: readonly string[]
}

/** @throws {Error} with what it printed, when it does not start */
export async function startServer(
  module: string,
  setup: Setup,
  options: SpawnOptions,
): Promise<ServerProcess> {
  const beganAt = performance.now()
  const { under: [program, ...its] = [], node } = options
  const { child, output } = spawnChild(options.core, program ?? node, [
    ...(program === undefined ? [] : [...its, node]),
    '--expose-gc',
    // Or forced collections drop code that was not used lately, and the heap shrinks by more than a session holds.
    '--no-flush-bytecode',
    // Or one that waits while others are measured loses in idle collections what its engine has learnt, and takes up to
    // twice the time for seconds afterwards. A server in use is never idle for so long.
    '--no-memory-reducer',
    ...(options.nodeOptions ?? []),
    options.entry,
    pathToFileURL(module).href,
    JSON.stringify(setup),
  ])
  const remote = new Remote(child)
  const { port, canChange } = await firstMessage<{ port: number; canChange: boolean }>(child, output)
  return {
    port,
    canChange,
    pid: child.pid as number,
    beganAt,
    memory: () => remote.call('memory'),
    cpu: () => remote.call('cpu'),
    change: () => remote.call('change'),
    changeBare: () => remote.call('changeBare'),
    sessions: () => remote.call('sessions'),
    stop: () => stop(child),
  }
}

export interface LoadProcess {
  call<T>(operation: string, args?: unknown): Promise<T>
  stop(): Promise<void>
}

/** @param entry - the compiled load/child.ts */
export function startLoad(entry: string, core: number | undefined): Promise<LoadProcess> {
  return startChild({ entry, core, node: process.execPath })
}

/** A contender that is no HTTP server, in a process of its own. */
export interface ChildOptions extends SpawnOptions {
  readonly args?: readonly string[]
  /** What it reads and writes is for the caller. */
  readonly piped?: boolean
}

/**
 * Starts a process that answers calls, and says so with its first message.
 *
 * @throws {Error} with what it printed, when it does not start
 */
export async function startChild(
  options: ChildOptions,
): Promise<LoadProcess & { readonly child: ChildProcess }> {
  const { entry, core, node, args = [], nodeOptions = [], piped = false } = options
  const { child, output } = spawnChild(core, node, ['--expose-gc', ...nodeOptions, entry, ...args], piped)
  const remote = new Remote(child)
  await firstMessage(child, output)
  return { child, call: (operation, args) => remote.call(operation, args), stop: () => stop(child) }
}

function spawnChild(core: number | undefined, node: string, args: readonly string[], piped = false) {
  const [command, all] = pinned(core, node, args)
  const ends = piped ? 'pipe' : 'ignore'
  const child = spawn(command, all, {
    stdio: [ends, ends, 'pipe', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
  })
  const output: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => {
    // The first lines say what went wrong; a server that fails on every request would fill the memory.
    if (output.length < 50) output.push(String(chunk))
  })
  return { child, output }
}

function firstMessage<T>(child: ChildProcess, output: readonly string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`${what}\n${output.join('').trim()}`))
    }
    const timer = setTimeout(() => fail(`it did not start within ${START_MS} ms`), START_MS)
    const ended = (code: number | null, signal: string | null) =>
      fail(`it ended at its start (${signal ?? `exit code ${code}`})`)
    child.once('error', (error) => fail(error.message))
    child.once('exit', ended)
    child.once('message', (message) => {
      clearTimeout(timer)
      child.off('exit', ended)
      resolve(message as T)
    })
  })
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
