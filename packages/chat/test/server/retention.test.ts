import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { DEFAULT_RETENTION, resolveRetention } from '../../src/server/threads/retention.ts';
import { FOLD } from '../../src/server/threads/retention-scripts.ts';
import { ALL, conversation, NONE, send, TALKER, untilIdle } from './support/conversation.ts';
import { cuttingProxy, type Fault } from './support/cutting-proxy.ts';
import { ask, startDeployment, USER } from './support/deployment.ts';
import { HeldAgent } from './support/held-agent.ts';
import { historyOf, storedOf, trim } from './support/thread-reader.ts';

test('a trimmed thread tells the same history as before, in pages of any size, from whatever part is left', async () => {
  const { deployment, member, thread } = await conversation(6);
  const whole = await historyOf(member, thread);
  expect(whole.map(({ id }) => id)).toHaveLength(12);
  const { seq } = await member.chat.threads.get(USER, thread);
  // Also into the middle of an answer.
  for (let keep = seq - 1; keep >= 0; keep -= keep > 8 ? 5 : 1) {
    await trim(member, thread, { keepEntries: keep });
    const { entries, first } = await storedOf(deployment, thread);
    expect([entries, first]).toEqual([keep, seq - keep + 1]);
    expect((await member.chat.threads.get(USER, thread)).first).toBe(first);
    for (const limit of [1, 3, 200]) expect(await historyOf(member, thread, limit)).toEqual(whole);
  }
  await send(member, thread, 'm-6');
  await untilIdle(member, thread);
  expect((await historyOf(member, thread)).slice(0, 12)).toEqual(whole);
});

test('each message has one snapshot before its entries go, and none that is not needed', async () => {
  const { deployment, member, thread } = await conversation(2);
  const [first, second] = (await historyOf(member, thread)).flatMap(({ role, id }) =>
    role === 'assistant' ? [id] : [],
  );
  expect((await storedOf(deployment, thread)).snapshots).toEqual(['q m-0', 'q m-1']);
  const { seq } = await member.chat.threads.get(USER, thread);
  await trim(member, thread, { keepEntries: seq - 1 });
  expect((await storedOf(deployment, thread)).snapshots).toEqual([`a ${first}`, 'q m-0', 'q m-1']);
  await trim(member, thread, ALL);
  expect((await storedOf(deployment, thread)).snapshots).toEqual(
    [`a ${first}`, `a ${second}`, 'q m-0', 'q m-1'].toSorted(),
  );
});

