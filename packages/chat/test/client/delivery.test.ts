import { eventually } from '@taproot/testkit';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { EventFrame, ServerFrame } from '../../src/protocol/index.ts';
import { Peer } from '../peer/peer.ts';
import { applied, clientOf } from './setup.ts';

const THINKING = { type: 'agent_thinking' } as const;

function seqs(events: readonly EventFrame[]): number[] {
  return events.map(({ seq }) => seq);
}

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

test('a view from the beginning gets all events, those before and those after it was opened', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', THINKING, THINKING);
  const client = clientOf(peer);
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  await eventually(() => expect(events).toHaveLength(2));
  peer.append('t', 'r', THINKING);
  await eventually(() => expect(seqs(events)).toEqual([1, 2, 3]));
  expect(client.thread('t').position).toEqual(peer.log('t').head);
});

test('a view that has only listeners is attached at the head', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', THINKING, THINKING);
  const client = clientOf(peer);
  const events = applied(client, 't');
  await eventually(() => expect(client.thread('t').attached).toBe(true));
  peer.append('t', 'r', THINKING);
  await eventually(() => expect(seqs(events)).toEqual([3]));
});

test('opening at a position counts more than the answer to an attach before it', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', THINKING, THINKING);
  const client = clientOf(peer);
  await eventually(() => expect(client.connection.socket).toBe('open'));
  const events = applied(client, 't');
  client.thread('t').open({ seq: 0 });
  await eventually(() => expect(seqs(events)).toEqual([1, 2]));
});

test('a view without listeners is detached, and goes on where it was', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const view = client.thread('t');
  const off = view.on('event', () => undefined);
  await eventually(() => expect(view.attached).toBe(true));
  peer.append('t', 'r', THINKING);
  await eventually(() => expect(view.position?.seq).toBe(1));
  off();
  await eventually(() => expect(peer.ofType('detach')).toHaveLength(1));
  peer.append('t', 'r', THINKING, THINKING);
  const events = applied(client, 't');
  await eventually(() => expect(seqs(events)).toEqual([2, 3]));
});

test('a listener that throws does not keep events from the others', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  onTestFinished(() => void vi.unstubAllGlobals());
  client.thread('t').open({ seq: 0 });
  client.thread('t').on('event', () => {
    throw new TypeError('a bug of the page, on purpose');
  });
  const events = applied(client, 't');
  peer.append('t', 'r', THINKING, THINKING);
  await eventually(() => expect(seqs(events)).toEqual([1, 2]));
  expect(reported).toHaveBeenCalledTimes(2);
});

test('after a cut the view resumes from its position with marks', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', ...upTo(200).map(() => THINKING));
  const client = clientOf(peer);
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  await eventually(() => expect(events).toHaveLength(200));
  peer.cut();
  await eventually(() => expect(peer.ofType('attach')).toHaveLength(2));
  const after = peer.ofType('attach')[1]?.after;
  expect(after).toMatchObject(peer.log('t').head);
  const marks = after?.marks ?? [];
  expect(marks.at(-1)).toEqual(peer.log('t').start);
  expect(marks[0]?.seq).toBe(199);
  expect(marks.every((mark) => peer.log('t').has(mark))).toBe(true);
  expect(marks.length).toBeLessThan(25);
  // Each is at most twice as far away as the one before it, so a reset repeats at most as much as was lost.
  const distances = marks.map(({ seq }) => 200 - seq);
  expect(distances.every((distance, i) => i === 0 || distance <= 2 * (distances[i - 1] ?? 0) + 1)).toBe(true);
});

test('a reset drops what the log lost and goes on with the new history', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', ...upTo(10).map(() => THINKING));
  const client = clientOf(peer);
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  const resets: unknown[] = [];
  client.thread('t').on('reset', ({ reason, lost }) => resets.push({ reason, to: lost?.to }));
  await eventually(() => expect(events).toHaveLength(10));
  peer.log('t').rollback(6);
  peer.append('t', 'other', ...upTo(6).map(() => THINKING));
  await eventually(() => expect(events.at(-1)).toEqual(peer.log('t').events.at(-1)));
  expect(events).toEqual(peer.log('t').events);
  expect(resets).toEqual([{ reason: 'rollback', to: 10 }]);
});

