/**
 * The session store on Redis: a record is a string, written once; fields that were changed are a hash, which most sessions
 * do not have.
 */

import type { SessionStore, StoredSession } from '../store/session-store.ts'
import type { Commands } from './commands.ts'
import { type ForeignData, orAbsent } from './foreign-data.ts'
import { isStorableId, type Keys } from './keys.ts'
import { asList, asText, asTexts } from './reply.ts'
import { DELETE_SESSION, READ_SESSION, SET_FIELD, TOUCH_SESSION } from './session-scripts.ts'
import { timeToLive } from './time-to-live.ts'

/** First character of a record: its form. */
const FORM = '1'

export class RedisSessions implements SessionStore {
  readonly #commands: Commands
  readonly #keys: Keys
  readonly #foreign: ForeignData

  constructor(commands: Commands, keys: Keys, foreign: ForeignData) {
    this.#commands = commands
    this.#keys = keys
    this.#foreign = foreign
  }

  async create(sessionId: string, record: string, ttlMs: number): Promise<void> {
    const [key] = this.#keys.session(sessionId)
    await this.#commands.send(key, 'SET', key, FORM + record, 'PX', timeToLive(ttlMs))
  }

  async read(sessionId: string): Promise<StoredSession | undefined> {
    if (!isStorableId(sessionId)) return undefined
    const [key, fieldsKey] = this.#keys.session(sessionId)
    const reply = await orAbsent(this.#commands.run(READ_SESSION, [key, fieldsKey], []), key, this.#foreign)
    if (reply === null || reply === undefined) return undefined
    const [record, list] = asList(reply)
    const text = asText(record)
    if (text?.startsWith(FORM) !== true) return this.#foreign.report(key)
    const names = asTexts(list)
    const fields = new Map<string, string>()
    for (let place = 0; place < names.length; place += 2) {
      fields.set(names[place] as string, names[place + 1] ?? '')
    }
    return { record: text.slice(FORM.length), fields }
  }

  async setField(sessionId: string, name: string, value: string | undefined, ttlMs: number): Promise<void> {
    const [key, fieldsKey] = this.#keys.session(sessionId)
    const args = value === undefined ? [name] : [name, value]
    const keys = [key, fieldsKey]
    await orAbsent(
      this.#commands.run(SET_FIELD, keys, [timeToLive(ttlMs), ...args]),
      fieldsKey,
      this.#foreign,
    )
  }

  async touch(sessionId: string, record: string, ttlMs: number): Promise<boolean> {
    const keys = this.#keys.session(sessionId)
    return (await this.#commands.run(TOUCH_SESSION, keys, [timeToLive(ttlMs), FORM + record])) !== 0
  }

  async delete(sessionId: string, ttlMs: number): Promise<boolean> {
    if (!isStorableId(sessionId)) return false
    const keys = this.#keys.session(sessionId)
    return (await this.#commands.run(DELETE_SESSION, keys, [timeToLive(ttlMs)])) === 1
  }
}
