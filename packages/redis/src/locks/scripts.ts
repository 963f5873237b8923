import { defineScript, type Script } from '../script.ts';

/**
 * KEYS lease fence; ARGV owner ttlMs keepMs. Replies {1, fence}, or {0, ms until the present lease ends}.
 *
 * The fence is Redis' clock in µs, or one more than the last: it grows although the key that remembers the last was lost,
 * as by a failover. A Lua number holds it exactly until the year 2255. The same owner again, whose first reply was lost, gets the same fence.
 */
export const ACQUIRE: Script = defineScript(
  'lock.acquire',
  `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return { 0, redis.call('PTTL', KEYS[1]) } end
local fence = redis.call('GET', KEYS[2])
if not (owner and fence) then
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  fence = string.format('%.0f', math.max(tonumber(fence or '0') + 1, now))
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], fence, 'PX', ARGV[3])
return { 1, fence }`,
);

/** KEYS lease fence; ARGV owner ttlMs keepMs. Replies 1, or 0 if the lease is another's or over. PEXPIRE works without free memory too. */
export const RENEW: Script = defineScript(
  'lock.renew',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1`,
);

/** KEYS lease; ARGV owner channel. Replies 1, or 0 if the lease is another's or over. */
export const RELEASE: Script = defineScript(
  'lock.release',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], 'free')
return 1`,
);
