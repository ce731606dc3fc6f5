/**
 * Child processes for scripts and tests: run one to its end, or start one and wait for a line it prints.
 *
 * Invariant: whoever starts a process ends it; nothing here outlives the promise or the `stop` it was given.
 */
import { type SpawnOptions, spawn } from 'node:child_process'

/** What a finished process left behind. `code` is null when a signal ended it. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end and collects what it printed.
 *
 * @param command - the program
 * @param args - its arguments, passed without a shell
 * @param options - as for `child_process.spawn`, `stdio` excepted; `timeout` is in milliseconds
 * @returns the exit code and the output, whatever the code is
 * @throws {Error} when the program cannot be started
 */
export function run(
  command: string,
  args: readonly string[],
  options: Omit<SpawnOptions, 'stdio'> = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', (cause) => reject(new Error(`cannot start ${command}: ${cause.message}`, { cause })))
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    )
  })
}

/** A running process that printed the line it was waited for. */
export interface Started {
  /** The match of the awaited pattern. */
  readonly match: RegExpMatchArray
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>
}

/**
 * Starts a program and waits until its standard output matches a pattern.
 *
 * @param command - the program
 * @param args - its arguments
 * @param pattern - what the output must contain; for a server, the line with its address
 * @param options - as for `child_process.spawn`, `stdio` excepted
 * @param waitMs - how long to wait for the line
 * @returns the match and a way to stop the program
 * @throws {Error} with everything it printed, when it ends or stays silent instead
 */
export function start(
  command: string,
  args: readonly string[],
  pattern: RegExp,
  options: Omit<SpawnOptions, 'stdio'> = {},
  waitMs = 30_000,
): Promise<Started> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = new Promise<void>((done) => child.once('close', () => done()))
    let printed = ''
    let errors = ''
    const fail = (what: string) => {
      clearTimeout(timer)
      child.kill()
      reject(
        new Error(`${[command, ...args].join(' ')} ${what}; expected ${pattern}, got:\n${printed}${errors}`),
      )
    }
    const timer = setTimeout(() => fail(`printed no such line in ${waitMs} ms`), waitMs)
    child.once('error', (cause) => fail(`cannot be started (${cause.message})`))
    const endedEarly = (code: number | null, signal: string | null) =>
      fail(`ended early (${signal ?? `exit code ${code}`})`)
    child.once('close', endedEarly)
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk
      const match = printed.match(pattern)
      if (match === null) return
      clearTimeout(timer)
      child.stdout?.removeAllListeners('data').resume()
      // What a server complains of later belongs in front of whoever reads the run.
      child.stderr?.removeAllListeners('data').pipe(process.stderr)
      child.removeListener('close', endedEarly)
      resolve({
        match,
        async stop() {
          if (child.exitCode === null && child.signalCode === null) {
            child.kill()
            await ended
          }
        },
      })
    })
  })
}
