import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { Peer } from '../peer/peer.ts';
import { type ClientPage, openPage } from './support/client-page.ts';

function stored(peer: Peer, thread = 't'): string[] {
  return [...peer.log(thread).sent.values()].map(({ text }) => text);
}

/** The server takes no socket; its page can be loaded all the same. */
async function away(peer: Peer, ...pages: ClientPage[]): Promise<void> {
  peer.refuse = { status: 503, retryAfter: '600' };
  peer.cut();
  for (const page of pages)
    await eventually(async () => expect(await page.call('connection.socket')).toBe('waiting'));
}

async function back(peer: Peer, ...pages: ClientPage[]): Promise<void> {
  peer.refuse = undefined;
  for (const page of pages) await page.call('reconnect()');
}

async function ready(page: ClientPage): Promise<void> {
  await eventually(async () => expect(await page.call('connection.socket')).toBe('open'));
}

test('what was not sent is sent after a reload, once and in its order, and then forgotten', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer);
  await ready(tab);
  await away(peer, tab);
  await tab.call(`send('t', 'one', { id: 'm-1' }) && 0`);
  await tab.call(`edit('t', 'm-1', 'two', { id: 'e-1' }) && 0`);
  await tab.call(`regenerate('t', 'e-1', { id: 'g-1' }) && 0`);
  await tab.call(`stop('t', { id: 'm-1' }) && 0`);
  await tab.page.reload();
  await back(peer, tab);
  await eventually(() => expect([...peer.log('t').sent.keys()]).toEqual(['m-1', 'e-1', 'g-1']));
  await eventually(() => expect(peer.ofType('stop')).toMatchObject([{ id: 'm-1' }]));
  await eventually(async () => expect(await tab.outbox()).toEqual([]));
  await tab.page.reload();
  await ready(tab);
  expect(await tab.outbox()).toEqual([]);
  expect(peer.received.map(({ type }) => type)).toEqual(['send', 'edit', 'stop', 'regenerate']);
});

test('a message of the very moment of a reload is not lost', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer);
  await ready(tab);
  await away(peer, tab);
  for (let i = 0; i < 5; i++) {
    await tab.page.evaluate(`chat.send('t', 'at reload ${i}'); location.reload()`);
    await tab.page.waitForLoadState('load');
    await tab.page.waitForFunction('globalThis.chat !== undefined');
  }
  await back(peer, tab);
  await eventually(() => expect(stored(peer)).toHaveLength(5));
  expect(stored(peer)).toEqual([0, 1, 2, 3, 4].map((i) => `at reload ${i}`));
});

test('what an earlier page left goes before what is sent since', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer);
  await ready(tab);
  await away(peer, tab);
  await tab.call(`send('t', 'before') && 0`);
  await tab.page.reload();
  await tab.call(`send('t', 'after') && 0`);
  await back(peer, tab);
  await eventually(() => expect(stored(peer)).toEqual(['before', 'after']));
});

test('a tab that crashed leaves its messages to one that lives, which sends them once', async () => {
  const peer = await Peer.start();
  const first = await openPage(peer);
  const second = await openPage(peer, '/', first.context);
  const third = await openPage(peer, '/', first.context);
  for (const tab of [first, second, third]) await ready(tab);
  await away(peer, first, second, third);
  await first.call(`send('t', 'from the crashed one') && 0`);
  await back(peer, second, third);
  for (const tab of [second, third]) await ready(tab);
  // The one that has it lives: it is not theirs.
  await expect.poll(() => second.outbox()).toEqual([]);
  expect(peer.ofType('send')).toEqual([]);
  void first.page.goto('chrome://crash').catch(() => undefined);
  await eventually(() => expect(stored(peer)).toEqual(['from the crashed one']));
  expect(peer.ofType('send')).toHaveLength(1);
});

test('another user of the same browser neither sends nor sees what the one before left', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer);
  await ready(tab);
  await away(peer, tab);
  await tab.call(`send('t', 'a secret') && 0`);
  await tab.page.reload();
  peer.user = { id: 'other', name: 'Other' };
  await back(peer, tab);
  await ready(tab);
  await tab.call(`send('t', 'their own').accepted`);
  expect(await tab.outbox()).toEqual([]);
  expect(stored(peer)).toEqual(['their own']);
  peer.user = { id: 'u', name: 'U' };
  await tab.page.reload();
  await eventually(() => expect(stored(peer)).toEqual(['their own', 'a secret']));
});

