/**
 * The manager on a Redis Cluster: where keys lie, what may be used together, a scan of all masters, and a slot that moves.
 *
 *   node --conditions=@taproot/source examples/cluster.ts
 *
 * Uses REDIS_URL if it is set (redis+cluster://host:port,host:port), otherwise three servers that it starts for itself.
 */
import { createRedisManager, RedisManagerError, slotOf } from '@taproot/redis';
import { startCluster } from '@taproot/testkit';

const cluster = process.env.REDIS_URL ? undefined : await startCluster({ masters: 3 });
const manager = createRedisManager({ app: 'example', ...(cluster && { url: cluster.url }) });
await manager.ready({ timeoutMs: 20_000 });
const { commands } = manager;
console.log('masters:', (await manager.masters()).length, '· published with', manager.deployment.publish);

// Each call goes to the master of its key.
for (const user of ['ada', 'bob', 'eve']) await commands.set(`example:{${user}}:name`, user);
console.log('slots:', ['ada', 'bob', 'eve'].map((user) => slotOf(`example:{${user}}:name`)).join(' '));

// Keys with a common hash tag lie in one slot, so they can be used together; others are refused before they are sent.
await manager.multi().set('example:{ada}:mail', 'ada@example').incr('example:{ada}:visits').exec();
try {
  await commands.mGet(['example:{ada}:name', 'example:{bob}:name']);
} catch (error) {
  if (error instanceof RedisManagerError)
    console.log('across slots:', error.code, '· applied:', error.applied);
}

// A pipeline need not be in one slot.
const pipeline = manager.multi().get('example:{ada}:name').get('example:{bob}:name');
console.log('pipeline:', await pipeline.execAsPipeline());

// All masters, one after the other.
const found: string[] = [];
for await (const page of manager.scan({ match: 'example:{*' })) found.push(...page);
console.log('keys found by scan:', found.length);

// A slot moves to another master. Nobody has to be told.
if (cluster !== undefined) {
  const slot = slotOf('example:{ada}:name');
  const from = await cluster.masterOf(slot);
  const to = cluster.nodes.find((node) => node !== from);
  if (to !== undefined) await cluster.migrate(slot, to);
  console.log('after its slot moved:', await commands.get('example:{ada}:name'));
}

for (const key of found) await commands.del(key);
await manager.close();
await cluster?.stop();
