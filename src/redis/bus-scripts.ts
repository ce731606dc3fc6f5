/**
 * Lua of the bus. A message to all is an entry of one Redis Stream; its id is its sequence, which follows from the clock,
 * so that it rises even when the data was lost:
 *
 *    <milliseconds * 2048 + n>-0   p <sequence of the entry before> f <node> m <message>
 *    ...                           p <sequence of the entry before> f <node> x 1             the node has left
 *
 * By the sequence of the entry before, a reader knows that it has missed some.
 *
 * Messages to one node are entries of a stream of its own: f <node> m <message>.
 *
 * A node sends one batch at a time and numbers them, so that one that is sent again has no effect.
 */

import { Script } from './commands.ts'

/** Sequences of one millisecond. Numbers stay exact until the year 2109. */
const PER_MS = 2048

const HEAD = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function newest(key)
  local info = redis.pcall('XINFO', 'STREAM', key)
  if info.err then
    if redis.call('TYPE', key).ok ~= 'stream' then redis.call('DEL', key) end
    return 0
  end
  for place = 1, #info, 2 do
    if info[place] == 'last-generated-id' then return tonumber(string.match(info[place + 1], '^%d+')) end
  end
  return 0
end
local function add(key, floor, limit, ...)
  local before = newest(key)
  local sequence = math.max(before + 1, now * ${PER_MS}, floor + 1)
  redis.call('XADD', key, 'MAXLEN', '~', limit, string.format('%.0f-0', sequence), 'p', string.format('%.0f', before), ...)
  return sequence
end
`

/**
 * KEYS: messages to all, numbers of batches. ARGV: node, number of the batch, sequence that the node has seen, entries
 * that are retained, milliseconds that they are retained, milliseconds that the keys are kept, messages.
 */
export const PUBLISH = new Script(`${HEAD}
if tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0) >= tonumber(ARGV[2]) then return 0 end
for place = 7, #ARGV do add(KEYS[1], tonumber(ARGV[3]), ARGV[4], 'f', ARGV[1], 'm', ARGV[place]) end
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', (now - ARGV[5]) * ${PER_MS}))
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return 1
`)

/**
 * KEYS: nodes, numbers of batches, inbox of each message. ARGV: node, number of the batch, entries that one inbox may have,
 * milliseconds that keys are kept, then for each message: node, message. Returns for each 1: stored, 0: no such node,
 * -1: its inbox is full.
 */
export const SEND = new Script(`
local field = ARGV[1] .. '>'
local isNew = tonumber(redis.call('HGET', KEYS[2], field) or 0) < tonumber(ARGV[2])
local results = {}
for place = 3, #KEYS do
  local node, message = ARGV[2 * place - 1], ARGV[2 * place]
  local result = 1
  if not redis.call('ZSCORE', KEYS[1], node) then
    result = 0
  elseif isNew then
    if redis.call('XLEN', KEYS[place]) >= tonumber(ARGV[3]) then
      result = -1
    else
      redis.call('XADD', KEYS[place], '*', 'f', ARGV[1], 'm', message)
      redis.call('PEXPIRE', KEYS[place], ARGV[4])
    end
  end
  results[place - 2] = result
end
redis.call('HSET', KEYS[2], field, ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return results
`)

/**
 * KEYS: messages to all. Returns the first entry that is retained, if there is one, the sequence of the newest one that
 * there was, and the first sequence that the clock allows now.
 */
export const HEAD_OF_BUS = new Script(`${HEAD}
local last = newest(KEYS[1])
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
return { first, string.format('%.0f', last), string.format('%.0f', now * ${PER_MS}) }
`)

/**
 * Renews the lease of a node, and says which nodes are alive.
 *
 * KEYS: nodes, mark that there was no outage, messages to all, numbers of batches, inbox.
 * ARGV: node, lease, whether leases may end (0 or 1), id in the inbox up to which it was read, milliseconds that keys are
 * kept, nodes that this one knows.
 */
export const RENEW_LEASE = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local till = now + ARGV[2]
for place, kind in ipairs({ 'zset', 'string', 'stream', 'hash', 'stream' }) do
  local found = redis.call('TYPE', KEYS[place]).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', KEYS[place]) end
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  for _, node in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], till, node) end
  for place = 6, #ARGV do redis.call('ZADD', KEYS[1], till, ARGV[place]) end
end
redis.call('SET', KEYS[2], 1, 'PX', ARGV[2])
redis.call('ZADD', KEYS[1], till, ARGV[1])
if ARGV[3] == '1' then
  for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', now))) do
    redis.call('ZREM', KEYS[1], node)
    redis.call('HDEL', KEYS[4], node, node .. '>')
  end
end
if ARGV[4] ~= '' then redis.call('XTRIM', KEYS[5], 'MINID', ARGV[4]) end
for place = 1, #KEYS do
  if place ~= 2 then redis.call('PEXPIRE', KEYS[place], ARGV[5]) end
end
return redis.call('ZRANGE', KEYS[1], 0, -1)
`)

/** KEYS: nodes, messages to all, numbers of batches, inbox. ARGV: node, entries that are retained, milliseconds that keys are kept. */
export const LEAVE = new Script(`${HEAD}
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1], ARGV[1] .. '>')
redis.call('DEL', KEYS[4])
add(KEYS[2], 0, ARGV[2], 'f', ARGV[1], 'x', 1)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
`)
