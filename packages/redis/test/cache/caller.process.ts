import { Cache } from '../../src/cache/index.ts';
import { createRedisManager } from '../../src/index.ts';

// What `argv` says, with one cache: `cold CALLERS` wants one cold key that many times at once when the key `go` exists; `hold`
// makes a value as soon as the key `finish` exists; `read` tells each change of a key; `write` changes it.
const [, , url = '', what = '', count = '0'] = process.argv;
const manager = createRedisManager({ url });
await manager.ready();
const cache = new Cache<string>(manager, { namespace: 'test', leaseMs: 1000, deadlineMs: 10_000 });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function untilExists(key: string): Promise<void> {
  while ((await manager.call(['EXISTS', key], { profile: 'worker' })) !== 1) await pause(5);
}

async function make(finish: string | undefined): Promise<string> {
  await manager.call(['INCR', 'runs']);
  if (finish === undefined) await pause(100);
  else await untilExists(finish);
  return `made by ${process.pid}`;
}

const ROLES: Readonly<Record<string, () => Promise<void>>> = {
  cold: async () => {
    await untilExists('go');
    const callers = Array.from({ length: Number(count) }, () => cache.getOrSet('k', () => make(undefined)));
    console.log(`got ${[...new Set(await Promise.all(callers))].join(' and ')}`);
  },
  hold: async () => {
    console.log(`got ${await cache.getOrSet('k', () => make('finish'))}`);
  },
  read: async () => {
    for (let last: string | undefined; last !== 'end'; await pause(1)) {
      const value = await cache.get('k');
      if (value !== last) console.log(`read ${value}`);
      last = value;
    }
    console.log(`hits ${cache.statistics().hits.local}`);
  },
};

console.log('ready');
await ROLES[what]?.();
await manager.close();
