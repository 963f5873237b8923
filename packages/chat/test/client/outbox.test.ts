import { eventually } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { Peer } from '../peer/peer.ts';
import { applied, clientOf } from './setup.ts';

/** What the peer stored, in order. */
function stored(peer: Peer, thread = 't'): string[] {
  return peer
    .log(thread)
    .events.flatMap(({ data }) => ('type' in data && data.type === 'user-message' ? data.id : []));
}

const away = { code: 'redis-unavailable', message: 'away', applied: 'unknown' } as const;

test('a message is accepted with its seq and run, and leaves the outbox', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const message = client.send('t', 'hello');
  const command = { type: 'send', thread: 't', id: message.id, text: 'hello' };
  expect(client.outbox).toEqual([{ thread: 't', id: message.id, text: 'hello', state: 'sending', command }]);
  expect(await message.accepted).toMatchObject({ seq: 1, run: 'r1' });
  expect(message.state).toBe('accepted');
  expect(client.outbox).toEqual([]);
  expect(message.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a message whose accepted was lost with the socket is stored once', async () => {
  const peer = await Peer.start();
  peer.outgoing = (frame) => {
    if (frame.type !== 'accepted') return [frame];
    peer.outgoing = (next) => [next];
    peer.cut();
    return [];
  };
  const client = clientOf(peer);
  const message = client.send('t', 'hello');
  await message.accepted;
  expect(peer.ofType('send').map(({ id }) => id)).toEqual([message.id, message.id]);
  expect(stored(peer)).toEqual([message.id]);
});

test('a message that was on its way when the socket broke shows as retrying at once', async () => {
  const peer = await Peer.start();
  peer.intercept = (frame) => frame.type === 'send';
  const client = clientOf(peer);
  client.send('t', 'hello');
  await eventually(() => expect(peer.ofType('send')).toHaveLength(1));
  peer.refuse = { status: 503, retryAfter: '600' };
  peer.cut();
  await eventually(() => expect(client.outbox[0]?.state).toBe('retrying'));
});

test('a message without an answer is sent again on the same socket', async () => {
  const peer = await Peer.start();
  let swallowed = 0;
  peer.intercept = (frame) => frame.type === 'send' && swallowed++ === 0;
  const client = clientOf(peer, { connectTimeoutMs: 100 });
  await client.send('t', 'hello').accepted;
  expect(stored(peer)).toHaveLength(1);
});

test('messages written while offline go out in order when the server is there', async () => {
  const peer = await Peer.start();
  peer.refuse = { status: 503 };
  const client = clientOf(peer);
  const ids = ['a', 'b', 'c'].map((text) => client.send('t', text).id);
  await eventually(() => expect(client.connection.socket).toBe('waiting'));
  peer.refuse = undefined;
  client.reconnect();
  await eventually(() => expect(stored(peer)).toEqual(ids));
});

test('a message that Redis refused holds back the later ones of its thread, not those of others', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  await eventually(() => expect(client.connection.socket).toBe('open'));
  peer.sendErrors.push({ ...away, retryAfterMs: 60_000 });
  const first = client.send('t', 'one');
  const second = client.send('t', 'two');
  await client.send('other', 'three').accepted;
  await eventually(() =>
    expect(client.outbox[0]).toMatchObject({ state: 'retrying', error: { code: away.code } }),
  );
  expect(client.outbox[1]).toMatchObject({ state: 'sending' });
  expect(stored(peer)).toEqual([]);
  peer.status('ready');
  await second.accepted;
  expect(stored(peer)).toEqual([first.id, second.id]);
});

test.each(['redis-unavailable', 'queue-full', 'internal'] as const)(
  'after %s a message is sent again under the same id',
  async (code) => {
    const peer = await Peer.start();
    peer.sendErrors.push({ code, message: 'later', applied: 'no', retryAfterMs: 5 });
    const message = clientOf(peer).send('t', 'hello');
    await message.accepted;
    expect(stored(peer)).toEqual([message.id]);
  },
);

