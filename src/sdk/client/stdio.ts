/** `client/stdio.js`: a server as a process of the program. */

import { PassThrough, type Stream } from 'node:stream'
import type { OpenChannel } from '../../client/channel.ts'
import { checkConnectOptions } from '../../client/options.ts'
import { stdio } from '../../client/stdio-channel.ts'
import type { Transport } from '../shared/transport.ts'
import type { JSONRPCMessage } from '../types.ts'

export type StdioServerParameters = {
  command: string
  args?: string[]
  /** Added to the few variables that are passed on by themselves. */
  env?: Record<string, string>
  /** `pipe`: it can be read from the transport. @defaultValue inherit */
  stderr?: 'inherit' | 'ignore' | 'pipe' | 'overlapped' | Stream | number
  cwd?: string
  maxBufferSize?: number
}

export const DEFAULT_INHERITED_ENV_VARS: string[] =
  process.platform === 'win32'
    ? 'APPDATA HOMEDRIVE HOMEPATH LOCALAPPDATA PATH PROCESSOR_ARCHITECTURE SYSTEMDRIVE SYSTEMROOT TEMP USERNAME USERPROFILE PROGRAMFILES'.split(
        ' ',
      )
    : ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER']

/** The variables that a server gets by itself. */
export function getDefaultEnvironment(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of DEFAULT_INHERITED_ENV_VARS) {
    const value = process.env[name]
    // A function, which a shell has exported, is a risk.
    if (value !== undefined && !value.startsWith('()')) found[name] = value
  }
  return found
}

/** Lines are written at once. */
const NEVER = new AbortController().signal

export class StdioClientTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #server: StdioServerParameters
  readonly #stderr: PassThrough | undefined
  #channel: (OpenChannel & { readonly pid?: number | undefined }) | undefined
  #isStarted = false
  #isOver = false

  constructor(server: StdioServerParameters) {
    this.#server = server
    const { stderr } = server
    if (stderr === 'pipe' || stderr === 'overlapped' || typeof stderr === 'object') {
      this.#stderr = new PassThrough()
      if (typeof stderr === 'object') this.#stderr.pipe(stderr as PassThrough)
    }
  }

  get stderr(): Stream | null {
    return this.#stderr ?? null
  }

  get pid(): number | null {
    return this.#channel?.pid ?? null
  }

  async start(): Promise<void> {
    if (this.#isStarted) {
      throw new Error(
        'StdioClientTransport already started! If using Client class, note that connect() calls start() automatically.',
      )
    }
    this.#isStarted = true
    const { command, args = [], env, cwd, stderr, maxBufferSize } = this.#server
    const log = this.#stderr
    const channel = stdio(command, args, {
      cwd,
      env: { ...getDefaultEnvironment(), ...env },
      stderr: log ? (text) => log.write(text) : stderr === 'ignore' ? 'ignore' : 'inherit',
    })
    const settings = checkConnectOptions({
      onError: (error) => this.onerror?.(error as Error),
      ...(maxBufferSize && { maxMessageBytes: maxBufferSize }),
    })
    this.#channel = await channel.openChannel(settings)
    this.#channel.receiver = {
      receive: (value) => {
        this.onmessage?.(value as JSONRPCMessage)
        return false
      },
      failed: () => this.#over(),
    }
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#channel === undefined) throw new Error('Not connected')
    await this.#channel.send(JSON.stringify(message), NEVER)
  }

  async close(): Promise<void> {
    await this.#channel?.close()
    this.#over()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stderr?.end()
    this.onclose?.()
  }
}
