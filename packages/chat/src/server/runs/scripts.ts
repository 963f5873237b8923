import { defineScript, LOG_LUA, type Script } from '@taproot/redis';

/** Ends a run whose fence the caller holds: appends run-ended, closes the record, takes it off the queue. */
const END_LUA = `
local function run_end(stream, head, queue, run_key, run, channel, publish, rest, outcome)
  local entry = log_append(stream, head, channel, publish, rest)
  redis.call('HSET', run_key, 'state', 'ended', 'outcome', outcome, 'endedAt', log_now())
  -- Kept for a repeated end and for those who look; what lasts is in the log.
  redis.call('PEXPIRE', run_key, 86400000)
  redis.call('LREM', queue, 1, run)
  return entry
end
`;

/**
 * KEYS stream head queue run; ARGV channel publish run worker leaseMs runDeadlineMs queueDeadlineMs maxTakeovers
 * mayTakeOver and the three ready-made run-ended entries: queue-deadline, deadline, max-takeovers.
 *
 * Replies {what, …}: run or takeover with fence and elapsed ms; wait (others before it), leased with ms left, ended with
 * the queue's next run, gone.
 */
export const CLAIM: Script = defineScript(
  'run.claim',
  `${LOG_LUA}${END_LUA}
local stream, head, queue, key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local run = ARGV[3]
local r = redis.call('HMGET', key, 'state', 'fence', 'leaseUntil', 'takeovers', 'queuedAt', 'startedAt', 'released')
if not r[1] then return { 'gone' } end
local now = log_now()
local function ended(rest, outcome)
  redis.call('HINCRBY', key, 'fence', 1)
  run_end(stream, head, queue, key, run, ARGV[1], ARGV[2], rest, outcome)
  return { 'ended', redis.call('LINDEX', queue, 0) or '' }
end
if r[1] == 'ended' then return { 'ended', redis.call('LINDEX', queue, 0) or '' } end
if r[1] == 'queued' then
  if now - tonumber(r[5]) > tonumber(ARGV[7]) then return ended(ARGV[10], 'error') end
  if redis.call('LINDEX', queue, 0) ~= run then return { 'wait' } end
  redis.call('HSET', key, 'state', 'running', 'fence', 1, 'worker', ARGV[4], 'leaseUntil', now + ARGV[5], 'startedAt', now)
  return { 'run', '1', '0' }
end
local elapsed = now - tonumber(r[6])
local left = tonumber(r[3]) - now
if left > 0 then return { 'leased', string.format('%.0f', left) } end
if ARGV[9] ~= '1' and r[7] ~= '1' then return { 'leased', ARGV[5] } end
if elapsed > tonumber(ARGV[6]) then return ended(ARGV[11], 'error') end
local takeovers = tonumber(r[4])
if r[7] ~= '1' then takeovers = takeovers + 1 end
if takeovers > tonumber(ARGV[8]) then return ended(ARGV[12], 'orphaned') end
local fence = tonumber(r[2]) + 1
redis.call('HDEL', key, 'n', 'nseq', 'nchain', 'released')
redis.call('HSET', key, 'fence', fence, 'takeovers', takeovers, 'worker', ARGV[4], 'leaseUntil', now + ARGV[5])
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

/** KEYS stream head queue run; ARGV channel publish run fence n rest outcome. Replies {status, seq, chain, next run}. */
export const END: Script = defineScript(
  'run.end',
  `${LOG_LUA}${END_LUA}
local verdict = log_guard(KEYS[4], ARGV[4], ARGV[5])
if verdict[1] == 'dup' then return { 'dup', verdict[2], verdict[3], redis.call('LINDEX', KEYS[3], 0) or '' } end
if verdict[1] ~= 'ok' then return verdict end
local entry = run_end(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[3], ARGV[1], ARGV[2], ARGV[6], ARGV[7])
if not entry then return { 'missing' } end
log_guarded(KEYS[4], ARGV[5], entry)
return { 'ok', entry[1], entry[2], redis.call('LINDEX', KEYS[3], 0) or '' }`,
);
