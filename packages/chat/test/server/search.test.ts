import { createChatClient } from '@taproot/chat/client';
import type { Match, ThreadInfo, User } from '@taproot/chat/server';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { careKey, pendingPartition, threadKeys, userKeys } from '../../src/server/threads/keys.ts';
import { call } from './support/http.ts';
import { ADA, BOB, ECHO, type Site, startSite } from './support/site.ts';
import { trim } from './support/thread-reader.ts';

interface Scene {
  readonly redis: TestRedis;
  readonly site: Site;
  readonly token: string;
}

async function setScene(): Promise<Scene> {
  const redis = await startRedis();
  const site = await startSite({
    redisUrl: redis.url,
    agent: ECHO,
    chat: { careEveryMs: 1000, limits: { searchesPerMinute: 10_000 } },
  });
  return { redis, site, token: await site.signIn() };
}

interface Found {
  readonly threads: readonly (ThreadInfo & { readonly match: Match })[];
  readonly next?: string;
}

async function find({ site, token }: Scene, q: string, more = ''): Promise<Found> {
  const answer = await call(site.url, `/threads?q=${encodeURIComponent(q)}${more}`, { token });
  expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
  return answer.json() as unknown as Found;
}

async function titles(scene: Scene, q: string, more = ''): Promise<string[]> {
  return (await find(scene, q, more)).threads.map(({ title }) => title);
}

/** A thread with a title and messages, each of them answered. */
async function thread(
  { site }: Scene,
  title: string,
  messages: readonly string[] = [],
  user = ADA,
): Promise<string> {
  const { id } = await site.chat.threads.create(user, title);
  for (const text of messages) await send(site, id, text, user);
  return id;
}

async function send({ chat }: Site, id: string, text: string, user: User = ADA): Promise<string> {
  const message = `m-${Math.random()}`;
  await chat.threads.send(user, id, message, [{ type: 'text', text }]);
  await eventually(async () => expect((await chat.threads.get(user, id)).status).toBe('idle'));
  return message;
}

test('words, or their beginnings, in the title or in messages of the user find a thread, whatever their case and accents', async () => {
  const scene = await setScene();
  await thread(scene, 'Holidays', ['Where is it warm in February?', 'A café by the sea']);
  await thread(scene, 'Работа', ['Das Straßenfest']);
  for (const q of ['holi', 'HOLIDAYS', 'cafe', 'CAFÉ se', 'sea warm feb', '"café" — the!'])
    expect([q, await titles(scene, q)]).toEqual([q, ['Holidays']]);
  for (const q of ['работа', 'STRASSENFEST', 'strassen раб'])
    expect([q, await titles(scene, q)]).toEqual([q, ['Работа']]);
  // Not in the middle of a word, not in answers alone, and not without one of the words.
  for (const q of ['olidays', 'warm nowhere', 'holidays работа', '…', ''])
    expect([q, await titles(scene, q)]).toEqual([q, []]);
  const [found] = (await find(scene, 'sea caf')).threads;
  expect(found?.match.message).toEqual({
    id: expect.any(String),
    at: expect.any(Number),
    text: 'A café by the sea',
    ranges: [
      [2, 6],
      [14, 17],
    ],
  });
  expect(found).toMatchObject({ status: 'idle', match: { title: [] } });
});

test('nobody finds what is not theirs', async () => {
  const scene = await setScene();
  await thread(scene, 'secret of bob', ['secret'], BOB);
  await thread(scene, 'secret of ada');
  expect(await titles(scene, 'secret')).toEqual(['secret of ada']);
  expect(await titles({ ...scene, token: await scene.site.signIn(BOB) }, 'secret')).toEqual([
    'secret of bob',
  ]);
});

test('an edit, a new title and a deletion change what is found, also after the log was trimmed', async () => {
  const scene = await setScene();
  const { site, redis } = scene;
  const { threads } = site.chat;
  const id = await thread(scene, 'plain', ['first apple']);
  const second = await send(site, id, 'second banana');
  await send(site, id, 'third cherry');
  expect(await titles(scene, 'cherry')).toEqual(['plain']);
  await trim(site, id, { keepEntries: 0 });
  await threads.edit(ADA, id, 'e-1', second, [{ type: 'text', text: 'second damson' }]);
  expect([await titles(scene, 'banana'), await titles(scene, 'cherry')]).toEqual([[], []]);
  expect([await titles(scene, 'apple damson')]).toEqual([['plain']]);
  await threads.rename(ADA, id, 'fancy');
  expect([await titles(scene, 'plain'), await titles(scene, 'fancy')]).toEqual([[], ['fancy']]);
  await threads.delete(ADA, id);
  expect(await titles(scene, 'apple')).toEqual([]);
  const { words, texts } = userKeys(ADA.id);
  expect([await redis.cli('HLEN', words), await redis.cli('HLEN', texts)]).toEqual(['0', '0']);
});