test('a user who signs in after another on the same page neither sends nor sees what that one left', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer);
  await ready(tab);
  await away(peer, tab);
  const noted = 'var failed; const note = (error) => { failed = error.code }';
  await tab.page.evaluate(`${noted}; chat.send('t', 'a secret').accepted.catch(note); 0`);
  peer.user = { id: 'other', name: 'Other' };
  await back(peer, tab);
  await ready(tab);
  expect(await tab.outbox()).toEqual([]);
  expect(await tab.page.evaluate('failed')).toBe('other-user');
  await tab.call(`send('t', 'their own').accepted`);
  peer.user = { id: 'u', name: 'U' };
  peer.cut();
  await eventually(() => expect(stored(peer)).toEqual(['their own', 'a secret']));
});

test('a refused text is there after a reload, until it is discarded', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer);
  await ready(tab);
  peer.sendErrors.push({ code: 'not-found', message: 'no such thread', applied: 'no' });
  await tab.page.evaluate(`chat.send('t', 'my words', { id: 'm' }).accepted.catch(() => 0)`);
  await tab.page.reload();
  const refused = [{ id: 'm', text: 'my words', state: 'refused' }];
  await eventually(async () => expect(await tab.outbox()).toEqual(refused));
  await tab.call(`discard('m')`);
  await tab.page.reload();
  await ready(tab);
  expect(await tab.outbox()).toEqual([]);
  expect(peer.ofType('send')).toHaveLength(1);
});

test('the first messages of a new thread survive reloads and make one thread', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer);
  await ready(tab);
  await away(peer, tab);
  await tab.page.evaluate(`var id = chat.beginThread(); chat.send(id, 'one'); chat.send(id, 'two')`);
  await tab.page.reload();
  await back(peer, tab);
  await eventually(() => expect(peer.created).toEqual(['th1']));
  await eventually(() => expect(stored(peer, 'th1')).toEqual(['one', 'two']));
  await tab.page.reload();
  await ready(tab);
  expect(await tab.outbox()).toEqual([]);
  expect(peer.created).toEqual(['th1']);
});

test('a full storage is told, and what is sent goes on in memory', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer);
  await ready(tab);
  expect(await tab.storage()).toEqual({ durable: true });
  const devtools = await tab.context.newCDPSession(tab.page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: peer.url, quotaSize: 1 });
  await away(peer, tab);
  await tab.call(`send('t', 'x'.repeat(50000)) && 0`);
  await eventually(async () => expect(await tab.storage()).toMatchObject({ durable: false }));
  expect((await tab.storage()).problem).toMatch(/\w/);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: peer.url });
  await tab.call(`send('t', 'small') && 0`);
  await eventually(async () => expect(await tab.storage()).toEqual({ durable: true }));
  await tab.page.reload();
  await back(peer, tab);
  await eventually(() => expect(stored(peer).map((text) => text.length)).toEqual([50_000, 5]));
});

test('a page that may store nothing says so, and sends', async () => {
  const peer = await Peer.start();
  const tab = await openPage(peer, '/forbidden');
  await ready(tab);
  await tab.call(`send('t', 'hello').accepted`);
  expect(stored(peer)).toEqual(['hello']);
  expect(await tab.storage()).toMatchObject({ durable: false, problem: expect.stringMatching(/\w/) });
});

test.each([
  ['of a newer version', `indexedDB.open('taproot:' + origin, 9).onsuccess = () => { done = true }`],
  [
    'that another tab keeps from being opened',
    `indexedDB.open('taproot:' + origin, 1).onsuccess = () => {
      indexedDB.deleteDatabase('taproot:' + origin).onblocked = () => { done = true }
    }`,
  ],
])('a storage %s is told, and what is sent goes on in memory', async (_, hinder) => {
  const peer = await Peer.start();
  const other = await openPage(peer, '/bare');
  await other.page.evaluate(`var done = false; ${hinder}`);
  await other.page.waitForFunction('done');
  const tab = await openPage(peer, '/', other.context);
  await ready(tab);
  await tab.call(`send('t', 'hello').accepted`);
  expect(stored(peer)).toEqual(['hello']);
  await eventually(async () => expect(await tab.storage()).toMatchObject({ durable: false }));
  expect((await tab.storage()).problem).toMatch(/\w/);
});