test('a bug of the server is not asked for ever', async () => {
  const peer = await Peer.start();
  const bug = { code: 'internal', message: 'bug', applied: 'unknown', retryAfterMs: 1 } as const;
  peer.sendErrors.push(...Array.from({ length: 10 }, () => bug));
  const client = clientOf(peer);
  await expect(client.send('t', 'poison').accepted).rejects.toMatchObject({
    code: 'internal',
    applied: 'unknown',
  });
  expect(peer.ofType('send')).toHaveLength(6);
});

test.each(['bad-frame', 'not-found', 'id-reused'] as const)(
  'a message refused with %s stays readable and lets the next one pass',
  async (code) => {
    const peer = await Peer.start();
    peer.sendErrors.push({ code, message: 'no', applied: 'no' });
    const client = clientOf(peer);
    const message = client.send('t', 'my words');
    await expect(message.accepted).rejects.toMatchObject({ code, applied: 'no' });
    await client.send('t', 'next').accepted;
    expect(client.outbox).toMatchObject([{ text: 'my words', state: 'refused', error: { code } }]);
    client.discard(message.id);
    expect(client.outbox).toEqual([]);
  },
);

test('a text over the limit is refused without being sent', async () => {
  const peer = await Peer.start();
  peer.maxTextBytes = 10;
  const client = clientOf(peer);
  await expect(client.send('t', 'ééééééé').accepted).rejects.toMatchObject({ code: 'too-large' });
  await client.send('t', 'éé').accepted;
  expect(peer.ofType('send')).toHaveLength(1);
});

test('the same id with the same text is one message, with other text it is refused', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const message = client.send('t', 'hello', { id: 'x' });
  expect(client.send('t', 'hello', { id: 'x' })).toBe(message);
  await expect(client.send('t', 'bye', { id: 'x' }).accepted).rejects.toMatchObject({ code: 'id-reused' });
  await message.accepted;
  expect(stored(peer)).toEqual(['x']);
});

test('a reset that covers an accepted message sends it again, before later ones', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  const [first, second] = [client.send('t', 'one'), client.send('t', 'two')];
  await Promise.all([first.accepted, second.accepted]);
  await eventually(() => expect(events).toHaveLength(2));
  peer.log('t').rollback(0);
  peer.cut();
  await eventually(() => expect(stored(peer)).toEqual([first.id, second.id]));
  await eventually(() => expect(events).toEqual(peer.log('t').events));
});

test('a message whose run has ended is not kept', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  const { run } = await client.send('t', 'one').accepted;
  peer.append('t', run, { type: 'run-ended', outcome: 'done' });
  await eventually(() => expect(events).toHaveLength(2));
  peer.log('t').rollback(0);
  peer.cut();
  await eventually(() => expect(events).toHaveLength(0));
  await client.send('t', 'two').accepted;
  expect(peer.ofType('send').map(({ text }) => text)).toEqual(['one', 'two']);
});

test('the event of a message counts as accepted when it comes first', async () => {
  const peer = await Peer.start();
  peer.outgoing = (frame) => (frame.type === 'accepted' ? [] : [frame]);
  const client = clientOf(peer);
  client.thread('t').open({ seq: 0 });
  applied(client, 't');
  expect(await client.send('t', 'hello').accepted).toMatchObject({ seq: 1, run: 'r1' });
});

test('giving up by signal takes the message out, and closing rejects what is left', async () => {
  const peer = await Peer.start();
  peer.refuse = { status: 503 };
  const client = clientOf(peer);
  const abort = new AbortController();
  const first = client.send('t', 'one', { signal: abort.signal });
  const second = client.send('t', 'two');
  abort.abort();
  await expect(first.accepted).rejects.toMatchObject({ code: 'aborted' });
  expect(client.outbox.map(({ id }) => id)).toEqual([second.id]);
  await client.close();
  await expect(second.accepted).rejects.toMatchObject({ code: 'closed' });
});

test('the unsent messages of a deleted thread are refused for good, with their texts to be copied', async () => {
  const peer = await Peer.start();
  peer.intercept = (frame) => frame.type === 'send';
  const client = clientOf(peer);
  const message = client.send('t', 'one');
  await eventually(() => expect(peer.ofType('send')).toHaveLength(1));
  const stop = client.stop('t', { id: message.id });
  peer.tellAll({ type: 'thread-deleted', thread: 't' });
  for (const one of [message.accepted, stop])
    await expect(one).rejects.toMatchObject({ code: 'not-found', applied: 'no' });
  expect(client.outbox).toMatchObject([{ text: 'one', state: 'refused', error: { code: 'not-found' } }]);
  client.discard(message.id);
  expect(client.outbox).toEqual([]);
});