test('what runs that are open have said and were asked is never trimmed', async () => {
  const held = new HeldAgent();
  const deployment = await startDeployment();
  const member = await deployment.server(held.agent, { retention: NONE });
  const thread = await ask(member, 'first');
  await eventually(() => expect(held.begun).toHaveLength(1));
  await ask(member, 'second', thread);
  const { seq } = await member.chat.threads.get(USER, thread);
  await trim(member, thread, ALL);
  expect(await storedOf(deployment, thread)).toMatchObject({ first: 1, entries: seq });
  held.releaseOne();
  await eventually(() => expect(held.begun).toEqual(['first', 'second']));
  await trim(member, thread, ALL);
  // The second was asked inside the first one's answer: that is folded as a whole, and what is left of it stays.
  const { first, snapshots } = await storedOf(deployment, thread);
  expect(first).toBeGreaterThan(1);
  expect(snapshots.filter((field) => field.startsWith('a '))).toHaveLength(1);
  held.release();
  await untilIdle(member, thread);
  const whole = await historyOf(member, thread);
  expect(whole.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  await trim(member, thread, ALL);
  expect(await historyOf(member, thread)).toEqual(whole);
});

test.each([
  ['count', { ...NONE, keepEntries: 20 }, { entries: 20 }],
  ['bytes', { ...NONE, keepBytes: 3000 }, {}],
  ['age', { ...NONE, keepMs: 0 }, { entries: 0 }],
])('a log over its limit in %s is trimmed when a run has ended', async (_, retention, kept) => {
  const { deployment, member, thread } = await conversation(10);
  const whole = await historyOf(member, thread);
  const before = Number(await deployment.redis.cli('MEMORY', 'USAGE', `taproot:{thread:${thread}}:log`));
  expect(before).toBeGreaterThan(6000);
  await member.chat.close();
  const next = await deployment.server(TALKER, { retention });
  await send(next, thread, 'last');
  await eventually(async () => {
    expect((await next.chat.threads.get(USER, thread)).status).toBe('idle');
    expect(await storedOf(deployment, thread)).toMatchObject(kept);
    const bytes = Number(await deployment.redis.cli('MEMORY', 'USAGE', `taproot:{thread:${thread}}:log`));
    expect(bytes).toBeLessThanOrEqual(retention.keepBytes);
  });
  expect((await historyOf(next, thread)).slice(0, -2)).toEqual(whole);
});

test('a thread in which nothing happens is trimmed when its entries are old', async () => {
  const { deployment, member, thread } = await conversation(1);
  await member.chat.close();
  await deployment.server(TALKER, { retention: { keepMs: 0 } });
  expect((await storedOf(deployment, thread)).entries).toBeGreaterThan(0);
  // Due now, which is otherwise hours away.
  const [key = ''] = JSON.parse(await deployment.redis.cli('KEYS', 'taproot:{care:*}')) as string[];
  await deployment.redis.cli('ZADD', key, '1', thread);
  await eventually(async () => expect((await storedOf(deployment, thread)).entries).toBe(0));
});

test('a message that was trimmed is still stored once when it comes again', async () => {
  const { member, thread } = await conversation(1);
  await trim(member, thread, ALL);
  const { seq } = await member.chat.threads.get(USER, thread);
  expect(await send(member, thread, 'm-0')).toMatchObject({ seq: 1 });
  await expect(
    member.chat.threads.send(USER, thread, 'm-0', [{ type: 'text', text: 'other' }]),
  ).rejects.toMatchObject({ code: 'id-reused' });
  expect((await member.chat.threads.get(USER, thread)).seq).toBe(seq);
});

test('trimmed messages are edited and answered anew, and what that cuts off has no snapshot any more', async () => {
  const { deployment, member, thread } = await conversation(4);
  const { threads } = member.chat;
  await trim(member, thread, ALL);
  const { run } = await threads.regenerate(USER, thread, 'g-1', 'm-2');
  await untilIdle(member, thread);
  const text = (await historyOf(member, thread)).at(-1)?.parts.find((part) => part.type === 'text');
  expect(text).toMatchObject({ text: 'question m-2: one question m-2: two question m-2: three' });
  for (const policy of [NONE, { keepEntries: 2 }, ALL]) {
    await trim(member, thread, policy);
    const ids = (await historyOf(member, thread)).map(({ id }) => id);
    expect([ids.length, ids.at(-2), ids.at(-1)]).toEqual([6, 'm-2', run]);
    for (const limit of [1, 2])
      expect((await historyOf(member, thread, limit)).map(({ id }) => id)).toEqual(ids);
  }
  await threads.edit(USER, thread, 'e-1', 'm-1', [{ type: 'text', text: 'instead' }]);
  await untilIdle(member, thread);
  const after = (await historyOf(member, thread)).map(({ id }) => id);
  expect([after[0], after[2], after.length]).toEqual(['m-0', 'e-1', 4]);
  expect((await storedOf(deployment, thread)).snapshots).toEqual([`a ${after[1]}`, 'q e-1', 'q m-0']);
  await expect(threads.regenerate(USER, thread, 'g-2', 'm-2')).rejects.toMatchObject({ code: 'superseded' });
  await expect(threads.edit(USER, thread, 'e-2', 'm-9', [{ type: 'text', text: 'x' }])).rejects.toMatchObject(
    {
      code: 'unknown-target',
    },
  );
});

test.each<Fault>(['before', 'after'])(
  'a trim whose command is cut off (%s) is made once, by whoever comes next',
  async (fault) => {
    const { deployment, member, thread } = await conversation(3);
    const whole = await historyOf(member, thread);
    const proxy = await cuttingProxy(deployment.redis);
    const cut = await deployment.server(TALKER, { redisUrl: proxy.url, role: 'gateway' });
    await trim(cut, thread, { keepEntries: 30 });
    proxy.arm(FOLD.sha, fault);
    await expect(trim(cut, thread, { keepEntries: 15 })).rejects.toMatchObject({ applied: 'unknown' });
    expect(proxy.cut).toBe(true);
    expect(await historyOf(member, thread)).toEqual(whole);
    await Promise.all([member, member, member].map((one) => trim(one, thread, ALL)));
    expect((await storedOf(deployment, thread)).entries).toBe(0);
    expect(await historyOf(member, thread)).toEqual(whole);
  },
);

test('a log that was rolled back since it was read is not trimmed', async () => {
  const { deployment, member, thread } = await conversation(3);
  const proxy = await cuttingProxy(deployment.redis);
  const late = await deployment.server(TALKER, { redisUrl: proxy.url, role: 'gateway' });
  await trim(late, thread, { keepEntries: 40 });
  const names = ['log', 'head', 'turns', 'runs', 'snapshots', 'queue', 'ids'].map(
    (name) => `taproot:{thread:${thread}}:${name}`,
  );
  for (const name of names) await deployment.redis.cli('COPY', name, `backup:${name}`);
  await send(member, thread, 'lost');
  await untilIdle(member, thread);
  proxy.arm(FOLD.sha, 'held');
  const trimming = trim(late, thread, ALL);
  await eventually(() => expect(proxy.cut).toBe(true));
  for (const name of names) await deployment.redis.cli('COPY', `backup:${name}`, name, 'REPLACE');
  await send(member, thread, 'other');
  await untilIdle(member, thread);
  const whole = await historyOf(member, thread);
  proxy.release();
  await trimming;
  expect((await storedOf(deployment, thread)).entries).toBeGreaterThan(0);
  expect(await historyOf(member, thread)).toEqual(whole);
  expect(whole.at(-2)?.id).toBe('other');
});

test('a policy that is none is refused', () => {
  for (const policy of [{ keepEntries: -1 }, { keepBytes: Number.NaN }, { keepMs: -5 }])
    expect(() => resolveRetention(policy)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
  expect(resolveRetention({ keepMs: 5 })).toEqual({ ...DEFAULT_RETENTION, keepMs: 5 });
});
