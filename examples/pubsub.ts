/**
 * A typed channel, read by a loop that is told when messages are missing.
 *
 *   node --conditions=@taproot/source examples/pubsub.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedisManager, jsonMessages, PubSub } from '@taproot/redis';

const dataDir = mkdtempSync(join(tmpdir(), 'example-pubsub-'));
const manager = createRedisManager({ app: 'example', dataDir });
await manager.ready({ timeoutMs: 10_000 });

interface Price {
  readonly apples: number;
}
const prices = new PubSub(manager, { prefix: 'example:pubsub' }).channel<Price>(
  'prices',
  jsonMessages(toPrice),
);

for await (const item of prices.messages({ maxBuffered: 2 })) {
  if (item.kind === 'active') {
    console.log('subscribed; published to', await prices.publish({ apples: 1 }), 'connection');
    // This loop is busy meanwhile, and its buffer holds two.
    for (const apples of [2, 3]) await prices.publish({ apples });
    await manager.call(['PUBLISH', 'example:pubsub:prices', 'not JSON']);
    await prices.publish({ apples: 4 });
  } else if (item.kind === 'gap') {
    console.log('messages are missing:', item.reason);
  } else {
    console.log('apples cost', item.value.apples);
    if (item.value.apples === 4) break;
  }
}
await manager.close();
rmSync(dataDir, { recursive: true, force: true });

function toPrice(value: unknown): Price {
  if (typeof value === 'object' && value !== null && 'apples' in value && typeof value.apples === 'number')
    return { apples: value.apples };
  throw new TypeError('not a price');
}
