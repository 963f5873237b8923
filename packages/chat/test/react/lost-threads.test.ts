import { eventually } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { sessionOf } from '../../src/react/sessions.ts';
import { ThreadSession } from '../../src/react/thread-session.ts';
import { clientOf } from '../client/setup.ts';
import { Peer } from '../peer/peer.ts';
import { answer, userMessage } from '../peer/script.ts';

async function openSession(peer: Peer): Promise<ThreadSession> {
  const session = new ThreadSession(clientOf(peer), 't');
  onTestFinished(session.retain());
  await eventually(() => expect(session.read().status).toBe('idle'));
  return session;
}

function pending(session: ThreadSession): string[] {
  return session
    .read()
    .pending.map(({ text, state, error }) => `${text}: ${state} ${error?.code ?? ''}`.trim());
}

test('what was not accepted when its thread was deleted stays until it is discarded', async () => {
  const peer = await Peer.start();
  const session = await openSession(peer);
  peer.intercept = (frame) => frame.type === 'send';
  const ids = [session.actions.send('one'), session.actions.send('two')];
  await eventually(() => expect(peer.ofType('send')).toHaveLength(1));
  peer.tellAll({ type: 'thread-deleted', thread: 't' });
  await eventually(() => expect(session.read().deleted).toBe(true));
  expect(pending(session)).toEqual(['one: refused not-found', 'two: refused not-found']);
  for (const id of ids) session.actions.discard(id);
  expect(pending(session)).toEqual([]);
});

test('what a deleted thread had accepted is gone with it', async () => {
  const peer = await Peer.start();
  const session = await openSession(peer);
  session.actions.send('one');
  await eventually(() => expect(pending(session)).toEqual(['one: waiting']));
  peer.tellAll({ type: 'thread-deleted', thread: 't' });
  await eventually(() => expect(session.read().deleted).toBe(true));
  expect(pending(session)).toEqual([]);
});

test('a message that waited in a thread that Redis lost is told as refused, with the loss', async () => {
  const peer = await Peer.start();
  const session = await openSession(peer);
  session.actions.send('one');
  await eventually(() => expect(pending(session)).toEqual(['one: waiting']));
  peer.historyStatus = 404;
  peer.sendErrors.push({ code: 'not-found', message: 'no such thread', applied: 'no' });
  const wiped = { mode: 'reset', reason: 'wiped', seq: 0, chain: '', first: 1 } as const;
  peer.tellAll({ type: 'attached', thread: 't', ...wiped, lost: { from: 1, to: 1 } });
  await eventually(() => expect(pending(session)).toEqual(['one: refused not-found']));
  await eventually(() =>
    expect(session.read()).toMatchObject({ status: 'error', error: { code: 'not-found' } }),
  );
  expect(session.read().notice).toMatchObject({ reason: 'wiped' });
});

test('a server whose history contradicts its log is asked ever less often', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r0', userMessage('m0', 'hi'), ...answer('hello'));
  const session = await openSession(peer);
  const loads = (): number => peer.requests.filter(({ path }) => path.endsWith('/messages')).length;
  peer.outgoing = (frame) =>
    frame.type === 'attached' ? [{ ...frame, mode: 'reset', reason: 'rollback', chain: 'another' }] : [frame];
  peer.cut();
  await eventually(() => expect(loads()).toBeGreaterThan(2));
  const [before, since] = [loads(), performance.now()];
  await eventually(() => expect(performance.now() - since).toBeGreaterThan(2000));
  // Without a pause it is more than a hundred.
  expect(loads() - before).toBeLessThan(20);
  peer.outgoing = (frame) => [frame];
  peer.append('t', 'r1', userMessage('m1', 'more'), ...answer('there'));
  await eventually(() => expect(session.chat.messages).toHaveLength(4), { timeoutMs: 50_000 });
}, 60_000);

test('a message of a thread that does not exist yet is shown until its answer, under one session', async () => {
  const peer = await Peer.start();
  peer.refuse = { status: 503, retryAfter: '600' };
  const client = clientOf(peer);
  const provisional = client.beginThread();
  const session = sessionOf(client, provisional);
  onTestFinished(session.retain());
  expect(session.read()).toMatchObject({ status: 'idle', pending: [] });
  session.actions.send('one');
  await eventually(() => expect(client.connection.retryAt).toBeDefined());
  expect(pending(session)).toEqual(['one: sending']);
  const gaps: unknown[] = [];
  session.subscribe(() => {
    const shown = session.chat.messages.length + session.read().pending.length;
    if (shown === 0 || session.read().status === 'loading') gaps.push(session.read());
  });
  peer.refuse = undefined;
  client.reconnect();
  await eventually(() => expect(peer.log('th1').sent.size).toBe(1));
  expect(sessionOf(client, 'th1')).toBe(session);
  peer.append('th1', 'r1', ...answer('hello'));
  await eventually(() =>
    expect(session.chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant']),
  );
  await eventually(() => expect(session.read().status).toBe('idle'));
  expect(pending(session).concat(gaps.map(String))).toEqual(['one: waiting']);
});

test('a page whose user changes shows nothing of the conversation before', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r0', userMessage('m0', 'a secret'), ...answer('hello'));
  const session = await openSession(peer);
  session.actions.send('another');
  await eventually(() => expect(pending(session)).toEqual(['another: waiting']));
  peer.user = { id: 'other', name: 'Other' };
  peer.historyStatus = 404;
  peer.cut();
  await eventually(() => expect(session.read()).toMatchObject({ status: 'error', pending: [] }));
  expect(session.chat.messages).toEqual([]);
});
