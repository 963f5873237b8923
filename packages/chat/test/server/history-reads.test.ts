import type { LogEvent } from '@taproot/chat/protocol';
import { startRedis, type TestRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { threadKeys } from '../../src/server/threads/keys.ts';
import { call } from './support/http.ts';
import { ADA, type Site, startSite } from './support/site.ts';
import { connected } from './support/wire.ts';

interface Opened {
  readonly redis: TestRedis;
  readonly site: Site;
  readonly thread: string;
  readonly token: string;
}

/** A thread whose log is what the test puts there. */
async function open(): Promise<Opened> {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url, chat: { role: 'gateway' } });
  const { id } = await site.chat.threads.create(ADA);
  return { redis, site, thread: id, token: await site.signIn() };
}

async function log({ site, thread }: Opened, entries: readonly (readonly [run: string, data: LogEvent])[]) {
  for (const [run, data] of entries)
    await site.manager.log.append(threadKeys(thread).log, { data: { run, data } });
}

const asked = (run: string, text: string, more: { supersedes?: string } = {}): [string, LogEvent] => [
  run,
  { type: 'user-message', id: `m-${run}`, parts: [{ type: 'text', text }], ...more },
];
const ended = (run: string): [string, LogEvent] => [run, { type: 'run-ended', outcome: 'done' }];
const answered = (run: string): [string, LogEvent][] => [
  [run, { type: 'agent_started', agent: 'a' }],
  ended(run),
];

interface Page {
  readonly messages: readonly { readonly id: string }[];
  readonly seq: number;
  readonly chain: string;
  readonly waiting?: readonly { readonly id: string }[];
  readonly more?: true;
}

async function page({ site, thread, token }: Opened, query = ''): Promise<Page> {
  const answer = await call(site.url, `/threads/${thread}/messages${query}`, { token });
  expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
  return answer.json() as unknown as Page;
}

const ids = ({ messages }: Page): string[] => messages.map(({ id }) => id);

async function bytesSent(redis: TestRedis): Promise<number> {
  return Number(/total_net_output_bytes:(\d+)/.exec(await redis.cli('INFO', 'stats'))?.[1]);
}

test('many reads of one page of a large thread cost Redis little more than the page', async () => {
  const opened = await open();
  const text = 'x'.repeat(64_000);
  for (let n = 0; n < 300; n++) await log(opened, [asked(`r${n}`, text), ...answered(`r${n}`)]);
  const before = await bytesSent(opened.redis);
  const pages = await Promise.all(Array.from({ length: 20 }, () => page(opened, '?limit=1')));
  for (const one of pages) expect(ids(one)).toEqual(['r299']);
  // The log has 19 MB.
  expect((await bytesSent(opened.redis)) - before).toBeLessThan(4_000_000);
  // A page ends by its bytes; the pages before it are all the same the whole.
  const all: string[] = [];
  for (let query = ''; ; query = `&before=${encodeURIComponent(all[0] ?? '')}`) {
    const one = await page(opened, `?limit=200${query}`);
    all.unshift(...ids(one));
    if (one.more === undefined) break;
    expect(one.messages.length).toBeLessThan(200);
  }
  expect(all).toEqual(Array.from({ length: 300 }, (_, n) => [`m-r${n}`, `r${n}`]).flat());
});

test('more pages at once than a user may read are refused with 429 and Retry-After', async () => {
  const opened = await open();
  const text = 'x'.repeat(64_000);
  for (let n = 0; n < 100; n++) await log(opened, [asked(`r${n}`, text), ...answered(`r${n}`)]);
  const path = `/threads/${opened.thread}/messages`;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      call(opened.site.url, `${path}?limit=${n + 60}`, { token: opened.token }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  for (const answer of answers.filter(({ status }) => status === 429)) {
    expect(answer.json()).toMatchObject({ code: 'too-many-requests' });
    expect(answer.headers['retry-after']).toBe('1');
  }
  expect(await page(opened, '?limit=1')).toBeDefined();
});

test('a thread whose entries are lost is attached from its head, without a reset', async () => {
  const opened = await open();
  await log(opened, [asked('r1', 'x'), ...answered('r1')]);
  await opened.redis.cli('DEL', threadKeys(opened.thread).log.stream);
  const { seq, chain, messages } = await page(opened);
  expect([seq, messages]).toEqual([3, []]);
  const wire = await connected(opened.site.url, { token: opened.token });
  const attached = await wire.ask({ type: 'attach', thread: opened.thread, after: { seq, chain } });
  expect(attached).toMatchObject({ type: 'attached', mode: 'resumed', seq: 3 });
});

test('what was edited or answered anew is not told any more', async () => {
  const opened = await open();
  await log(opened, [asked('r1', 'a'), ...answered('r1'), asked('r2', 'b'), ...answered('r2')]);
  await log(opened, [asked('r3', 'B', { supersedes: 'm-r2' }), ...answered('r3'), asked('r4', 'c')]);
  await log(opened, answered('r4'));
  expect(ids(await page(opened))).toEqual(['m-r1', 'r1', 'm-r3', 'r3', 'm-r4', 'r4']);
  await log(opened, [['r5', { type: 'run-requested', id: 'x', of: 'm-r3', supersedes: 'r3' }]]);
  expect(await page(opened)).toMatchObject({
    messages: [{ id: 'm-r1' }, { id: 'r1' }, { id: 'm-r3' }],
    waiting: [{ id: 'm-r3', run: 'r5' }],
  });
  await log(opened, answered('r5'));
  expect(ids(await page(opened))).toEqual(['m-r1', 'r1', 'm-r3', 'r5']);
  expect(ids(await page(opened, '?before=m-r3'))).toEqual(['m-r1', 'r1']);
  expect(ids(await page(opened, '?before=r5&limit=2'))).toEqual(['r1', 'm-r3']);
  await log(opened, [asked('r6', 'A', { supersedes: 'm-r1' }), ...answered('r6')]);
  expect(ids(await page(opened))).toEqual(['m-r6', 'r6']);
});

test('a message that was stopped before its turn ends no run that is at work', async () => {
  const opened = await open();
  await log(opened, [asked('r1', 'a'), asked('r2', 'b'), ['r1', { type: 'agent_started', agent: 'a' }]]);
  await log(opened, [ended('r2'), ['r1', { type: 'agent_thinking' }]]);
  expect(await page(opened)).toMatchObject({
    seq: 2,
    messages: [{ id: 'm-r1' }, { id: 'm-r2' }],
    waiting: [{ id: 'm-r1' }, { id: 'm-r2' }],
  });
  await log(opened, [ended('r1')]);
  const whole = await page(opened);
  expect([whole.seq, ids(whole)]).toEqual([6, ['m-r1', 'r1', 'm-r2', 'r2']]);
});
