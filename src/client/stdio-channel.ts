/**
 * stdio: a server as a process of our own, one message a line.
 *
 *    client --- stdin --->  server        what the server writes to stderr is for its own log
 *           <-- stdout ---
 *
 * The end, as the specification prescribes it: stdin is closed; if the process is still there after a while, SIGTERM,
 * and then SIGKILL. A process that ends by itself rejects what waits.
 *
 * Spec: 2026-07-28 stdio, "Shutdown"; 2025-11-25 transports, "stdio". The one file of the client that needs Node.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { oneOf, requireType } from '../bounds/check-options.ts'
import { MAX_TIMER_MS } from '../bounds/max-timer.ts'
import { checkNames } from '../bounds/option-names.ts'
import { kindOf, shown } from '../bounds/quote.ts'
import { type Channel, OpenChannel } from './channel.ts'
import { invalidResponse, mcpError } from './errors.ts'
import { parse } from './inbox.ts'
import type { Settings } from './options.ts'

/** Options of {@link stdio}: how the process is started and ended. */
export interface ProcessOptions {
  /** Added to the few variables that are passed on by themselves, such as PATH and HOME. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The folder that the program runs in. @defaultValue that of this process */
  readonly cwd?: string | undefined
  /** What becomes of the server's log. @defaultValue inherit: it is written to that of this process */
  readonly stderr?: 'inherit' | 'ignore' | ((text: string) => void) | undefined
  /** How long a process may take to end once its stdin is closed, and again after SIGTERM. @defaultValue 2 s */
  readonly closeMs?: number | undefined
}

const CLOSE_MS = 2000
/** What programs need to run at all. Everything else may hold secrets that are none of the server's business. */
const PASSED_ON = [
  'HOME LOGNAME PATH SHELL TERM USER LANG LC_ALL TMPDIR',
  'APPDATA HOMEDRIVE HOMEPATH LOCALAPPDATA PATHEXT PROCESSOR_ARCHITECTURE PROGRAMFILES SYSTEMDRIVE SYSTEMROOT TEMP TMP USERNAME USERPROFILE',
]
  .join(' ')
  .split(' ')
const LF = 0x0a
/** How long a process may go on that has closed its output: the end of a process does so too, and says more. */
const CLOSED_OUTPUT_MS = 1000

/**
 * A server to be started as a process, for `connect`.
 *
 * @param command - the program; it is not given to a shell
 * @param args - its arguments, each one an item
 * @throws {TypeError} a wrong option, named
 *
 * @example
 * ```ts
 * const client = await connect(stdio('node', ['server.js']))
 * ```
 */
export function stdio(command: string, args: readonly string[] = [], options: ProcessOptions = {}): Channel {
  checkProcess(command, args, options)
  return {
    kind: 'channel',
    openChannel: (settings) => StdioChannel.start(command, args, options, settings),
  }
}

const NAMES = ['env', 'cwd', 'stderr', 'closeMs']

/** @throws {TypeError} */
function checkProcess(command: unknown, args: unknown, options: ProcessOptions): void {
  requireType('command', command, ['string'])
  if (!Array.isArray(args)) throw new TypeError(`args must be an array of strings; got ${kindOf(args)}`)
  for (const [at, arg] of args.entries()) requireType(`args[${at}]`, arg, ['string'])
  checkNames(options, NAMES, 'stdio.')
  const { env, cwd, stderr, closeMs } = options
  if (env !== undefined) requireType('stdio.env', env, ['object'])
  for (const [name, value] of Object.entries(env ?? {}))
    requireType(`stdio.env[${JSON.stringify(name)}]`, value, ['string'])
  if (cwd !== undefined) requireType('stdio.cwd', cwd, ['string'])
  if (stderr !== undefined && typeof stderr !== 'function')
    oneOf('stdio.stderr', stderr, ['inherit', 'ignore'])
  if (closeMs !== undefined && !(typeof closeMs === 'number' && closeMs >= 0 && closeMs <= MAX_TIMER_MS))
    throw new TypeError(`stdio.closeMs must be 0 to ${MAX_TIMER_MS} milliseconds; got ${shown(closeMs)}`)
}

