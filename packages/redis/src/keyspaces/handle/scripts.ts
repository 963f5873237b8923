import { defineScript, type Script } from '../../script.ts';

/** KEYS key; ARGV ttlMs or '', command, … The command, and the key's time to live in one step with it. */
export const WRITE: Script = defineScript(
  'keyspace.write',
  `
redis.setresp(3)
local reply = redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
if ARGV[1] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return reply`,
);

/**
 * KEYS old new; ARGV '1' or '2' for the one that counts, ttlMs or '', command, …
 * Both change in one step, so they cannot come apart. While the old counts, what only it has is copied first, so that a counter
 * goes on counting; once the new counts, what it lacks was deleted.
 */
export const WRITE_BOTH: Script = defineScript(
  'keyspace.write-both',
  `
redis.setresp(3)
local main = tonumber(ARGV[1])
if main == 1 and redis.call('EXISTS', KEYS[2]) == 0 then redis.call('COPY', KEYS[1], KEYS[2]) end
local reply = redis.call(ARGV[3], KEYS[main], unpack(ARGV, 4))
-- Nothing was done, e.g. SET NX on a key that is there.
if reply == nil or reply == false then return reply end
-- The backfill mends it, should it fail.
redis.pcall(ARGV[3], KEYS[3 - main], unpack(ARGV, 4))
if ARGV[2] ~= '' then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return reply`,
  { severalSlots: true },
);
