/**
 * One Redis manager: commands, a subscription, and a log whose entries can be read back and followed live.
 *
 *   node --conditions=@taproot/source examples/redis-manager.ts
 *
 * Uses REDIS_URL if it is set, otherwise an embedded Redis in .taproot/example.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createRedisManager, logKeys, RedisManagerError } from '@taproot/redis';

const manager = createRedisManager({ app: 'example', dataDir: '.taproot/example' });
manager.on('state', ({ state, reason }) => console.log('state:', state, reason ?? ''));

// Resolves when a write, a read and a publish→receive probe have passed.
await manager.ready({ timeoutMs: 10_000 });
console.log('connected to', manager.serverVersion, 'at', manager.node);

// Any command. A call never takes longer than its deadline.
await manager.call(['SET', 'example:greeting', 'hello']);
console.log('greeting:', await manager.call(['GET', 'example:greeting'], { deadlineMs: 500 }));

// Every failure says what happened, and whether the command was applied.
try {
  await manager.call(['INCR', 'example:greeting']);
} catch (error) {
  if (!(error instanceof RedisManagerError)) throw error;
  console.log('refused:', { code: error.code, retryable: error.retryable, applied: error.applied });
}

// A durable log: numbered without holes, chained, appended once per id.
const keys = logKeys('example:{orders}');
await manager.log.create(keys);
const data = { order: 'two apples' };
const digest = createHash('sha256').update(JSON.stringify(data)).digest('hex');
const once = { key: 'example:{orders}:ids', id: randomUUID(), digest };
const first = await manager.log.append(keys, { data, once });
const again = await manager.log.append(keys, { data, once });
console.log('appended:', first, 'sent twice:', again);

// A tail reads what is there and then follows what comes, across outages, until its signal aborts.
const reading = new AbortController();
for await (const item of manager.log.tail(keys, { after: { seq: 0 }, signal: reading.signal })) {
  if (item.kind === 'position') continue;
  console.log('entry', item.entry.seq, item.entry.body);
  if (item.entry.seq === first.seq) break;
}
reading.abort();

// Closes the connections; the embedded server stops with its last owner.
await manager.close();
