import { defineScript, type Script } from '../script.ts';

/**
 * GCRA in its form of a continuous-state leaky bucket (ITU-T I.371): for each limit, what is used drains at `count` per
 * `periodMs`, and a request fits if its cost and what is used are at most `burst`. All limits admit it, or none is charged.
 *
 * KEYS buckets; ARGV cost, then for each limit name, units per µs, burst. The key is a hash: by limit, `<used> <at>`, where `at`
 * is Redis' clock in µs when it was charged. Each has its own, because processes with other limits may share the key while a new
 * version is rolled out. Replies {1 or 0, then for each limit what is used}.
 */
export const TAKE: Script = defineScript(
  'rate-limit.take',
  `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost = tonumber(ARGV[1])
local names = {}
for i = 2, #ARGV, 3 do names[#names + 1] = ARGV[i] end
local state = redis.call('HMGET', KEYS[1], unpack(names))

local fits, backwards = true, false
local used = {}
for n = 1, #names do
  local rate, burst = tonumber(ARGV[3 * n]), tonumber(ARGV[3 * n + 1])
  local use, at = string.match(state[n] or '0 0', '^(%S+) (%S+)$')
  -- A clock that jumped back drains nothing, and counts from there.
  backwards = backwards or tonumber(at) > now
  used[n] = math.max(0, tonumber(use) - math.max(0, now - tonumber(at)) * rate)
  -- Rounding of doubles must not make a caller wait who waited as long as he was told.
  if used[n] + cost > burst + 0.000001 then fits = false end
end

if (fits and cost > 0) or backwards then
  local charged = {}
  local emptyMs = math.max(1, redis.call('PTTL', KEYS[1]))
  for n = 1, #names do
    if fits then used[n] = used[n] + cost end
    charged[#charged + 1] = names[n]
    charged[#charged + 1] = string.format('%.17g %.0f', used[n], now)
    emptyMs = math.max(emptyMs, math.ceil(used[n] / tonumber(ARGV[3 * n]) / 1000))
  end
  redis.call('HSET', KEYS[1], unpack(charged))
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', emptyMs))
end

local reply = { fits and 1 or 0 }
for n = 1, #names do reply[n + 1] = string.format('%.17g', used[n]) end
return reply`,
);
