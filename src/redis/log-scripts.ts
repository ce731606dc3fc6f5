/**
 * Lua of the logs of streams. An entry of a Redis Stream is what was written together, and its id the sequence of its last
 * event, so that Redis itself refuses what was written before:
 *
 *    3-0  d <event 1> d <event 2> d <event 3>
 *    4-0  d <event 4>
 *    5-0  n                                        event 5 was too large to be kept
 *    <highest>  e <node> l 5                       the end: nothing can follow the highest id there is
 */

import { Script } from './commands.ts'

export const HIGHEST_ID = '18446744073709551615-18446744073709551615'

const HEAD = `
local highest = '${HIGHEST_ID}'
local function top()
  local found = redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  if found.err then redis.call('DEL', KEYS[1]) return nil end
  return found[1]
end
local function last(entry)
  if not entry then return 0 end
  return tonumber(string.match(entry[1], '^%d+'))
end
local function expire(ttl)
  redis.call('PEXPIRE', KEYS[1], ttl)
  redis.call('PEXPIRE', KEYS[2], ttl)
end
`

/**
 * Writes what raw commands cannot: the first events, the last ones, those after the log was lost, and none at all, to
 * begin the time to live anew.
 *
 * KEYS: events, meta. ARGV: node, time to live, meta, oldest, last, whether it ends (0 or 1), name and value of each field.
 * Returns 1: it is stored; 0: another node has finished the log.
 */
export const APPEND = new Script(`${HEAD}
local entry = top()
if entry and entry[1] == highest then return entry[2][2] == ARGV[1] and 1 or 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2])
local sequence = tonumber(ARGV[5])
if #ARGV > 6 and sequence > last(entry) then
  redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[4], ARGV[5] .. '-0', unpack(ARGV, 7))
end
if ARGV[6] == '1' then redis.call('XADD', KEYS[1], highest, 'e', ARGV[1], 'l', ARGV[5]) end
expire(ARGV[2])
return 1
`)

/** KEYS: events, meta. ARGV: sequence that the reader has, entries at most. Returns meta, entries, and the newest two. */
export const READ_LOG = new Script(`
local meta = redis.call('GET', KEYS[2])
if not meta then return false end
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])
return { meta, entries, redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1) }
`)

/**
 * KEYS: events, meta. ARGV: node, time to live, sequence, data, and the meta of a log that is not there and is to be
 * begun. Returns whether it has finished the log.
 */
export const FINISH = new Script(`${HEAD}
if not ARGV[5] and redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local entry = top()
if entry and (entry[1] == highest or last(entry) >= tonumber(ARGV[3])) then return 0 end
if ARGV[5] then redis.call('SET', KEYS[2], ARGV[5], 'NX') end
redis.call('XADD', KEYS[1], ARGV[3] .. '-0', 'd', ARGV[4])
redis.call('XADD', KEYS[1], highest, 'e', ARGV[1], 'l', ARGV[3])
expire(ARGV[2])
return 1
`)