test('through random cuts and refusals every message is stored once and in order', async () => {
  const peer = await Peer.start();
  peer.intercept = (frame) => {
    if (frame.type !== 'send' || Math.random() > 0.3) return false;
    if (Math.random() < 0.5) peer.cut();
    else peer.sendErrors.push({ ...away, retryAfterMs: 1 });
    return Math.random() < 0.5;
  };
  peer.outgoing = (frame) => (frame.type === 'accepted' && Math.random() < 0.2 ? [] : [frame]);
  const client = clientOf(peer, { connectTimeoutMs: 100, backoff: { minMs: 1, maxMs: 5 } });
  const messages = Array.from({ length: 60 }, (_, i) => client.send(i % 3 === 0 ? 't' : 'u', `${i}`));
  await Promise.all(messages.map(({ accepted }) => accepted));
  const idsOf = (first: boolean): string[] =>
    messages.filter((_, i) => (i % 3 === 0) === first).map(({ id }) => id);
  expect(stored(peer, 't')).toEqual(idsOf(true));
  expect(stored(peer, 'u')).toEqual(idsOf(false));
}, 30_000);

test('a stop of a message that the server put off waits for it; one of another run does not', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const { run } = await client.send('t', 'one').accepted;
  peer.sendErrors.push({ code: 'queue-full', message: 'later', applied: 'no', retryAfterMs: 200 });
  const second = client.send('t', 'two');
  const stopped = client.stop('t', { id: second.id });
  await eventually(() => expect(client.outbox[0]?.error).toMatchObject({ code: 'queue-full' }));
  expect(await client.stop('t', { run })).toEqual({ run, outcome: 'stopped' });
  expect(peer.ofType('send')).toHaveLength(2);
  expect(await stopped).toMatchObject({ outcome: 'stopped' });
  expect(peer.ofType('stop').map(({ id }) => id)).toEqual([undefined, second.id]);
  expect(client.outbox).toEqual([]);
});

test('stops, edits, regenerations and answers are said again after a cut, until the server has answered', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const { run } = await client.send('t', 'one', { id: 'm-1' }).accepted;
  const lost = new Set<string>();
  peer.intercept = ({ type }) => {
    if (type === 'ping' || type === 'attach' || lost.has(type)) return false;
    lost.add(type);
    setTimeout(() => peer.cut());
    return true;
  };
  expect(await client.stop('t', { run })).toEqual({ run, outcome: 'stopped' });
  expect(await client.stop('t', { run })).toEqual({ run, outcome: 'stopped' });
  await client.regenerate('t', 'm-1', { id: 'g-1' }).accepted;
  await client.edit('t', 'm-1', 'two', { id: 'e-1' }).accepted;
  await expect(client.answer('t', run, 'c', true)).rejects.toMatchObject({ code: 'not-waiting' });
  expect(lost).toEqual(new Set(['stop', 'regenerate', 'edit', 'answer']));
  expect(client.outbox).toEqual([]);
});

test('commands that are given again after a reload are the same commands', async () => {
  const peer = await Peer.start();
  peer.refuse = { status: 503, retryAfter: '600' };
  const before = clientOf(peer);
  before.send('t', 'one', { id: 'm-1' });
  before.edit('t', 'm-1', 'two', { id: 'e-1' });
  void before.stop('t', { id: 'm-1' }).catch(() => undefined);
  const commands = before.outbox.map(({ command }) => command);
  await before.close();
  peer.refuse = undefined;
  const after = clientOf(peer);
  const accepted = commands.map((command) => after.submit(command).accepted);
  expect(after.submit(commands[0] ?? expect.fail('nothing was kept')).id).toBe('m-1');
  await Promise.all(accepted);
  expect(peer.received.map(({ type }) => type)).toEqual(['send', 'edit', 'stop']);
});
