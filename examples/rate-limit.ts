/**
 * Two limits at once for each key: a burst within seconds, and a sum within an hour.
 *
 *   node --conditions=@taproot/source examples/rate-limit.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisManager, RateLimit } from '@taproot/redis';

const dataDir = mkdtempSync(join(tmpdir(), 'example-rate-limit-'));
const manager = createRedisManager({ app: 'example', dataDir });
await manager.ready({ timeoutMs: 10_000 });

const messages = new RateLimit(manager, {
  name: 'messages',
  prefix: 'example:rate',
  limits: { second: { count: 3, periodMs: 1000 }, hour: { count: 100, periodMs: 3_600_000 } },
});

for (let n = 1; n <= 4; n++) {
  const { allowed, remaining, retryAfterMs, limitedBy } = await messages.take('ann');
  console.log(
    `message ${n}:`,
    allowed ? `allowed, ${remaining} more` : `refused by ${limitedBy}, try again in ${retryAfterMs} ms`,
  );
  if (!allowed) await sleep(retryAfterMs);
}
console.log('after that pause:', (await messages.take('ann')).allowed ? 'allowed' : 'refused');
console.log('somebody else is not limited by it:', (await messages.take('bob', 3)).allowed);
console.log('left of the hour and the second:', (await messages.take('ann', 0)).remaining);

await messages.reset('ann');
await messages.reset('bob');
await manager.close();
rmSync(dataDir, { recursive: true, force: true });
