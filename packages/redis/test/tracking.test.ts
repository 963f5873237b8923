import { eventually, faultProxy, startCluster, startRedis } from '@taproot/testkit';
import { describe, expect, test } from 'vitest';
import type { RedisManager } from '../src/index.ts';
import { readyManager } from './support/ready-manager.ts';

/** What a listener was told, in order; `proven` once in a row. */
function told(manager: RedisManager, prefix: string) {
  const events: string[] = [];
  const off = manager.track(prefix, {
    invalidated: (key) => events.push(key ?? 'all'),
    gap: () => events.push('gap'),
    proven: () => events.at(-1) !== 'proven' && events.push('proven'),
  });
  return { events, off };
}

describe.each([
  ['one server', async () => (await startRedis()).url],
  ['a Cluster', async () => (await startCluster()).url],
])('on %s', (_name, start) => {
  test('every change of keys with the prefix is told, after the first gap', async () => {
    const manager = await readyManager(await start());
    const { events, off } = told(manager, 'mine:');
    await eventually(() => expect(events.slice(-2)).toEqual(['gap', 'proven']));
    const keys = Array.from({ length: 9 }, (_, n) => `mine:${n}`);
    for (const key of keys) await manager.call(['SET', key, '1']);
    await manager.call(['SET', 'yours:1', '1']);
    await eventually(() => {
      for (const key of keys) expect(events).toContain(key);
    });
    expect(events).not.toContain('yours:1');
    off();
  });

  test('a prefix that begins with another is refused, and the other goes on being told of', async () => {
    const manager = await readyManager(await start());
    const { events } = told(manager, 'a:b:');
    const refused = expect.objectContaining({ code: 'invalid-options', applied: 'no' });
    for (const prefix of ['a:', 'a:b:c:', '', undefined as never])
      expect(() => told(manager, prefix)).toThrow(refused);
    await manager.call(['SET', 'a:b:1', '1']);
    await eventually(() => expect(events).toContain('proven'));
    await manager.call(['SET', 'a:b:1', '2']);
    await eventually(() => expect(events).toContain('a:b:1'));
  });

  test('a prefix may be tracked that begins as one did that is tracked no more', async () => {
    const manager = await readyManager(await start());
    const other = told(manager, 'other:');
    const first = told(manager, 'a:b:');
    await eventually(() => expect(first.events).toContain('proven'));
    first.off();
    const second = told(manager, 'a:');
    await eventually(() => expect(second.events).toContain('proven'));
    await manager.call(['SET', 'a:1', '1']);
    await manager.call(['SET', 'other:1', '1']);
    await eventually(() => {
      expect(second.events).toContain('a:1');
      expect(other.events).toContain('other:1');
    });
    expect(first.events).not.toContain('a:1');
  });
});

test('a connection that was away is a gap', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const manager = await readyManager(proxy.url);
  const { events } = told(manager, 'mine:');
  await eventually(() => expect(events).toContain('proven'));
  const before = events.length;
  proxy.reset();
  await eventually(() => expect(events.slice(before)).toContain('gap'));
});
