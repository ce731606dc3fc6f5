/** A proxy of the test's own: its configuration, its files and its port are there for one test, and gone after it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../helpers/free-port.ts'
import { program } from '../helpers/needs.ts'
import { removeFolder } from '../helpers/remove-folder.ts'
import { untilListening } from '../helpers/until-listening.ts'

export interface ProxyProgram {
  readonly name: string
  /** @param folder - of its own, for whatever it keeps */
  readonly configuration: (folder: string, port: number) => string
  /** In the foreground, and in one process, so that it ends when it is told to. */
  readonly args: (file: string, folder: string) => readonly string[]
}

const ATTEMPTS = 5

/** @returns the port that it listens on */
export async function startProgram(t: TestContext, proxy: ProxyProgram): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), `barewire-${proxy.name}-`))
  let stop = async () => {}
  t.after(async () => {
    await stop()
    await removeFolder(folder)
  })
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    const file = join(folder, 'configuration')
    writeFileSync(file, proxy.configuration(folder, port))
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder }
    const args = [...proxy.args(file, folder)]
    const child = spawn(program(proxy.name), args, { stdio: ['ignore', 'ignore', 'pipe'], env })
    let errors = ''
    child.stderr?.on('data', (bytes) => {
      errors += bytes
    })
    if (await untilListening(port, () => child.exitCode !== null)) {
      stop = async () => {
        child.kill('SIGTERM')
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      }
      return port
    }
    child.kill('SIGKILL')
    // Another process may have taken the port in the meantime.
    if (attempt === ATTEMPTS || !/address already in use|cannot bind/i.test(errors)) {
      throw new Error(`${proxy.name} does not start:\n${errors}`)
    }
  }
}
