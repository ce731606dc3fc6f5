/**
 * A `redis-server` of its own: on a free port of loopback, in a temporary folder, with an append-only file. It can be
 * paused, killed and started again with what it had.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why tests that need a server are skipped; false where they are not. */
export const noRedis: string | false =
  spawnSync('redis-server', ['--version']).status === 0 ? false : 'there is no redis-server'

const START_MS = 20_000

export class RedisServer {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'barewire-redis-'))
  readonly #options: readonly string[]
  #child: ChildProcess | undefined

  private constructor(port: number, options: readonly string[]) {
    this.port = port
    this.#options = options
  }

  /** @param options - of redis-server, such as `--maxmemory 10mb` */
  static async start(options: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options)
    await server.start()
    return server
  }

  /** Starts it (again), with what it had stored. */
  async start(): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder]
    const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec']
    const child = spawn('redis-server', [...own, ...durable, ...this.#options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child = child
    await readyLine(child)
  }

  /** @param signal - SIGTERM: it writes everything first; SIGKILL: it does not */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    // A paused process reads no signal but these two.
    child.kill('SIGCONT')
    child.kill(signal)
    await ended
  }

  /** It stays connected and answers nothing. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Stops it, and deletes what it has stored. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Waits until it accepts connections, which is after it has read its file. */
function readyLine(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const timer = setTimeout(() => fail('did not start in time'), START_MS)
    const fail = (what: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`redis-server ${what}:\n${printed}`))
    }
    const ended = () => fail('ended at its start')
    child.once('error', (error) => fail(error.message))
    child.once('exit', ended)
    child.stdout?.on('data', (bytes: Buffer) => {
      printed += bytes
      if (!printed.includes('Ready to accept connections')) return
      clearTimeout(timer)
      child.off('exit', ended)
      child.stdout?.removeAllListeners('data').resume()
      resolve()
    })
  })
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