test('a reset that comes by itself on an open socket is taken', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', ...upTo(4).map(() => THINKING));
  const client = clientOf(peer);
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  await eventually(() => expect(events).toHaveLength(4));
  const kept = peer.log('t').events[1];
  peer.log('t').rollback(2);
  const lost = { from: 3, to: 4 };
  const chain = kept?.chain ?? '';
  peer.tellAll({
    type: 'attached',
    thread: 't',
    mode: 'reset',
    reason: 'rollback',
    seq: 2,
    chain,
    first: 1,
    lost,
  });
  peer.append('t', 'r', THINKING);
  await eventually(() => expect(seqs(events)).toEqual([1, 2, 3]));
  expect(events).toEqual(peer.log('t').events);
});

test('an attach that Redis refused is tried again, at once when Redis is back', async () => {
  const peer = await Peer.start();
  let refused = 0;
  peer.intercept = (frame, socket) => {
    if (frame.type !== 'attach' || refused++ > 0) return false;
    const error = { type: 'error', code: 'redis-unavailable', message: 'away', applied: 'no' } as const;
    peer.tell(socket, { ...error, ref: frame.thread, retryAfterMs: 60_000 });
    return true;
  };
  peer.append('t', 'r', THINKING);
  const client = clientOf(peer);
  const errors: string[] = [];
  client.thread('t').on('error', ({ code }) => errors.push(code));
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  await eventually(() => expect(errors).toEqual(['redis-unavailable']));
  peer.status('ready');
  await eventually(() => expect(seqs(events)).toEqual([1]));
});

test('an attach without an answer is sent again', async () => {
  const peer = await Peer.start();
  let swallowed = 0;
  peer.intercept = (frame) => frame.type === 'attach' && swallowed++ < 2;
  peer.append('t', 'r', THINKING);
  const client = clientOf(peer, { connectTimeoutMs: 100 });
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  await eventually(() => expect(seqs(events)).toEqual([1]));
});

test('a deleted thread is told once and not attached again', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  let deleted = 0;
  client.thread('t').on('deleted', () => deleted++);
  client.thread('t').on('event', () => undefined);
  await eventually(() => expect(client.thread('t').attached).toBe(true));
  peer.tellAll({ type: 'thread-deleted', thread: 't' });
  await eventually(() => expect(deleted).toBe(1));
  peer.cut();
  await eventually(() => expect(peer.sockets).toBe(1));
  expect(peer.ofType('attach')).toHaveLength(1);
  expect(client.thread('t').position).toBeUndefined();
});

test('through random cuts, losses, repetitions and mix-ups each event is applied once and in order', async () => {
  const peer = await Peer.start();
  const held: ServerFrame[] = [];
  peer.outgoing = (frame) => {
    if (frame.type !== 'event') return [frame];
    const luck = Math.random();
    if (luck < 0.05) return [];
    if (luck < 0.15) return [frame, frame];
    if (luck < 0.25) {
      held.push(frame);
      return [];
    }
    return luck < 0.35 ? [frame, ...held.splice(0)] : [frame];
  };
  const client = clientOf(peer, { backoff: { minMs: 1, maxMs: 5 } });
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  const total = 400;
  for (let i = 0; i < total; i++) {
    peer.append('t', 'r', THINKING);
    if (Math.random() < 0.05) peer.cut();
    if (Math.random() < 0.2) await new Promise(setImmediate);
  }
  // The faults end; one more event shows the gap, if there is one.
  peer.outgoing = (frame) => [frame];
  peer.append('t', 'r', THINKING);
  await eventually(() => expect(events).toEqual(peer.log('t').events));
  expect(seqs(events)).toEqual(upTo(total + 1));
});

test('through random rollbacks too, what is applied is the log', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer, { backoff: { minMs: 1, maxMs: 5 } });
  client.thread('t').open({ seq: 0 });
  const events = applied(client, 't');
  for (let i = 0; i < 300; i++) {
    peer.append('t', `r${i}`, THINKING);
    const head = peer.log('t').head.seq;
    if (Math.random() < 0.1) peer.log('t').rollback(Math.floor(Math.random() * head));
    if (Math.random() < 0.05) peer.cut();
    if (Math.random() < 0.3) await new Promise(setImmediate);
  }
  // A server tells a fork; this one only when asked.
  peer.cut();
  await eventually(() => expect(events).toEqual(peer.log('t').events));
});
