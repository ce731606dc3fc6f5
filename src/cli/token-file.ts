/** The tokens of logins, in a file that only its user can read. */

import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { isObject } from '../bounds/is-object.ts'
import type { TokenStore } from '../client/index.ts'

export function tokenFile(env: Readonly<Record<string, string | undefined>>): string {
  const { BAREWIRE_TOKENS: file, XDG_CONFIG_HOME: config } = env
  return file ?? join(config ?? join(homedir(), '.config'), 'barewire', 'tokens.json')
}

export class FileStore implements TokenStore {
  readonly #file: string
  /** Changes one after the other: each reads what the one before wrote. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(file: string) {
    this.#file = file
  }

  async get(key: string): Promise<string | undefined> {
    await this.#last
    const { [key]: value } = await this.#read()
    return value
  }

  async set(key: string, value: string): Promise<void> {
    await this.#change((values) => {
      values[key] = value
    })
  }

  async delete(key: string): Promise<void> {
    await this.#change((values) => {
      delete values[key]
    })
  }

  #change(change: (values: Record<string, string>) => void): Promise<void> {
    const next = this.#last.then(async () => {
      const values = await this.#read()
      change(values)
      await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 })
      // Never half a file, and never one that others can read.
      const draft = `${this.#file}.${process.pid}`
      await writeFile(draft, `${JSON.stringify(values, undefined, 2)}\n`, { mode: 0o600 })
      await chmod(draft, 0o600)
      await rename(draft, this.#file)
    })
    this.#last = next.catch(() => {})
    return next
  }

  async #read(): Promise<Record<string, string>> {
    try {
      const values: unknown = JSON.parse(await readFile(this.#file, 'utf8'))
      return isObject(values) ? (values as Record<string, string>) : {}
    } catch {
      return {}
    }
  }
}
