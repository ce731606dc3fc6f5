/** Lua of the session store and of the shared secrets. */

import { Script } from './commands.ts'

/** KEYS: record, fields. Returns the record and the fields, or nothing. */
export const READ_SESSION = new Script(`
local record = redis.call('GET', KEYS[1])
if not record then return false end
return { record, redis.call('HGETALL', KEYS[2]) }
`)

/** KEYS: record, fields. ARGV: time to live, name, value (absent: the field is deleted). */
export const SET_FIELD = new Script(`
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then return 0 end
if ARGV[3] then redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) else redis.call('HDEL', KEYS[2], ARGV[2]) end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return 1
`)

/** KEYS: record, fields, mark of a deleted one. ARGV: time to live, record. Returns 0 where it was deleted. */
export const TOUCH_SESSION = new Script(`
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1]) end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return 1
`)

/** KEYS: record, fields, mark of a deleted one. ARGV: time to live of the mark. Returns whether there was one. */
export const DELETE_SESSION = new Script(`
redis.call('SET', KEYS[3], '', 'PX', ARGV[1])
redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[1])
`)

/**
 * KEYS: list of secrets, the newest first, each "<milliseconds when it was made> <secret>". ARGV: age of a secret that is
 * followed by a new one, how long one is kept after that, a new secret.
 */
export const READ_SECRETS = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local secrets = redis.call('LRANGE', KEYS[1], 0, -1)
local made = secrets[1] and tonumber(string.match(secrets[1], '^%d+'))
if not made or now - made >= tonumber(ARGV[1]) then
  table.insert(secrets, 1, string.format('%.0f %s', now, ARGV[3]))
  redis.call('LPUSH', KEYS[1], secrets[1])
end
local kept = 1
while secrets[kept + 1] do
  local follower = tonumber(string.match(secrets[kept], '^%d+')) or 0
  if now - follower >= tonumber(ARGV[2]) then break end
  kept = kept + 1
end
redis.call('LTRIM', KEYS[1], 0, kept - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local texts = {}
for place = 1, kept do texts[place] = string.match(secrets[place], '^%d+ (.+)$') end
return texts
`)
