/** The key store on Redis: the secrets of a purpose are a list, the newest first. */

import { randomBytes } from 'node:crypto'
import type { KeyStore } from '../store/key-store.ts'
import { type Commands, ReplyError } from './commands.ts'
import type { ForeignData } from './foreign-data.ts'
import type { Keys } from './keys.ts'
import { asTexts } from './reply.ts'
import { READ_SECRETS } from './session-scripts.ts'
import { timeToLive } from './time-to-live.ts'

const SECRET_BYTES = 32

export class RedisSecrets implements KeyStore {
  readonly #commands: Commands
  readonly #keys: Keys
  readonly #foreign: ForeignData

  constructor(commands: Commands, keys: Keys, foreign: ForeignData) {
    this.#commands = commands
    this.#keys = keys
    this.#foreign = foreign
  }

  async read(purpose: string, rotateMs: number, keepMs: number): Promise<readonly string[]> {
    const key = this.#keys.secrets(purpose)
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    const args = [Math.ceil(rotateMs), Math.ceil(keepMs), secret, timeToLive(rotateMs + keepMs)]
    try {
      return asTexts(await this.#commands.run(READ_SECRETS, [key], args))
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      this.#foreign.report(key)
      await this.#commands.send(key, 'DEL', key)
      return asTexts(await this.#commands.run(READ_SECRETS, [key], args))
    }
  }
}
