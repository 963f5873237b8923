import { defineScript, LOG_LUA, type Script } from '@taproot/redis';

/**
 * Ends a run: appends run-ended, closes the record, takes it off the queue. Needs KEYS stream head meta queue outcomes run
 * in this order. Its caller holds the fence, or has raised it.
 */
const END_LUA = `
local function run_end(run, channel, publish, rest, outcome)
  local entry = log_append(KEYS[1], KEYS[2], channel, publish, rest)
  if not entry then return nil end
  redis.call('HSET', KEYS[6], 'state', 'ended', 'outcome', outcome, 'endedAt', log_now())
  -- Kept for a repeated end and for those who look; what lasts is in the log and in the outcomes.
  redis.call('PEXPIRE', KEYS[6], 86400000)
  redis.call('HSET', KEYS[5], run, outcome)
  redis.call('LREM', KEYS[4], 1, run)
  if redis.call('HGET', KEYS[3], 'waiting') == run then redis.call('HDEL', KEYS[3], 'waiting') end
  return entry
end
`;

/**
 * KEYS stream head meta queue outcomes run; ARGV channel publish run worker leaseMs runDeadlineMs queueDeadlineMs
 * maxTakeovers mayTakeOver and the ready-made run-ended entries: queue-deadline, deadline, max-takeovers, unanswered, lost.
 *
 * Replies {what, …}: run or takeover with fence and elapsed ms; wait with the run before all others (none if for the user's
 * answer), leased with ms left, ended with the queue's next run, gone.
 */
export const CLAIM: Script = defineScript(
  'run.claim',
  `${LOG_LUA}${END_LUA}
local queue, key = KEYS[4], KEYS[6]
local run = ARGV[3]
local r = redis.call('HMGET', key, 'state', 'fence', 'leaseUntil', 'takeovers', 'queuedAt', 'startedAt', 'released',
  'expiresAt', 'leaseMs')
if not r[1] then
  if not redis.call('LPOS', queue, run) then return { 'gone' } end
  run_end(run, ARGV[1], ARGV[2], ARGV[14], 'orphaned')
  return { 'ended', redis.call('LINDEX', queue, 0) or '' }
end
local now = log_now()
local function ended(rest, outcome)
  redis.call('HINCRBY', key, 'fence', 1)
  run_end(run, ARGV[1], ARGV[2], rest, outcome)
  return { 'ended', redis.call('LINDEX', queue, 0) or '' }
end
if r[1] == 'ended' then return { 'ended', redis.call('LINDEX', queue, 0) or '' } end
if r[1] == 'queued' then
  if now - tonumber(r[5]) > tonumber(ARGV[7]) then return ended(ARGV[10], 'error') end
  local head = redis.call('LINDEX', queue, 0)
  if head ~= run then return { 'wait', head or '' } end
  redis.call('HSET', key, 'state', 'running', 'fence', 1, 'worker', ARGV[4], 'leaseUntil', now + ARGV[5], 'startedAt', now,
    'leaseMs', ARGV[5])
  return { 'run', '1', '0' }
end
if r[1] == 'waiting' then
  if now > tonumber(r[8]) then return ended(ARGV[13], 'error') end
  return { 'wait', '' }
end
local elapsed = now - tonumber(r[6])
local left = tonumber(r[3]) - now
local lease = tonumber(r[9] or ARGV[5])
-- Times that are further away than they can be are from before the clock was set back.
if elapsed < 0 then
  elapsed = 0
  redis.call('HSET', key, 'startedAt', now)
end
if left > lease then
  left = lease
  redis.call('HSET', key, 'leaseUntil', now + lease)
end
-- Its owner has one lease to end it by itself.
if elapsed > tonumber(ARGV[6]) + ARGV[5] then return ended(ARGV[11], 'error') end
if left > 0 then return { 'leased', string.format('%.0f', left) } end
if ARGV[9] ~= '1' and r[7] ~= '1' then return { 'leased', ARGV[5] } end
if elapsed > tonumber(ARGV[6]) then return ended(ARGV[11], 'error') end
local takeovers = tonumber(r[4])
if r[7] ~= '1' then takeovers = takeovers + 1 end
if takeovers > tonumber(ARGV[8]) then return ended(ARGV[12], 'orphaned') end
local fence = tonumber(r[2]) + 1
redis.call('HDEL', key, 'n', 'nseq', 'nchain', 'released')
redis.call('HSET', key, 'fence', fence, 'takeovers', takeovers, 'worker', ARGV[4], 'leaseUntil', now + ARGV[5],
  'leaseMs', ARGV[5])
return { 'takeover', string.format('%.0f', fence), string.format('%.0f', elapsed) }`,
);

/** KEYS run; ARGV fence leaseMs. Replies 1, or 0 if the run has another owner or has ended. */
export const RENEW: Script = defineScript(
  'run.renew',
  `${LOG_LUA}
local r = redis.call('HMGET', KEYS[1], 'fence', 'state')
if r[1] ~= ARGV[1] or r[2] ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'leaseUntil', log_now() + ARGV[2])
return 1`,
);

/** KEYS run; ARGV fence. Gives the run back, so that any worker may take it over at once. */
export const RELEASE: Script = defineScript(
  'run.release',
  `
local r = redis.call('HMGET', KEYS[1], 'fence', 'state')
if r[1] ~= ARGV[1] or r[2] ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'leaseUntil', 0, 'released', 1)
return 1`,
);

/** KEYS stream head meta queue outcomes run; ARGV channel publish run fence n rest outcome. Replies {status, seq, chain, next run}. */
export const END: Script = defineScript(
  'run.end',
  `${LOG_LUA}${END_LUA}
local verdict = log_guard(KEYS[6], ARGV[4], ARGV[5])
if verdict[1] == 'dup' then return { 'dup', verdict[2], verdict[3], redis.call('LINDEX', KEYS[4], 0) or '' } end
if verdict[1] ~= 'ok' then return verdict end
local entry = run_end(ARGV[3], ARGV[1], ARGV[2], ARGV[6], ARGV[7])
if not entry then return { 'missing' } end
log_guarded(KEYS[6], ARGV[5], entry)
return { 'ok', entry[1], entry[2], redis.call('LINDEX', KEYS[4], 0) or '' }`,
);

/**
 * KEYS stream head meta queue outcomes run; ARGV channel publish run owner rest. Ends an open run as stopped: with the fence
 * raised its owner writes nothing more. Replies {ended, outcome, the queue's next run}, {unknown} or {missing}.
 */
export const STOP: Script = defineScript(
  'run.stop',
  `${LOG_LUA}${END_LUA}
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[4] then return { 'missing' } end
local state = redis.call('HGET', KEYS[6], 'state')
if state and state ~= 'ended' then
  redis.call('HINCRBY', KEYS[6], 'fence', 1)
  if not run_end(ARGV[3], ARGV[1], ARGV[2], ARGV[5], 'stopped') then return { 'missing' } end
end
local outcome = redis.call('HGET', KEYS[5], ARGV[3])
if not outcome then return { 'unknown' } end
return { 'ended', outcome, redis.call('LINDEX', KEYS[4], 0) or '' }`,
);