/** Why a program that was not found may not have been found: Node names the program, whatever is wrong. */
function hintOf(error: Error, command: string, cwd: string | undefined): string {
  if ((error as { readonly code?: unknown }).code !== 'ENOENT') return ''
  if (cwd !== undefined && !existsSync(cwd)) return `; there is no folder ${JSON.stringify(cwd)} (option cwd)`
  const [program, ...args] = command.trim().split(/\s+/)
  if (args.length === 0) return ''
  const list = args.map((arg) => `'${arg}'`).join(', ')
  return `; the program and its arguments are separate, as in stdio('${program}', [${list}])`
}

class StdioChannel extends OpenChannel {
  readonly pid: number | undefined
  readonly #child: ChildProcess
  readonly #closeMs: number
  readonly #settings: Settings
  /** The line that has not ended. */
  #pieces: Buffer[] = []
  #length = 0
  #isClosing = false
  #failure: Error | undefined

  static start(
    command: string,
    args: readonly string[],
    { env, cwd, stderr = 'inherit', closeMs = CLOSE_MS }: ProcessOptions,
    settings: Settings,
  ): Promise<StdioChannel> {
    const passed = PASSED_ON.flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    )
    const child = spawn(command, args, {
      cwd,
      env: { ...Object.fromEntries(passed), ...env },
      stdio: ['pipe', 'pipe', typeof stderr === 'function' ? 'pipe' : stderr],
      windowsHide: true,
    })
    if (typeof stderr === 'function') {
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        try {
          stderr(text)
        } catch (error) {
          settings.onError(error)
        }
      })
    }
    return new Promise((resolve, reject) => {
      child.once('error', (error) => {
        const problem = `The server could not be started: ${error.message}${hintOf(error, command, cwd)}`
        reject(mcpError('ERR_CONNECTION', problem, error))
      })
      child.once('spawn', () => resolve(new StdioChannel(child, closeMs, settings)))
    })
  }

  constructor(child: ChildProcess, closeMs: number, settings: Settings) {
    super()
    this.pid = child.pid
    this.#child = child
    this.#closeMs = closeMs
    this.#settings = settings
    child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk))
    child.stdout?.once('end', () => {
      const fail = () => this.#fail(mcpError('ERR_CONNECTION', 'The server has closed its output'))
      const timer = setTimeout(fail, CLOSED_OUTPUT_MS)
      child.once('exit', () => clearTimeout(timer))
      if (child.exitCode !== null || child.signalCode !== null) clearTimeout(timer)
    })
    child.stdin?.on('error', () => {})
    child.on('error', () => {})
    child.once('close', (code, signal) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`
      this.#fail(mcpError('ERR_CONNECTION', `The process of the server ended ${how}`))
    })
  }

  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure
      this.#child.stdin?.write(`${text}\n`, (error) => {
        if (error) reject(mcpError('ERR_CONNECTION', `The server reads no more: ${error.message}`, error))
        else resolve()
      })
    })
  }

  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    const child = this.#child
    if (child.exitCode === null && child.signalCode === null) {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.stdin?.end()
      const term = setTimeout(() => child.kill('SIGTERM'), this.#closeMs)
      const kill = setTimeout(() => child.kill('SIGKILL'), 2 * this.#closeMs)
      await exited
      clearTimeout(term)
      clearTimeout(kill)
    }
    // What the process started may still hold its pipes, and would keep this process running.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }

  #read(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#pieces.push(chunk.subarray(start, end))
      start = end + 1
      const line = Buffer.concat(this.#pieces).toString('utf8').trim()
      this.#pieces = []
      this.#length = 0
      if (line !== '') this.#line(line)
    }
    if (start === chunk.length) return
    this.#pieces.push(chunk.subarray(start))
    this.#length += chunk.length - start
    const { maxMessageBytes } = this.#settings
    if (this.#length <= maxMessageBytes) return
    const problem = `A message of the server has more than ${maxMessageBytes} bytes, the limit (option maxMessageBytes)`
    this.#fail(mcpError('ERR_MESSAGE_TOO_LARGE', problem))
    this.#child.kill('SIGKILL')
  }

  /** A line that is no message rejects no call: it is not known which one it belongs to. */
  #line(line: string): void {
    if (this.#failure !== undefined) return
    try {
      this.receiver?.receive(parse(line), line.length, undefined)
    } catch (error) {
      this.#settings.onError(error instanceof Error ? error : invalidResponse(String(error)))
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#pieces = []
    this.receiver?.failed(this.#failure)
  }
}
