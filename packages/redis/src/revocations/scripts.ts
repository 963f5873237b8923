import { defineScript, type Script } from '../script.ts';

/**
 * KEYS list version; ARGV channel, then hash and until (ms since 1970) of each token. Publishes `<version before> <version> <hash>
 * <until> …`. Replies the version.
 *
 * The version is Redis' clock in µs, or one more than the last, so that no two states of the list share one, also not where
 * one of them was lost.
 */
export const REVOKE: Script = defineScript(
  'revocations.revoke',
  `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local before = redis.call('GET', KEYS[2]) or '0'
local added = {}
for i = 2, #ARGV, 2 do
  local known = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local till = tonumber(ARGV[i + 1])
  if till * 1000 > now and not (known and tonumber(known) >= till) then
    redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i])
    added[#added + 1] = ARGV[i] .. ' ' .. ARGV[i + 1]
  end
end
if #added == 0 then return before end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now / 1000))
local version = string.format('%.0f', math.max(tonumber(before) + 1, now))
redis.call('SET', KEYS[2], version)
local last = string.format('%.0f', tonumber(redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]))
redis.call('PEXPIREAT', KEYS[1], last)
redis.call('PEXPIREAT', KEYS[2], last)
redis.call('PUBLISH', ARGV[1], before .. ' ' .. version .. ' ' .. table.concat(added, ' '))
return version`,
);

/** KEYS list version; ARGV the version that is known. Replies {version, now in ms, {hash, until, …}}; the list is empty if the version is the known one. */
export const SYNC: Script = defineScript(
  'revocations.sync',
  `
local version = redis.call('GET', KEYS[2]) or '0'
local now = redis.call('TIME')[1] .. '000'
if version == ARGV[1] then return { version, now, {} } end
return { version, now, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES') }`,
);
