/**
 * Lua of the task store. A task is a string: `r` or, when it has ended, `e`, and the record as JSON. The tasks of an owner
 * are a sorted set of their ids by the time when they expire.
 */

import { Script } from './commands.ts'

/** KEYS: task. ARGV: what replaces it, unless it has ended, which is the reply 0, or is not there. */
export const UPDATE_TASK = new Script(`
local stored = redis.call('GET', KEYS[1])
if not stored then return 1 end
if string.sub(stored, 1, 1) == 'e' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
return 1
`)

/**
 * KEYS: tasks of the owner. ARGV: id, milliseconds until it expires, how many there may be. Returns nothing when it is
 * added, and the ids, the first to expire first, when there are too many.
 */
export const ADD_TASK = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return redis.call('ZRANGE', KEYS[1], 0, -1) end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))
return {}
`)
