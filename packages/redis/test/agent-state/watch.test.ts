import { eventually, faultProxy, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { AgentState } from '../../src/agent-state/index.ts';
import { readyManager } from '../support/ready-manager.ts';

interface Watched {
  readonly seen: (number | undefined)[];
  readonly ended: Promise<unknown>;
  readonly stop: () => void;
}

function watch(state: AgentState<number>, id = 'a'): Watched {
  const stop = new AbortController();
  const seen: (number | undefined)[] = [];
  onTestFinished(() => stop.abort());
  const follow = async (): Promise<void> => {
    for await (const document of state.watch(id, { signal: stop.signal })) seen.push(document?.value);
  };
  const ended = follow().catch((error: unknown) => error);
  return { seen, ended, stop: () => stop.abort() };
}

test('a watch begins with what is there, tells changes, deletions and new beginnings, and ends with its signal', async () => {
  const redis = await startRedis();
  const state = new AgentState<number>(await readyManager(redis.url));
  const { seen, ended, stop } = watch(state);
  await eventually(() => expect(seen).toEqual([undefined]));
  const channel = 'state:changes:a';
  await eventually(async () => expect(await redis.cli('PUBSUB', 'NUMSUB', channel)).toBe(`["${channel}",1]`));
  for (const [n, change] of [
    () => state.set('a', 1),
    () => state.set('a', 2),
    () => state.delete('a'),
    () => state.set('a', 3),
  ].entries()) {
    await change();
    await eventually(() => expect(seen).toHaveLength(n + 2), { timeoutMs: 3000 });
  }
  expect(seen).toEqual([undefined, 1, 2, undefined, 3]);
  stop();
  expect(await ended).toBeUndefined();
  await eventually(async () => expect(await redis.cli('PUBSUB', 'NUMSUB', channel)).toBe(`["${channel}",0]`));
});

test('a watch that was cut off tells the latest version when it is back, in order and never twice', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: redis.url });
  const writer = new AgentState<number>(await readyManager(redis.url));
  const { seen } = watch(new AgentState<number>(await readyManager(proxy.url)));
  await eventually(() => expect(seen).toEqual([undefined]));
  for (let round = 1; round <= 5; round++) {
    proxy.refuse();
    for (let n = 0; n < 20; n++) await writer.set('a', round * 100 + n);
    await proxy.restore();
    await eventually(() => expect(seen.at(-1)).toBe(round * 100 + 19));
  }
  const versions = seen.slice(1);
  expect(versions).toEqual([...new Set(versions)].sort((a = 0, b = 0) => a - b));
});

test('a watch survives the death of Redis, and tells what is left', async () => {
  const redis = await startRedis();
  const state = new AgentState<number>(await readyManager(redis.url));
  await state.set('a', 1);
  const { seen } = watch(state);
  await eventually(() => expect(seen).toEqual([1]));
  await redis.kill();
  await redis.restart();
  await eventually(() => expect(seen).toEqual([1, undefined]));
  await state.set('a', 2, { deadlineMs: 20_000 });
  await eventually(() => expect(seen).toEqual([1, undefined, 2]));
});

test('a change that was not published is noticed, as is a document that expired', async () => {
  const redis = await startRedis();
  const state = new AgentState<number>(await readyManager(redis.url));
  const { version } = await state.set('a', 1);
  const { seen } = watch(state);
  await eventually(() => expect(seen).toEqual([1]));
  await redis.cli('XADD', 'state:{a}', `${version + 1}-0`, 'value', 'v1 2');
  await redis.cli('ZADD', 'state:{a}:writes', String(version + 1), 'unheard');
  await eventually(() => expect(seen).toEqual([1, 2]), { timeoutMs: 25_000 });
  await redis.cli('PEXPIRE', 'state:{a}', '1');
  await redis.cli('PEXPIRE', 'state:{a}:writes', '1');
  await eventually(() => expect(seen).toEqual([1, 2, undefined]), { timeoutMs: 25_000 });
});

test('a watch rejects what no waiting mends', async () => {
  const redis = await startRedis();
  const state = new AgentState<number>(await readyManager(redis.url));
  const { ended } = watch(state);
  await redis.cli('SET', 'state:{b}', 'text');
  expect(await watch(state, 'b').ended).toMatchObject({ code: 'wrongtype' });
  await state.set('a', 1);
  await redis.cli('XADD', 'state:{a}', '9999999999999999-0', 'value', 'v1 {');
  await redis.cli('PUBLISH', 'state:changes:a', '');
  expect(await ended).toMatchObject({ code: 'codec' });
});

test('a reader that leaves a watch leaves no subscription', async () => {
  const redis = await startRedis();
  const state = new AgentState<number>(await readyManager(redis.url));
  await state.set('a', 1);
  for await (const document of state.watch('a')) {
    expect(document?.value).toBe(1);
    break;
  }
  await eventually(async () => expect(await redis.cli('PUBSUB', 'CHANNELS', 'state:*')).toBe('[]'));
});
