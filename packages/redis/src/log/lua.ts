import { defineScript, type Script } from '../script.ts';

/** Entries over this size publish only their `seq`; readers fetch them from the stream. */
export const MAX_PUBLISHED_BYTES: number = 16 * 1024;

/**
 * Lua functions that other scripts put before their own body, so that an append and what belongs to it happen in one
 * step. `rest` is the entry's JSON object without its opening `{"at":…,`.
 *
 * chainₙ = first 20 hex digits of SHA-1(chainₙ₋₁ ":" seq ":" stored bytes).
 */
export const LOG_LUA: string = `
local function log_create(head, origin)
  if redis.call('EXISTS', head) == 0 then
    redis.call('HSET', head, 'seq', 0, 'chain', origin, 'origin', origin, 'first', 1)
  end
end

local function log_now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function log_append(stream, head, channel, publish, rest)
  local state = redis.call('HMGET', head, 'seq', 'chain')
  if not state[1] then return nil end
  local seq = string.format('%.0f', tonumber(state[1]) + 1)
  local prev = state[2]
  local body = '{"at":' .. string.format('%.0f', log_now()) .. ',' .. rest
  local chain = string.sub(redis.sha1hex(prev .. ':' .. seq .. ':' .. body), 1, 20)
  redis.call('XADD', stream, seq .. '-0', 'b', body, 'c', chain, 'p', prev)
  redis.call('HSET', head, 'seq', seq, 'chain', chain)
  local message = seq
  if #body <= ${MAX_PUBLISHED_BYTES} then message = seq .. ' ' .. chain .. ' ' .. prev .. ' ' .. body end
  redis.call(publish, channel, message)
  return { seq, chain }
end

-- 'new', 'dup' with what was remembered, or 'reused' if the id came with other content.
local function log_once(ids, id, digest)
  local known = redis.call('HGET', ids, id)
  if not known then return { 'new' } end
  if string.sub(known, 1, 40) ~= redis.sha1hex(digest) then return { 'reused' } end
  return { 'dup', string.sub(known, 42) }
end

local function log_remember(ids, id, digest, what)
  redis.call('HSET', ids, id, redis.sha1hex(digest) .. ' ' .. what)
end

-- Fence and sequence of one producer: 'ok', 'dup' with seq and chain of its last entry, or 'fence' with the present fence.
-- A producer whose state is 'ended' writes nothing more, nor does one of whose entries Redis has lost some: what it would
-- write next does not follow what is there.
local function log_guard(guard, fence, n)
  local state = redis.call('HMGET', guard, 'fence', 'n', 'nseq', 'nchain', 'state')
  if state[1] ~= fence then return { 'fence', state[1] or '0' } end
  if n == state[2] then return { 'dup', state[3], state[4] } end
  if tonumber(n) ~= tonumber(state[2] or 0) + 1 or state[5] == 'ended' then return { 'fence', state[1] } end
  return { 'ok' }
end

local function log_guarded(guard, n, entry)
  redis.call('HSET', guard, 'n', n, 'nseq', entry[1], 'nchain', entry[2])
end
`;

/** KEYS head; ARGV origin. */
export const CREATE: Script = defineScript(
  'log.create',
  `${LOG_LUA}
log_create(KEYS[1], ARGV[1])
return redis.call('HMGET', KEYS[1], 'seq', 'chain', 'first', 'origin')`,
);

/**
 * KEYS stream head [guard] [ids]; ARGV channel publish rest mode …
 * mode 'plain' | 'guard' fence n | 'once' id digest. Replies {status, seq, chain}.
 */
export const APPEND: Script = defineScript(
  'log.append',
  `${LOG_LUA}
local mode = ARGV[4]
if mode == 'guard' then
  local verdict = log_guard(KEYS[3], ARGV[5], ARGV[6])
  if verdict[1] ~= 'ok' then return verdict end
elseif mode == 'once' then
  local verdict = log_once(KEYS[3], ARGV[5], ARGV[6])
  if verdict[1] == 'reused' then return verdict end
  if verdict[1] == 'dup' then
    local at = string.find(verdict[2], ' ', 1, true)
    return { 'dup', string.sub(verdict[2], 1, at - 1), string.sub(verdict[2], at + 1) }
  end
end
local entry = log_append(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3])
if not entry then return { 'missing' } end
if mode == 'guard' then log_guarded(KEYS[3], ARGV[6], entry) end
if mode == 'once' then log_remember(KEYS[3], ARGV[5], ARGV[6], entry[1] .. ' ' .. entry[2]) end
return { 'ok', entry[1], entry[2] }`,
);
