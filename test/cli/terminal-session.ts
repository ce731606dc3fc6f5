/** A terminal session of the test's own: what the command reads, writes and is interrupted with. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { TestContext } from 'node:test'
import { main } from '../../src/cli/main.ts'
import { within } from '../helpers/within.ts'

export interface Session {
  /** Resolves once the text was written, to either output. */
  shows(text: string): Promise<void>
  /** Types a line. */
  types(text: string): void
  /** Writes to the input, as a program before a pipe does. */
  writes(bytes: Uint8Array): void
  /** Ends the input. */
  closes(): void
  interrupts(): void
  readonly stdout: () => string
  readonly stderr: () => string
  readonly code: Promise<number>
}

export interface SessionOptions {
  readonly isTTY?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the command. A test that has a terminal can be asked questions. */
export function start(
  t: TestContext,
  args: readonly string[],
  { isTTY = false, env = {} }: SessionOptions = {},
): Session {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const interrupt = new AbortController()
  const channel = () => Object.assign(new PassThrough(), { isTTY, columns: 80 })
  const [stdin, stdout, stderr] = [channel(), channel(), channel()]
  // What a terminal does with keys is not what is tested.
  if (isTTY) Object.assign(stdin, { setRawMode: () => stdin })
  const text = { stdout: '', stderr: '' }
  const all = new PassThrough()
  let seen = ''
  stdout.on('data', (chunk) => {
    text.stdout += chunk
    seen += chunk
    all.emit('more')
  })
  stderr.on('data', (chunk) => {
    text.stderr += chunk
    seen += chunk
    all.emit('more')
  })
  const code = main(args, {
    stdin,
    stdout,
    stderr,
    env: { BAREWIRE_TOKENS: join(folder, 'tokens.json'), ...env },
    signal: interrupt.signal,
    interrupt: () => interrupt.abort(new Error('Ctrl-C')),
  })
  code.catch(() => {})
  let from = 0
  return {
    async shows(wanted) {
      await within(
        new Promise<void>((resolve) => {
          const look = () => {
            const at = seen.indexOf(wanted, from)
            if (at === -1) return
            from = at + wanted.length
            all.off('more', look)
            resolve()
          }
          all.on('more', look)
          look()
        }),
        () => `${JSON.stringify(wanted)} in ${JSON.stringify(seen)}`,
      )
    },
    types: (line) => stdin.write(`${line}\n`),
    writes: (bytes) => stdin.write(bytes),
    closes: () => stdin.end(),
    interrupts: () => interrupt.abort(new Error('Ctrl-C')),
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    code,
  }
}

/** Runs it to its end. */
export async function run(t: TestContext, args: readonly string[], options?: SessionOptions) {
  const session = start(t, args, options)
  const code = await within(session.code, () => `the end of barewire ${args.join(' ')}`)
  return { code, stdout: session.stdout(), stderr: session.stderr() }
}
