import { defineScript, type Script } from '../script.ts';

/** The index holds the ids of a user's sessions, scored by their expiry; it expires with the last of them. */
const SESSION_LUA = `
local function session_now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function session_text(number) return string.format('%.0f', number) end

local function session_index(index)
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  if last[2] then redis.call('PEXPIREAT', index, session_text(tonumber(last[2]))) end
end

local function session_roll(record, index, id, now, ttl, ends)
  local expires = math.min(now + ttl, ends)
  redis.call('HSET', record, 'expires', session_text(expires))
  redis.call('PEXPIREAT', record, session_text(expires))
  redis.call('ZADD', index, session_text(expires), id)
  session_index(index)
end

local function session_state(record)
  return redis.call('HMGET', record, 'user', 'data', 'version', 'created', 'expires', 'ends')
end
`;

/**
 * KEYS index record; ARGV id user data ttlMs lifetimeMs maxPerUser. Replies {'ok', …state}, or {'full', …ids} with the sessions that
 * would have to go, those that expire soonest.
 */
export const CREATE: Script = defineScript(
  'session.create',
  `${SESSION_LUA}
local now = session_now()
local living = '(' .. session_text(now)
local over = redis.call('ZCOUNT', KEYS[1], living, '+inf') - tonumber(ARGV[6])
if over >= 0 then
  return { 'full', unpack(redis.call('ZRANGEBYSCORE', KEYS[1], living, '+inf', 'LIMIT', 0, over + 1)) }
end
local ends = now + tonumber(ARGV[5])
-- Before what frees memory: a script is refused for want of it only at its first write.
redis.call('HSET', KEYS[2], 'user', ARGV[2], 'data', ARGV[3], 'version', '1',
  'created', session_text(now), 'ends', session_text(ends))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', session_text(now))
session_roll(KEYS[2], KEYS[1], ARGV[1], now, tonumber(ARGV[4]), ends)
return { 'ok', unpack(session_state(KEYS[2])) }`,
);

/** KEYS index record; ARGV id ttlMs. Replies the state, or nil if the session is over. */
export const TOUCH: Script = defineScript(
  'session.touch',
  `${SESSION_LUA}
local ends = redis.call('HGET', KEYS[2], 'ends')
if not ends then
  redis.call('ZREM', KEYS[1], ARGV[1])
  return nil
end
session_roll(KEYS[2], KEYS[1], ARGV[1], session_now(), tonumber(ARGV[2]), tonumber(ends))
return session_state(KEYS[2])`,
);

/** KEYS record; ARGV version data. Replies {'ok', …state}, {'conflict'} or {'gone'}. */
export const UPDATE: Script = defineScript(
  'session.update',
  `${SESSION_LUA}
local version = redis.call('HGET', KEYS[1], 'version')
if not version then return { 'gone' } end
if version ~= ARGV[1] then return { 'conflict' } end
redis.call('HSET', KEYS[1], 'data', ARGV[2], 'version', session_text(tonumber(version) + 1))
return { 'ok', unpack(session_state(KEYS[1])) }`,
);

/** KEYS index record…; ARGV channel id…. Ends the sessions and tells of each. Replies how many there were. */
export const DESTROY: Script = defineScript(
  'session.destroy',
  `
local ended = 0
for i = 2, #KEYS do
  if redis.call('DEL', KEYS[i]) == 1 then
    ended = ended + 1
    redis.call('PUBLISH', ARGV[1], ARGV[i])
  end
  redis.call('ZREM', KEYS[1], ARGV[i])
end
return ended`,
);
