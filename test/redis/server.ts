/**
 * A real redis-server for tests, on a free port of the loopback address, with a folder of its own. Where the command is
 * absent, tests skip and say so: `apt-get install redis-server`. With `REDIS_SERVER` it is another program that does the
 * same, such as valkey-server.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const REDIS_SERVER = process.env['REDIS_SERVER'] ?? 'redis-server'

/** For the option `skip` of a test. */
export const noRedis =
  spawnSync(REDIS_SERVER, ['--version']).error === undefined
    ? false
    : `${REDIS_SERVER} is not installed (Debian: apt-get install redis-server)`

const ATTEMPTS = 5

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export class RedisServer {
  readonly port: number
  readonly folder: string
  readonly #options: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, options: readonly string[]) {
    this.port = port
    this.folder = folder
    this.#options = options
  }

  /** @param options - as in redis.conf: name and values, each beginning with `--` */
  static async start(options: readonly string[] = []): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const folder = mkdtempSync(join(tmpdir(), 'barewire-redis-'))
      const server = new RedisServer(await freePort(), folder, options)
      try {
        await server.start()
        return server
      } catch (error) {
        // Somebody else may have taken the port meanwhile.
        rmSync(folder, { recursive: true, force: true })
        if (attempt === ATTEMPTS) throw error
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, again after `stop`: with the data that it has kept. */
  async start(): Promise<void> {
    const options = ['--port', String(this.port), '--dir', this.folder, '--bind', '127.0.0.1', '--save', '']
    const child = spawn(REDIS_SERVER, [...options, ...this.#options], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    let output = ''
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (text) => {
        output += text
        if (output.includes('Ready to accept connections')) resolve()
      })
      child.stderr.on('data', (text) => {
        output += text
      })
      child.on('error', reject)
      child.on('exit', () => reject(new Error(`${REDIS_SERVER} ended:\n${output}`)))
    })
  }

  /** Ends it at once, or after it has written its data. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGCONT')
    child.kill(signal)
    await once(child, 'exit')
  }

  /** It does nothing until `resume`: connections stay, and nothing is answered. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}
