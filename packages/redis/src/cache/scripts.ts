import { defineScript, type Script } from '../script.ts';

/** KEYS value. Replies {record, ms left}; the record is nil where there is none. */
export const READ: Script = defineScript(
  'cache.read',
  `return { redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }`,
);

/** KEYS value lease; ARGV record ttlMs. A factory that is running does not overwrite what is newer than it. */
export const WRITE: Script = defineScript(
  'cache.write',
  `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 1`,
);

/** KEYS value lease. Replies whether there was a value. A factory that is running stores nothing: what it knows may be older. */
export const DELETE: Script = defineScript(
  'cache.delete',
  `
redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[1])`,
);

/**
 * KEYS value lease; ARGV token leaseMs. Replies {1 if the lease is ours, record, ms left}: who takes the lease sees what the
 * holder before it has stored.
 */
export const TAKE_LEASE: Script = defineScript(
  'cache.take-lease',
  `
local ours = redis.call('GET', KEYS[2]) == ARGV[1]
if not ours and redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then ours = true end
return { ours and 1 or 0, redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }`,
);

/** KEYS lease; ARGV token leaseMs. Replies 0 if the lease is lost. */
export const RENEW_LEASE: Script = defineScript(
  'cache.renew-lease',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
);

/** KEYS lease; ARGV token. */
export const END_LEASE: Script = defineScript(
  'cache.end-lease',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
);

/** KEYS value lease; ARGV token record ttlMs. Replies 0, and stores nothing, if the lease was lost: to a deletion, a newer value, another holder. */
export const STORE: Script = defineScript(
  'cache.store',
  `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1`,
);

/**
 * KEYS tag; ARGV version keepMs. Replies the tag's version, and makes the given one if there is none: never one that there was
 * before, so that a tag that Redis lost ends its entries instead of reviving them.
 */
export const TAG_VERSION: Script = defineScript(
  'cache.tag-version',
  `
local version = redis.call('GET', KEYS[1])
if not version then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ARGV[1]
end
if redis.call('PTTL', KEYS[1]) < ARGV[2] / 2 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return version`,
);
