import { defineScript, LOG_LUA, type Script } from '@taproot/redis';

/** KEYS head meta; ARGV origin owner title now. Makes thread and log together. */
export const CREATE_THREAD: Script = defineScript(
  'thread.create',
  `${LOG_LUA}
log_create(KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], 'owner', ARGV[2], 'title', ARGV[3], 'createdAt', log_now(), 'updatedAt', log_now(),
  'version', ARGV[1])
return redis.call('HMGET', KEYS[2], 'createdAt')`,
);

/**
 * KEYS stream head meta ids queue run turns runs snapshots; ARGV channel publish rest owner id digest run maxOpen title
 * message user kind name of. Stores what the user asked for (`kind` send, edit or regenerate, under `name`) and its run together. An edit
 * takes the place of the message `of`, a regeneration answers it anew; both cut off what followed, and only a thread at
 * rest allows that. For a regeneration `rest` ends before the value of `supersedes`.
 *
 * Replies {status, seq, run}; status ok, dup, reused, missing, full, unknown, superseded or open.
 */
export const SEND: Script = defineScript(
  'thread.send',
  `${LOG_LUA}
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[4] then return { 'missing' } end
local known = log_once(KEYS[4], ARGV[5], ARGV[6])
if known[1] == 'reused' then return known end
if known[1] == 'dup' then
  local at = string.find(known[2], ' ', 1, true)
  return { 'dup', string.sub(known[2], 1, at - 1), string.sub(known[2], at + 1) }
end
-- Somebody else's, in a thread of several users: messages are told apart by their id.
if redis.call('HEXISTS', KEYS[8], ARGV[13]) == 1 then return { 'reused' } end
local open = redis.call('LLEN', KEYS[5])
if open >= tonumber(ARGV[8]) then return { 'full' } end
local kind, name, of, rest = ARGV[12], ARGV[13], ARGV[14], ARGV[3]
local turn = name
if kind ~= 'send' then
  local at = redis.call('ZSCORE', KEYS[7], of)
  if not at then
    if redis.call('HEXISTS', KEYS[8], of) == 1 then return { 'superseded' } end
    return { 'unknown' }
  end
  if open > 0 then return { 'open' } end
  if redis.call('HEXISTS', KEYS[9], 'q ' .. of) == 0 then return { 'unknown' } end
  for _, cut in ipairs(redis.call('ZRANGEBYSCORE', KEYS[7], at, '+inf')) do
    redis.call('HDEL', KEYS[9], 'a ' .. (redis.call('HGET', KEYS[8], cut) or ''))
    if kind == 'edit' or cut ~= of then redis.call('HDEL', KEYS[9], 'q ' .. cut) end
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[7], at, '+inf')
end
if kind == 'regenerate' then
  turn = of
  rest = rest .. '"' .. redis.call('HGET', KEYS[8], of) .. '"}}'
end
local entry = log_append(KEYS[1], KEYS[2], ARGV[1], ARGV[2], rest)
if not entry then return { 'missing' } end
redis.call('ZADD', KEYS[7], entry[1], turn)
redis.call('HSET', KEYS[8], name, ARGV[7], turn, ARGV[7])
local now = log_now()
redis.call('HSET', KEYS[6], 'state', 'queued', 'fence', 0, 'takeovers', 0, 'queuedAt', now, 'seq', entry[1],
  'message', ARGV[10], 'user', ARGV[11])
redis.call('RPUSH', KEYS[5], ARGV[7])
log_remember(KEYS[4], ARGV[5], ARGV[6], entry[1] .. ' ' .. ARGV[7])
redis.call('HSET', KEYS[3], 'updatedAt', now, 'version', entry[2])
if kind ~= 'send' then redis.call('HSET', KEYS[3], 'cut', entry[1]) end
if kind ~= 'regenerate' then redis.call('HSET', KEYS[9], 'q ' .. name, string.format('%.0f ', now) .. ARGV[10]) end
if redis.call('HGET', KEYS[3], 'title') == '' then redis.call('HSET', KEYS[3], 'title', ARGV[9]) end
return { 'ok', entry[1], ARGV[7] }`,
);

/** KEYS meta; ARGV owner title. Replies 1, or 0 where there is no such thread of this owner. */
export const RENAME: Script = defineScript(
  'thread.rename',
  `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
local version = redis.sha1hex((redis.call('HGET', KEYS[1], 'version') or '') .. ARGV[2])
redis.call('HSET', KEYS[1], 'title', ARGV[2], 'version', version)
return 1`,
);

/**
 * KEYS meta stream head ids queue turns runs outcomes snapshots and the records of the open runs; ARGV owner channel publish
 * tombstoneMs, the open runs with a space between, then their ready-made run-ended entries. Ends them as stopped and leaves a tombstone in meta, with
 * those entries for sockets that have not got them yet. Replies ok, open (other runs are open), or missing.
 */
export const DELETE: Script = defineScript(
  'thread.delete',
  `${LOG_LUA}
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 'missing' end
if table.concat(redis.call('LRANGE', KEYS[5], 0, -1), ' ') ~= ARGV[5] then return 'open' end
local closing = {}
for i = 6, #ARGV do
  local entry = log_append(KEYS[2], KEYS[3], ARGV[2], ARGV[3], ARGV[i])
  if entry then
    local fields = redis.call('XRANGE', KEYS[2], entry[1] .. '-0', entry[1] .. '-0')[1][2]
    closing[#closing + 1] = { entry[1], fields[4], fields[6], fields[2] }
  end
end
redis.call('UNLINK', unpack(KEYS))
redis.call('HSET', KEYS[1], 'deletedAt', log_now(), 'deletedBy', ARGV[1], 'closing', cjson.encode(closing))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call(ARGV[3], ARGV[2], '0')
return 'ok'`,
);
