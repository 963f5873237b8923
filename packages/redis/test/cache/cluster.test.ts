import { eventually, startCluster, type TestCluster, type TestRedis } from '@taproot/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cache } from '../../src/cache/index.ts';
import { managerOn, tagOn } from '../support/cluster-site.ts';
import { declaredKeys } from '../support/declared-keys.ts';
import { cacheOf, gate, live, warm } from './support.ts';

let cluster: TestCluster;
/** A key on each master. */
let keys: string[];
beforeAll(async () => {
  cluster = await startCluster({ masters: 3 });
  const tags = await Promise.all(cluster.nodes.map((node) => tagOn(cluster, node)));
  keys = tags.map((tag) => tag.slice(1, -1));
});
afterAll(() => cluster.stop());

/** As the manager gives replies to who asks for them in bytes. */
function inBuffers(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(inBuffers);
  return typeof reply === 'string' ? Buffer.from(reply) : reply;
}

async function pairOn(namespace: string): Promise<readonly [Cache<number>, Cache<number>]> {
  const caches = await Promise.all(
    [1, 2].map(async () => cacheOf<number>(await managerOn(cluster), { namespace, maxStalenessMs: 2000 })),
  );
  for (const cache of caches) await live(cache);
  return caches as [Cache<number>, Cache<number>];
}

test('copies of entries of all masters are coherent, and tags end entries on all of them', async () => {
  const [a, b] = await pairOn('coherent');
  for (const [n, key] of keys.entries()) {
    await a.set(key, n, { tags: [`tag ${n}`, 'all'] });
    await warm(b, key);
    await a.set(key, n + 10, { tags: [`tag ${n}`, 'all'] });
    await eventually(async () => expect(await b.get(key)).toBe(n + 10));
    await warm(b, key);
  }
  await a.invalidateTags('tag 1');
  await eventually(async () => expect((await b.getMany(keys)).size).toBe(2));
  await a.invalidateTags('all');
  await eventually(async () => expect((await b.getMany(keys)).size).toBe(0));
  const slow = gate();
  const callers = keys.flatMap((key, n) =>
    [a, b].map((cache) =>
      cache.getOrSet(key, async () => {
        await slow.opened;
        return n;
      }),
    ),
  );
  await eventually(() => expect(a.statistics().factory.runs + b.statistics().factory.runs).toBe(3));
  slow.open();
  expect(await Promise.all(callers)).toEqual([0, 0, 1, 1, 2, 2]);
  await a.clear();
  for (const node of cluster.nodes) expect(await node.cli('KEYS', 'cache*')).toBe('[]');
});

test('the scripts touch the keys that they declare, and no others', async () => {
  const member = await declaredKeys(cluster);
  const script = async (...run: Parameters<typeof member.script>): Promise<unknown> =>
    inBuffers(await member.script(...run));
  Object.assign(member.manager, { script });
  const cache = cacheOf<number>(member.manager, { namespace: 'declared', leaseMs: 600 });
  for (const key of keys) {
    await cache.set(key, 1, { tags: ['t'] });
    expect(await cache.get(key)).toBe(1);
    await cache.delete(key);
    const renewed = async (): Promise<number> => {
      await eventually(() => expect(member.ran.map(({ name }) => name)).toContain('cache.renew-lease'));
      return 2;
    };
    expect(await cache.getOrSet(key, renewed, { tags: ['t'] })).toBe(2);
    await expect(cache.getOrSet(`${key}x`, () => Promise.reject(new TypeError('no')))).rejects.toThrow('no');
  }
  const names = ['read', 'write', 'delete', 'take-lease', 'renew-lease', 'end-lease', 'store', 'tag-version'];
  expect(new Set(member.ran.map(({ name }) => name))).toEqual(new Set(names.map((name) => `cache.${name}`)));
  expect(new Set(member.ran.map(({ master }) => master)).size).toBe(3);
});

// The last, because slots are then not as they were laid out.
test('an entry whose slot moves to another master stays coherent', async () => {
  const [a, b] = await pairOn('moving');
  const [key = ''] = keys;
  await a.set(key, 1);
  await warm(b, key);
  const to = cluster.nodes[1] as TestRedis;
  await cluster.migrate(await cluster.slotOf(key), to);
  for (let n = 2; n < 6; n++) {
    await a.set(key, n);
    await eventually(async () => expect(await b.get(key)).toBe(n));
    await warm(b, key);
  }
});
