import { defineScript, LOG_LUA, type Script } from '@taproot/redis';

/**
 * KEYS stream head queue. How much of a log is retained: {seq, entries, bytes, `at` of the oldest entry or 0, now, open
 * runs …}; none where there is no log.
 */
export const EXTENT: Script = defineScript(
  'thread.extent',
  `${LOG_LUA}
local seq = redis.call('HGET', KEYS[2], 'seq')
if not seq then return {} end
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local at = oldest and string.match(oldest[2][2], '^{"at":(%d+)') or '0'
local reply = { seq, tostring(redis.call('XLEN', KEYS[1])), tostring(redis.call('MEMORY', 'USAGE', KEYS[1]) or 0), at,
  string.format('%.0f', log_now()) }
for _, run in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do reply[#reply + 1] = run end
return reply`,
);

/**
 * KEYS stream head turns runs snapshots; ARGV first chain and of each folded run: of run snapshot. Stores the snapshots and
 * trims the log to begin at `first`, together: there is no moment at which a message is in neither. `chain`, that of the
 * entry before, shows that it is still the log that was read; a run that was answered anew needs no snapshot.
 *
 * Replies ok, or changed.
 */
export const FOLD: Script = defineScript(
  'thread.fold',
  `
local before = string.format('%.0f', tonumber(ARGV[1]) - 1) .. '-0'
local entry = redis.call('XRANGE', KEYS[1], before, before)[1]
if not entry then return 'changed' end
for i = 1, #entry[2], 2 do
  if entry[2][i] == 'c' and entry[2][i + 1] ~= ARGV[2] then return 'changed' end
end
if redis.call('EXISTS', KEYS[2]) == 0 then return 'changed' end
for i = 3, #ARGV, 3 do
  if redis.call('ZSCORE', KEYS[3], ARGV[i]) and redis.call('HGET', KEYS[4], ARGV[i]) == ARGV[i + 1] then
    redis.call('HSET', KEYS[5], 'a ' .. ARGV[i + 1], ARGV[i + 2])
  end
end
redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[1] .. '-0')
redis.call('HSET', KEYS[2], 'first', ARGV[1])
return 'ok'`,
);

/**
 * KEYS turns runs snapshots head meta; ARGV below turns maxBytes question. What is kept of turns that began below a `seq`,
 * newest first, until there are so many turns or bytes.
 *
 * Replies {seq of the last cut, first, the message `question`, then message, seq, run, question, answer of each turn}; what is
 * not there is ''.
 */
export const KEPT: Script = defineScript(
  'thread.kept',
  `
local function kept(field) return redis.call('HGET', KEYS[3], field) or '' end
local reply = { redis.call('HGET', KEYS[5], 'cut') or '0', redis.call('HGET', KEYS[4], 'first') or '1', kept('q ' .. ARGV[4]) }
local found = redis.call('ZREVRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '-inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local bytes = 0
for i = 1, #found, 2 do
  local run = redis.call('HGET', KEYS[2], found[i]) or ''
  local question, answer = kept('q ' .. found[i]), kept('a ' .. run)
  bytes = bytes + #question + #answer
  if i > 1 and bytes > tonumber(ARGV[3]) then break end
  for _, part in ipairs({ found[i], found[i + 1], run, question, answer }) do reply[#reply + 1] = part end
end
return reply`,
);

/**
 * KEYS turns runs snapshots head; ARGV the id of a message, or of the run that answers it. Replies {seq at which its turn began
 * or '', first of the log}.
 */
export const PLACE: Script = defineScript(
  'thread.place',
  `
local first = redis.call('HGET', KEYS[4], 'first') or '1'
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if at then return { at, first } end
local answer = redis.call('HGET', KEYS[3], 'a ' .. ARGV[1])
local of = answer and string.match(answer, '^%S+')
if not of or redis.call('HGET', KEYS[2], of) ~= ARGV[1] then return { '', first } end
return { redis.call('ZSCORE', KEYS[1], of) or '', first }`,
);
