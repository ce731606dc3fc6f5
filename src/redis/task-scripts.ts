/**
 * Lua of the task store. A task is a string: `r` or, when it has ended, `e`, and the record as JSON. The tasks of an owner
 * are a sorted set of their ids by the time when they expire, and so are all tasks; those that have ended are another one,
 * by the time of their end. What is in that and not among all tasks has expired, or was deleted.
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

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** Adds to `KEYS[1]` what expires, and expires with it. */
const ADD = `
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))
`

/**
 * KEYS: tasks of the owner. ARGV: id, milliseconds until it expires, how many there may be. Returns nothing when it is
 * added, and the ids, the first to expire first, when there are too many.
 */
export const ADD_TASK = new Script(`${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return redis.call('ZRANGE', KEYS[1], 0, -1) end
${ADD}
return {}
`)

/**
 * KEYS: all tasks, those that have ended. ARGV: id, milliseconds until it expires, how many there may be. Returns the id
 * of the one that has to go for it, or an empty text; nil when there are too many that run.
 */
export const COUNT_TASK = new Script(`${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local victim = ''
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  repeat
    victim = redis.call('ZPOPMIN', KEYS[2])[1]
    if not victim then return false end
  until redis.call('ZREM', KEYS[1], victim) == 1
end
${ADD}
return victim
`)

/** KEYS: all tasks, those that have ended. ARGV: id of one that has ended, how many are remembered. */
export const END_TASK = new Script(`${NOW}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, string.format('%.0f', -1 - ARGV[2]))
redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))
return 1
`)
