import { defineScript, type Script } from '../script.ts';

/** Writes whose ids are remembered for each document. */
const KEPT_WRITES = 64;

/**
 * Both scripts begin so. KEYS versions writes; ARGV write id, version to be met ('' any, 0 absent), …
 * `versions` is a Stream whose ids are `<version>-0`; `writes` the last write ids, scored by the version that each made.
 *
 * A version is Redis' clock in µs, or one more than the last: it names one value only, although the key expired or a
 * failover lost the latest writes. A Lua number holds it exactly until the year 2255.
 */
const BEGIN = `
local done = redis.call('ZSCORE', KEYS[2], ARGV[1])
if done then return { 1, string.format('%.0f', tonumber(done)) } end
local last = tonumber(redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2] or 0)
local current = 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  -- Memory may have been won back by evicting the one key of the two.
  if last == 0 then
    last = tonumber(string.match(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1], '^%d+'))
  end
  current = last
end
if ARGV[2] ~= '' and tonumber(ARGV[2]) ~= current then return { 0, string.format('%.0f', current) } end
local time = redis.call('TIME')
local version = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
`;

/** ARGV …, versions to keep, ttlMs (0 none), channel, value. Replies {1, version}, or {0, the present version}. */
export const SET_DOCUMENT: Script = defineScript(
  'agent-state.set',
  `${BEGIN}
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[3], version .. '-0', 'value', ARGV[6])
redis.call('ZADD', KEYS[2], version, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -${KEPT_WRITES + 1})
for n = 1, 2 do
  if ARGV[4] == '0' then redis.call('PERSIST', KEYS[n]) else redis.call('PEXPIRE', KEYS[n], ARGV[4]) end
end
redis.call('PUBLISH', ARGV[5], version)
return { 1, version }`,
);

/**
 * ARGV …, how long to remember it in ms, channel. Replies {1, version}, {1, '0'} if there was no document, or {0, the present
 * version}. It works without free memory too: once a script has written, Redis lets it go on, and UNLINK is always let.
 */
export const DELETE_DOCUMENT: Script = defineScript(
  'agent-state.delete',
  `${BEGIN}
if current == 0 then return { 1, '0' } end
redis.call('UNLINK', KEYS[1])
redis.call('ZADD', KEYS[2], version, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -${KEPT_WRITES + 1})
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[4], version)
return { 1, version }`,
);
