import { defineScript, LOG_LUA, type Script } from '@taproot/redis';

/**
 * The field `wait:<call>` of a run's record: until when the call waits, then `yes <seq>` or `no <seq>`. A call is asked
 * about once, so that a late repetition of an answer can never allow anything else.
 *
 * KEYS stream head run; ARGV channel publish fence n rest callId answerDeadlineMs, where rest ends before the value of
 * `expiresAt`. Replies {status, seq, chain}.
 */
export const ASK: Script = defineScript(
  'run.ask',
  `${LOG_LUA}
local verdict = log_guard(KEYS[3], ARGV[3], ARGV[4])
if verdict[1] ~= 'ok' then return verdict end
local expires = string.format('%.0f', log_now() + ARGV[7])
local entry = log_append(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[5] .. expires .. '}}')
if not entry then return { 'missing' } end
redis.call('HSET', KEYS[3], 'wait:' .. ARGV[6], expires)
log_guarded(KEYS[3], ARGV[4], entry)
return { 'ok', entry[1], entry[2] }`,
);

/**
 * KEYS meta run; ARGV fence run callIds. Lets go of a run that waits for the user; the fence is raised, so that nothing of
 * its owner comes after. Replies waiting, answered (one of them was meanwhile: the run can go on) or fence.
 */
export const SUSPEND: Script = defineScript(
  'run.suspend',
  `${LOG_LUA}
local r = redis.call('HMGET', KEYS[2], 'fence', 'state')
if r[1] ~= ARGV[1] or r[2] ~= 'running' then return 'fence' end
local expires = nil
for i = 3, #ARGV do
  local at = tonumber(redis.call('HGET', KEYS[2], 'wait:' .. ARGV[i]) or '')
  if not at then
    redis.call('HSET', KEYS[2], 'leaseUntil', 0, 'released', 1)
    return 'answered'
  end
  if not expires or at < expires then expires = at end
end
redis.call('HINCRBY', KEYS[2], 'fence', 1)
redis.call('HSET', KEYS[2], 'state', 'waiting', 'waitingSince', log_now(), 'expiresAt', string.format('%.0f', expires))
redis.call('HSET', KEYS[1], 'waiting', ARGV[2])
return 'waiting'`,
);

/**
 * KEYS stream head meta run; ARGV channel publish run owner callId yes|no rest. A waiting run may go on at once, by any worker;
 * the time that it waited does not count against its deadline. Replies {ok|dup, seq}, {settled}, {unknown} or {missing}.
 */
export const ANSWER: Script = defineScript(
  'run.answer',
  `${LOG_LUA}
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[4] then return { 'missing' } end
local field = 'wait:' .. ARGV[5]
local r = redis.call('HMGET', KEYS[4], 'state', field, 'waitingSince', 'startedAt')
if not r[1] or not r[2] then return { 'unknown' } end
local given, seq = string.match(r[2], '^(%a+) (%d+)$')
if given == ARGV[6] then return { 'dup', seq } end
local now = log_now()
if given or r[1] == 'ended' or now > tonumber(r[2]) then return { 'settled' } end
local entry = log_append(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[7])
if not entry then return { 'missing' } end
redis.call('HSET', KEYS[4], field, ARGV[6] .. ' ' .. entry[1])
if r[1] == 'waiting' then
  redis.call('HSET', KEYS[4], 'state', 'running', 'leaseUntil', 0, 'released', 1,
    'startedAt', string.format('%.0f', tonumber(r[4]) + now - tonumber(r[3])))
  redis.call('HDEL', KEYS[3], 'waiting')
end
return { 'ok', entry[1] }`,
);
