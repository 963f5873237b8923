import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import type { CommandStorage, KeptCommand, StorageState } from '../../src/client/index.ts';
import { Peer } from '../peer/peer.ts';
import { clientOf } from './setup.ts';

/** A storage of the application's own, which may fail. */
class MapStorage implements CommandStorage {
  readonly kept = new Map<string, KeptCommand>();
  broken = false;

  async list(): Promise<readonly KeptCommand[]> {
    if (this.broken) throw new RangeError('the disk is gone');
    return structuredClone([...this.kept.values()]);
  }

  async write(put: readonly KeptCommand[], drop: readonly string[]): Promise<void> {
    if (this.broken) throw new RangeError('the disk is full');
    for (const command of structuredClone(put)) this.kept.set(command.key, command);
    for (const key of drop) this.kept.delete(key);
  }

  close(): void {}
}

function texts(storage: MapStorage): string[] {
  return [...storage.kept.values()].map(({ command }) => ('text' in command ? (command.text ?? '') : ''));
}

test('in Node, commands are kept in the storage that is given, and by the next client sent', async () => {
  const peer = await Peer.start();
  peer.refuse = { status: 503, retryAfter: '600' };
  const storage = new MapStorage();
  const before = clientOf(peer, { storage });
  before.send('t', 'one', { id: 'm-1' });
  void before.stop('t', { id: 'm-1' }).catch(() => undefined);
  void before.answer('t', 'r', 'c', true).catch(() => undefined);
  await eventually(() => expect(texts(storage)).toEqual(['one', '', '']));
  await before.close();
  peer.refuse = undefined;
  // Nobody was signed in yet, and without tabs nobody can tell whose they are.
  for (const [key, command] of storage.kept) storage.kept.set(key, { ...command, user: 'u' });
  const after = clientOf(peer, { storage });
  await eventually(() => expect(peer.received.map(({ type }) => type)).toEqual(['send', 'answer', 'stop']));
  await eventually(() => expect(storage.kept.size).toBe(0));
  expect(after.outbox).toEqual([]);
});

test('what fails to be kept is told, sent all the same, and kept as soon as that works', async () => {
  const peer = await Peer.start();
  const storage = new MapStorage();
  storage.broken = true;
  const client = clientOf(peer, { storage });
  const told: StorageState[] = [];
  client.on('storage', (state) => told.push(state));
  await client.send('t', 'one').accepted;
  expect(client.storage).toEqual({ durable: false, problem: 'the disk is full' });
  peer.refuse = { status: 503, retryAfter: '600' };
  peer.cut();
  client.send('t', 'two');
  storage.broken = false;
  client.send('t', 'three');
  await eventually(() => expect(texts(storage).sort()).toEqual(['three', 'two']));
  expect(client.storage).toEqual({ durable: true });
  expect(told.at(-1)).toEqual({ durable: true });
});

test('without a storage a client says that what is sent does not outlive it, which is no problem', async () => {
  const client = clientOf(await Peer.start());
  expect(client.storage).toEqual({ durable: false });
});

test('what was not sent in thirty days is dropped, and what its user has open elsewhere is left alone', async () => {
  const peer = await Peer.start();
  const storage = new MapStorage();
  const command = { type: 'send', thread: 't', id: 'old', text: 'old' } as const;
  const kept = { owner: 'gone', user: 'u', tab: 'x' };
  storage.kept.set('k', { ...kept, key: 'k', order: Date.now() - 31 * 24 * 3_600_000, command });
  storage.kept.set('o', { ...kept, key: 'o', user: 'other', order: Date.now(), command });
  const client = clientOf(peer, { storage });
  await client.send('t', 'new').accepted;
  await eventually(() => expect([...storage.kept.keys()]).toEqual(['o']));
  expect(peer.ofType('send')).toHaveLength(1);
});

test('two clients of a process that share a storage do not send the same', async () => {
  const peer = await Peer.start();
  const storage = new MapStorage();
  const first = clientOf(peer, { storage });
  const second = clientOf(peer, { storage });
  await eventually(() => expect(first.connection.socket).toBe('open'));
  peer.sendErrors.push({ code: 'queue-full', message: 'later', applied: 'no', retryAfterMs: 600_000 });
  first.send('t', 'one');
  await eventually(() => expect(first.outbox[0]?.state).toBe('retrying'));
  peer.refuse = { status: 503 };
  peer.cut();
  peer.refuse = undefined;
  second.reconnect();
  await eventually(() => expect(second.connection.socket).toBe('open'));
  await eventually(() => expect(first.outbox).toEqual([]));
  expect(second.outbox).toEqual([]);
  expect(peer.log('t').sent.size).toBe(1);
});

test('a thread is made with its first message, however long the server is away', async () => {
  const peer = await Peer.start();
  peer.refuse = { status: 503, retryAfter: '600' };
  const client = clientOf(peer);
  const created: unknown[] = [];
  client.on('created', (thread) => created.push(thread));
  const provisional = client.beginThread();
  const messages = ['one', 'two'].map((text) => client.send(provisional, text));
  expect(client.outbox).toMatchObject([{ thread: provisional }, { thread: provisional }]);
  peer.refuse = undefined;
  client.reconnect();
  await Promise.all(messages.map(({ accepted }) => accepted));
  expect(created).toEqual([{ provisional, thread: 'th1' }]);
  expect(messages.map(({ thread }) => thread)).toEqual(['th1', 'th1']);
  // The id that a page still has is good for more.
  await client.send(provisional, 'three').accepted;
  expect([...peer.log('th1').sent.values()].map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  expect(peer.created).toEqual(['th1']);
});

test('a thread that the server refuses to make refuses its messages, with their texts', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer, {
    fetch: async () => new Response('{"code":"bad-request","detail":"no more"}', { status: 400 }),
  });
  const message = client.send(client.beginThread(), 'my words');
  await expect(message.accepted).rejects.toMatchObject({ code: 'http', message: 'no more' });
  expect(client.outbox).toMatchObject([{ text: 'my words', state: 'refused' }]);
});

test('another epoch voids what was applied, and asks for what was accepted and not answered', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const view = client.thread('t');
  const resets: unknown[] = [];
  view.on('reset', ({ reason, lost }) => resets.push({ reason, lost }));
  view.open({ seq: 0 });
  await client.send('t', 'one').accepted;
  await eventually(() => expect(view.position?.seq).toBe(1));
  peer.epoch = 'epoch-2';
  peer.sendErrors.push({ code: 'not-found', message: 'no such thread', applied: 'no' });
  peer.cut();
  await eventually(() => expect(resets).toEqual([{ reason: 'wiped', lost: { from: 1, to: 1 } }]));
  expect(view.position).toBeUndefined();
  await eventually(() =>
    expect(client.outbox).toMatchObject([{ text: 'one', state: 'refused', error: { code: 'not-found' } }]),
  );
});

test('a client whose user changes keeps what each of them has not sent, also in memory', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  await eventually(() => expect(client.connection.socket).toBe('open'));
  peer.refuse = { status: 503, retryAfter: '600' };
  peer.cut();
  await eventually(() => expect(client.connection.socket).toBe('waiting'));
  const secret = client.send('t', 'a secret');
  peer.refuse = undefined;
  peer.user = { id: 'other', name: 'Other' };
  client.reconnect();
  await expect(secret.accepted).rejects.toMatchObject({ code: 'other-user' });
  expect(client.outbox).toEqual([]);
  peer.user = { id: 'u', name: 'U' };
  peer.cut();
  await eventually(() => expect(peer.log('t').sent.size).toBe(1));
  expect(client.outbox).toEqual([]);
});
