/**
 * The task store on Redis: a record by its id, and the ids of all tasks and of those of each owner. They are on different
 * servers of a cluster, so they are not written as one; ids of tasks that are not there any more are removed when
 * they are found, or when they expire.
 */

import { isObject } from '../bounds/is-object.ts'
import { McpError } from '../jsonrpc/rpc-error.ts'
import { isOver, type TaskRecord, type TaskStore } from '../store/task-store.ts'
import { type Commands, ReplyError, type Script } from './commands.ts'
import { type ForeignData, orAbsent } from './foreign-data.ts'
import { isStorableId, type Keys } from './keys.ts'
import { asText, asTexts } from './reply.ts'
import { ADD_TASK, COUNT_TASK, END_TASK, UPDATE_TASK } from './task-scripts.ts'
import { timeToLive } from './time-to-live.ts'

const RUNNING = 'r'
const ENDED = 'e'

export interface TaskLimits {
  /** Tasks of all owners, and of none. */
  readonly max: number
  readonly maxPerPrincipal: number
  /** Bytes of one record. */
  readonly maxBytes: number
}

export class RedisTasks implements TaskStore {
  readonly #commands: Commands
  readonly #keys: Keys
  readonly #foreign: ForeignData
  readonly #limits: TaskLimits

  constructor(commands: Commands, keys: Keys, foreign: ForeignData, limits: TaskLimits) {
    this.#commands = commands
    this.#keys = keys
    this.#foreign = foreign
    this.#limits = limits
  }

  async create(record: TaskRecord): Promise<void> {
    const { taskId, owner } = record
    const text = this.#write(record)
    const ttl = timeToLive(record.ttlMs ?? 0)
    if (owner !== null) await this.#addTo(owner, taskId, ttl)
    await this.#count(taskId, ttl)
    const key = this.#keys.task(taskId)
    await this.#commands.send(key, 'SET', key, text, 'PX', ttl)
  }

  async read(taskId: string): Promise<TaskRecord | undefined> {
    if (!isStorableId(taskId)) return undefined
    const key = this.#keys.task(taskId)
    const reply = await orAbsent(this.#commands.send(key, 'GET', key), key, this.#foreign)
    if (reply === null || reply === undefined) return undefined
    return readRecord(asText(reply), taskId) ?? this.#foreign.report(key)
  }

  async update(record: TaskRecord): Promise<boolean> {
    const text = this.#write(record)
    const key = this.#keys.task(record.taskId)
    const reply = await orAbsent(this.#commands.run(UPDATE_TASK, [key], [text]), key, this.#foreign)
    if (Number(reply) === 0) return false
    const { tasks } = this.#keys
    if (isOver(record))
      await this.#runOrReplace(END_TASK, tasks, [record.taskId, redisNumber(this.#limits.max)])
    return true
  }

  async delete(taskId: string): Promise<void> {
    if (!isStorableId(taskId)) return
    const key = this.#keys.task(taskId)
    const [all] = this.#keys.tasks
    const remove = orAbsent(this.#commands.send(all, 'ZREM', all, taskId), all, this.#foreign)
    await Promise.all([this.#commands.send(key, 'DEL', key), remove])
  }

  async list(owner: string): Promise<readonly TaskRecord[]> {
    const key = this.#keys.owner(owner)
    const reply = await orAbsent(this.#commands.send(key, 'ZRANGE', key, '0', '-1'), key, this.#foreign)
    const records = await this.#readAll(key, asTexts(reply))
    const own = records.filter((record) => record.owner === owner)
    return own.sort((one, other) => Date.parse(one.createdAt) - Date.parse(other.createdAt))
  }

  /** Reads tasks of an owner, and removes the ids of those that are not there any more. */
  async #readAll(ownerKey: string, taskIds: readonly string[]): Promise<readonly TaskRecord[]> {
    const found = await Promise.all(taskIds.map((taskId) => this.read(taskId)))
    const missing = taskIds.filter((_, place) => found[place] === undefined)
    if (missing.length > 0) await this.#commands.send(ownerKey, 'ZREM', ownerKey, ...missing)
    return found.filter((record) => record !== undefined)
  }

  /** @throws {McpError} ERR_TOO_MANY_TASKS, all tasks of the owner are running */
  async #addTo(owner: string, taskId: string, ttl: string): Promise<void> {
    const key = this.#keys.owner(owner)
    const { maxPerPrincipal } = this.#limits
    const args = [taskId, ttl, redisNumber(maxPerPrincipal)]
    const add = async () => asTexts(await this.#runOrReplace(ADD_TASK, [key], args))
    const taskIds = await add()
    if (taskIds.length === 0) return
    const records = await this.#readAll(key, taskIds)
    if (records.length === taskIds.length) {
      const ended = records.filter(isOver)
      const first = ended.sort(
        (one, other) => Date.parse(one.lastUpdatedAt) - Date.parse(other.lastUpdatedAt),
      )[0]
      if (first === undefined) throw tooMany(`${maxPerPrincipal} for each principal`)
      await this.delete(first.taskId)
      await this.#commands.send(key, 'ZREM', key, first.taskId)
    }
    // Another node may have been faster; then the limit is reached.
    if ((await add()).length > 0) throw tooMany(`${maxPerPrincipal} for each principal`)
  }

  /** Adds a task to all, in the place of one that has ended if need be. @throws {McpError} ERR_TOO_MANY_TASKS */
  async #count(taskId: string, ttl: string): Promise<void> {
    const { max } = this.#limits
    const victim = asText(
      await this.#runOrReplace(COUNT_TASK, this.#keys.tasks, [taskId, ttl, redisNumber(max)]),
    )
    if (victim === undefined) throw tooMany(String(max))
    if (victim !== '') await this.delete(victim)
  }

  /** @param keys - are deleted where they are not what this library has written */
  async #runOrReplace(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await this.#commands.run(script, keys, args)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      const [key] = keys as [string]
      this.#foreign.report(key)
      await this.#commands.send(key, 'DEL', ...keys)
      return this.#commands.run(script, keys, args)
    }
  }

  /** @throws {McpError} ERR_TASK_TOO_LARGE */
  #write(record: TaskRecord): string {
    const text = (isOver(record) ? ENDED : RUNNING) + JSON.stringify(record)
    const { maxBytes } = this.#limits
    if (text.length <= maxBytes) return text
    const problem = `A task takes ${text.length} bytes, above redisStore.maxTaskBytes, the limit of ${maxBytes}`
    throw new McpError('ERR_TASK_TOO_LARGE', problem)
  }
}

function tooMany(limit: string): McpError {
  return new McpError('ERR_TOO_MANY_TASKS', `Too many tasks are running (the limit is ${limit})`)
}

/** Redis knows no infinity. */
function redisNumber(limit: number): number {
  return Math.min(limit, Number.MAX_SAFE_INTEGER)
}

/** @returns undefined: it is no record of this task */
function readRecord(text: string | undefined, taskId: string): TaskRecord | undefined {
  if (text === undefined || (text[0] !== RUNNING && text[0] !== ENDED)) return undefined
  try {
    const record: unknown = JSON.parse(text.slice(1))
    const isRecord = isObject(record) && record['taskId'] === taskId && typeof record['status'] === 'string'
    return isRecord ? (record as unknown as TaskRecord) : undefined
  } catch {
    return undefined
  }
}
