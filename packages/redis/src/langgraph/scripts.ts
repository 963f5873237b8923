import { defineScript, type Script } from '../script.ts';

/** Characters of a digest: SHA-256 as base64url. */
export const DIGEST_CHARS = 43;

/*
 * A thread is two keys, so it is deleted, and expires, as a whole. KEYS index data of all scripts.
 *
 * `index`, a sorted set of equal scores, so ordered by its members' bytes: `c<namespace>\0<id>` for each checkpoint, and
 * `w<namespace>\0<id>\0<task>\0<n>` for each write. `data`, a hash: under `c…` the checkpoint, `m…` its metadata, `p…` its
 * parent's id, `d…` the digests of its large channel values in a row; under `w…` the write; under `b<digest>` a channel
 * value, stored once for all checkpoints that have it; under `v<namespace>\0<channel>` a 1 if the channel was ever written;
 * under `t` the thread's id.
 */

const EXPIRE = `
local function expire(ttlMs)
  for n = 1, 2 do
    if ttlMs == '0' then redis.call('PERSIST', KEYS[n]) else redis.call('PEXPIRE', KEYS[n], ttlMs) end
  end
end
`;

/** ARGV ttlMs (0 none), `<namespace>\0<id>`, thread, checkpoint, metadata, parent ('' none), digests, then fields and values to store if they are not. */
export const PUT_CHECKPOINT: Script = defineScript(
  'langgraph.put',
  `${EXPIRE}
local place = ARGV[2]
for n = 8, #ARGV, 2 do redis.call('HSETNX', KEYS[2], ARGV[n], ARGV[n + 1]) end
redis.call('HSET', KEYS[2], 't', ARGV[3], 'c' .. place, ARGV[4], 'm' .. place, ARGV[5], 'd' .. place, ARGV[7])
if ARGV[6] == '' then redis.call('HDEL', KEYS[2], 'p' .. place)
else redis.call('HSET', KEYS[2], 'p' .. place, ARGV[6]) end
redis.call('ZADD', KEYS[1], 0, 'c' .. place)
expire(ARGV[1])`,
);

/** ARGV ttlMs (0 none), then for each write HSET or HSETNX, `w<namespace>\0<id>\0<task>\0<n>`, value. */
export const PUT_WRITES: Script = defineScript(
  'langgraph.put-writes',
  `${EXPIRE}
for n = 2, #ARGV, 3 do
  redis.call(ARGV[n], KEYS[2], ARGV[n + 1], ARGV[n + 2])
  redis.call('ZADD', KEYS[1], 0, ARGV[n + 1])
end
expire(ARGV[1])`,
);

/**
 * ARGV `<namespace>\0`, id ('' the latest). Replies nil, or {`<namespace>\0<id>`, checkpoint, metadata, parent or nil, writes,
 * large channel values in the order of their digests}.
 */
export const READ_CHECKPOINT: Script = defineScript(
  'langgraph.read',
  `
local place = ARGV[1] .. ARGV[2]
if ARGV[2] == '' then
  local past = '(c' .. string.sub(ARGV[1], 1, -2) .. '\\1'
  local latest = redis.call('ZREVRANGEBYLEX', KEYS[1], past, '[c' .. ARGV[1], 'LIMIT', 0, 1)[1]
  if not latest then return false end
  place = string.sub(latest, 2)
end
local stored = redis.call('HMGET', KEYS[2], 'c' .. place, 'm' .. place, 'p' .. place, 'd' .. place)
if not stored[1] then return false end
local writes, values = {}, {}
local members = redis.call('ZRANGEBYLEX', KEYS[1], '[w' .. place .. '\\0', '(w' .. place .. '\\1')
for n, member in ipairs(members) do writes[n] = redis.call('HGET', KEYS[2], member) end
for n = 1, #stored[4], ${DIGEST_CHARS} do
  values[#values + 1] = redis.call('HGET', KEYS[2], 'b' .. string.sub(stored[4], n, n + ${DIGEST_CHARS - 1}))
end
return { place, stored[1], stored[2], stored[3], writes, values }`,
);

/** ARGV `<namespace>\0`, id, count. Replies the ids of its parent, its parent's parent, …, at most so many. */
export const ANCESTORS: Script = defineScript(
  'langgraph.ancestors',
  `
local ids = {}
local parent = redis.call('HGET', KEYS[2], 'p' .. ARGV[1] .. ARGV[2])
while parent and #ids < tonumber(ARGV[3]) do
  ids[#ids + 1] = parent
  parent = redis.call('HGET', KEYS[2], 'p' .. ARGV[1] .. parent)
end
return ids`,
);
