import { defineScript, type Script } from '@taproot/redis';

/**
 * KEYS meta turns snapshots; ARGV messages bytes. What can be found of a thread: {owner, deletedBy, title, version, updatedAt, then
 * id and stored text of its newest messages}; what is not there is ''.
 */
export const DESCRIBE: Script = defineScript(
  'thread.describe',
  `
local reply = {}
for i, value in ipairs(redis.call('HMGET', KEYS[1], 'owner', 'deletedBy', 'title', 'version', 'updatedAt')) do
  reply[i] = value or ''
end
if reply[1] == '' then return reply end
local bytes = 0
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, ARGV[1] - 1)) do
  local text = redis.call('HGET', KEYS[3], 'q ' .. id)
  if text then
    bytes = bytes + #text
    reply[#reply + 1] = id
    reply[#reply + 1] = text
    if bytes > tonumber(ARGV[2]) then break end
  end
end
return reply`,
);

/** KEYS threads words texts; ARGV thread updatedAt words text. Puts a thread into its owner's index. */
export const INDEX: Script = defineScript(
  'user.index',
  `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
return 1`,
);

/** KEYS threads words texts; ARGV thread. */
export const UNINDEX: Script = defineScript(
  'user.unindex',
  `
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])`,
);

/**
 * KEYS threads words texts; ARGV at thread (where the last look ended, '' at the beginning) threads matches word …. Looks at so many
 * threads of a user, the last changed first, for those that have a word that begins with each of the words.
 *
 * Replies {at, thread of the last one it looked at, '' if there are no more, then thread and text of each match}.
 */
export const SEARCH: Script = defineScript(
  'user.search',
  `
local start = 0
if ARGV[2] ~= '' then
  if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or '-1') == tonumber(ARGV[1]) then
    start = redis.call('ZREVRANK', KEYS[1], ARGV[2]) + 1
  else
    start = redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[1], '+inf')
  end
end
local size = tonumber(ARGV[3])
local page = redis.call('ZREVRANGE', KEYS[1], start, start + size - 1, 'WITHSCORES')
if #page == 0 then return { '', '' } end
local threads = {}
for i = 1, #page, 2 do threads[#threads + 1] = page[i] end
local words = redis.call('HMGET', KEYS[2], unpack(threads))
local reply = { #threads < size and '' or page[#page], #threads < size and '' or page[#page - 1] }
local matches = 0
for i, thread in ipairs(threads) do
  local has = words[i]
  for w = 5, #ARGV do
    if not has or not string.find(has, ' ' .. ARGV[w], 1, true) then
      has = false
      break
    end
  end
  if has then
    matches = matches + 1
    reply[#reply + 1] = thread
    reply[#reply + 1] = redis.call('HGET', KEYS[3], thread) or ''
    if matches == tonumber(ARGV[4]) and i < #threads then
      reply[1], reply[2] = page[i * 2], thread
      break
    end
  end
end
return reply`,
);
