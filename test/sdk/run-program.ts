/** Runs a program written for the official SDK, on that or on the facade, as a process of its own. */

import { type ChildProcess, fork } from 'node:child_process'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export type Library = 'sdk' | 'facade'
export const LIBRARIES = ['sdk', 'facade'] as const

const here = (path: string) => new URL(path, import.meta.url).href
const root = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 60_000

/** What node is given before the program. */
export function nodeArguments(library: Library): string[] {
  const hooks = library === 'facade' ? ['--import', here('./loader.mjs')] : []
  return ['--import', 'tsx', ...hooks, '--import', here('./any-port.mjs')]
}

export interface RunningProgram {
  readonly port: number
  readonly child: ChildProcess
  /** What it has written so far, to both streams. */
  output(): string
}

/** Starts a program that listens on a port, and ends it with the test. */
export async function startProgram(
  t: TestContext,
  library: Library,
  file: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<RunningProgram> {
  const child = fork(file, args, {
    cwd: root,
    execArgv: nodeArguments(library),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const port = await new Promise<number>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${file} on ${library}: ${why}\n${output}`))
    const timer = setTimeout(() => fail('did not listen in time'), START_MS)
    child.once('message', (message: { port: number }) => {
      clearTimeout(timer)
      resolve(message.port)
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with ${code}`)
    })
  })
  return { port, child, output: () => output }
}