test('pages are the whole, the last changed first, nothing twice, also while threads change', async () => {
  const scene = await setScene();
  for (let n = 0; n < 23; n++) await thread(scene, `number ${n}`);
  const { threads } = await find(scene, 'number', '&limit=50');
  const all = threads.map(({ title }) => title);
  expect(new Set(all)).toEqual(new Set(Array.from({ length: 23 }, (_, n) => `number ${n}`)));
  const times = threads.map(({ updatedAt }) => updatedAt);
  expect(times).toEqual(times.toSorted((one, other) => other - one));
  const first = await find(scene, 'number', '&limit=10');
  // It moves to the front, before what was told already.
  await send(scene.site, first.threads[3]?.id ?? '', 'a new message');
  const rest = await find(scene, 'number', `&limit=10&after=${first.next}`);
  const last = await find(scene, 'number', `&limit=10&after=${rest.next}`);
  expect([first, rest, last].flatMap((page) => page.threads.map(({ title }) => title))).toEqual(all);
  expect(last.next).toBeUndefined();
  for (const bad of ['limit=0', 'limit=51', 'after=x', `after=1.${'x'.repeat(80)}`]) {
    const answer = await call(scene.site.url, `/threads?q=number&${bad}`, { token: scene.token });
    expect([answer.status, answer.json().code]).toEqual([400, 'bad-request']);
  }
  const long = await call(scene.site.url, `/threads?q=${'x'.repeat(201)}`, { token: scene.token });
  expect([long.status, long.json().code]).toEqual([400, 'bad-request']);
});

test('what Redis lost of a thread is not found, and the index is made right by that', async () => {
  const scene = await setScene();
  const { redis, site } = scene;
  const id = await thread(scene, 'kept', ['before']);
  const { log, meta, turns, runs, snapshots, ids } = threadKeys(id);
  const names = [log.stream, log.head, meta, turns, runs, snapshots, ids];
  for (const name of names) await redis.cli('COPY', name, `backup:${name}`);
  await send(site, id, 'afterwards');
  expect(await titles(scene, 'afterwards')).toEqual(['kept']);
  for (const name of names) await redis.cli('COPY', `backup:${name}`, name, 'REPLACE');
  expect(await titles(scene, 'afterwards')).toEqual([]);
  expect(await redis.cli('HGET', userKeys(ADA.id).words, id)).not.toContain('afterwards');
  expect(await titles(scene, 'before')).toEqual(['kept']);
  // The thread is gone altogether.
  await redis.cli('DEL', ...names);
  expect(await titles(scene, 'before')).toEqual([]);
});

test('an index that was lost is made again, though nothing happens in its threads', async () => {
  const scene = await setScene();
  const { redis } = scene;
  await thread(scene, 'one', ['apple']);
  await thread(scene, 'two', ['apple']);
  const { threads, words, texts } = userKeys(ADA.id);
  await eventually(async () => expect(await titles(scene, 'apple')).toEqual(['two', 'one']));
  await redis.cli('DEL', threads, words, texts);
  await eventually(async () => expect(await titles(scene, 'apple')).toEqual(['two', 'one']), {
    timeoutMs: 20_000,
  });
  expect((await scene.site.chat.threads.list(ADA)).map(({ title }) => title)).toEqual(['two', 'one']);
});

test('a thread whose maker died before it reached the index is found all the same', async () => {
  const scene = await setScene();
  const { redis } = scene;
  const id = await thread(scene, 'orphan');
  const { threads, words, texts } = userKeys(ADA.id);
  // As after a SIGKILL between the two scripts; its time to be looked after has come.
  for (const key of [words, texts]) await redis.cli('HDEL', key, id);
  await redis.cli('ZREM', threads, id);
  await redis.cli('ZADD', careKey(pendingPartition(id)), '1', id);
  await eventually(async () => expect(await titles(scene, 'orphan')).toEqual(['orphan']), {
    timeoutMs: 20_000,
  });
});

test('a user has two searches under way at most, and so many in a minute', async () => {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url, chat: { limits: { searchesPerMinute: 5 } } });
  const token = await site.signIn();
  const client = createChatClient({ url: site.url, token });
  onTestFinished(() => client.close());
  await client.createThread('x');
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => (await call(site.url, '/threads?q=x', { token })).status),
  );
  expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(5);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect((await call(site.url, '/threads', { token })).status).toBe(200);
});
