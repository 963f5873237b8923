import { defineScript, type Script } from '../script.ts';

/**
 * A Lua function to put before a script of your own: `fence_admits(guard, fence)` is false if the hash `guard` has seen a
 * higher fence, and else remembers this one. `guard` is one of the script's KEYS, in the slot of what the script writes.
 */
export const FENCE_LUA: string = `
local function fence_admits(guard, fence)
  local highest = redis.call('HGET', guard, 'fence')
  if highest and tonumber(highest) > tonumber(fence) then return false end
  redis.call('HSET', guard, 'fence', fence)
  return true
end
`;

/** KEYS value; ARGV fence value. Replies {1}, or {0, the higher fence}. */
export const FENCED_SET: Script = defineScript(
  'lock.fenced-set',
  `${FENCE_LUA}
if not fence_admits(KEYS[1], ARGV[1]) then return { 0, redis.call('HGET', KEYS[1], 'fence') } end
redis.call('HSET', KEYS[1], 'value', ARGV[2])
return { 1 }`,
);

/** KEYS value; ARGV fence. Replies {1, value}, or {0, the higher fence}. */
export const FENCED_GET: Script = defineScript(
  'lock.fenced-get',
  `${FENCE_LUA}
if not fence_admits(KEYS[1], ARGV[1]) then return { 0, redis.call('HGET', KEYS[1], 'fence') } end
return { 1, redis.call('HGET', KEYS[1], 'value') }`,
);
