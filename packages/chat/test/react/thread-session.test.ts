import { eventually } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import type { ChatMessage } from '../../src/protocol/index.ts';
import { ThreadSession } from '../../src/react/thread-session.ts';
import { clientOf } from '../client/setup.ts';
import { Peer } from '../peer/peer.ts';
import { historyOf } from '../peer/peer-history.ts';
import { answer, DONE, delta, end, STARTED, start, userMessage } from '../peer/script.ts';

function sessionOf(peer: Peer, client = clientOf(peer)): ThreadSession {
  const session = new ThreadSession(client, 't');
  onTestFinished(session.retain());
  return session;
}

/** The conversation in short: what was said, or what of it is there. */
function said(messages: readonly ChatMessage[]): string[] {
  return messages.map(({ role, parts }) => {
    const words = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    return `${role === 'user' ? '>' : '<'} ${words}`;
  });
}

/** Pending messages that a page would show: see `useThread`. */
function pending(session: ThreadSession): string[] {
  const shown = new Set(session.chat.messages.map(({ id }) => id));
  return session.read().pending.flatMap(({ id, text, state }) => (shown.has(id) ? [] : `${text}: ${state}`));
}

async function settled(session: ThreadSession): Promise<void> {
  await eventually(() => expect(session.read().status).toBe('idle'));
}

test('a thread is loaded, and what follows comes live', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r0', userMessage('m0', 'hi'), ...answer('hello'));
  const session = sessionOf(peer);
  expect(session.read().status).toBe('loading');
  await settled(session);
  expect(said(session.chat.messages)).toEqual(['> hi', '< hello']);
  peer.append('t', 'r1', userMessage('m1', 'and?'), ...answer('so'));
  await eventually(() => expect(said(session.chat.messages)).toEqual(['> hi', '< hello', '> and?', '< so']));
  await settled(session);
});

test('a run that is active at the load is shown from its beginning', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r0', userMessage('m0', 'hi'), ...answer('hello'));
  peer.append('t', 'r1', userMessage('m1', 'more'), STARTED, start('t'), delta('t', 'half '));
  const session = sessionOf(peer);
  await eventually(() => expect(said(session.chat.messages).at(-1)).toBe('< half '));
  expect(session.read()).toMatchObject({ status: 'running', run: 'r1' });
  peer.append('t', 'r1', delta('t', 'whole'), end('t'), DONE);
  await settled(session);
  expect(said(session.chat.messages)).toEqual(['> hi', '< hello', '> more', '< half whole']);
});

test('a message is pending until its run starts', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  peer.intercept = (frame) => frame.type === 'send';
  const id = session.actions.send('hi');
  expect(pending(session)).toEqual(['hi: sending']);
  await eventually(() => expect(peer.ofType('send')).toHaveLength(1));
  peer.cut();
  await eventually(() => expect(pending(session)).toEqual(['hi: retrying']));
  peer.intercept = () => false;
  peer.cut();
  await eventually(() => expect(pending(session)).toEqual(['hi: waiting']));
  peer.append('t', 'r1', STARTED);
  await eventually(() => expect(said(session.chat.messages)).toEqual(['> hi', '< ']));
  expect(session.chat.messages[0]?.id).toBe(id);
  expect(pending(session)).toEqual([]);
});

test('a message never vanishes on its way from the outbox to the conversation', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  const gaps: string[] = [];
  const id = session.actions.send('hi');
  session.subscribe(() => {
    const there = session.chat.messages.some((message) => message.id === id) || pending(session).length > 0;
    if (!there) gaps.push(JSON.stringify(session.read()));
  });
  await eventually(() => expect(pending(session)).toEqual(['hi: waiting']));
  peer.append('t', 'r1', ...answer('hello'));
  await eventually(() => expect(said(session.chat.messages)).toEqual(['> hi', '< hello']));
  await settled(session);
  expect(gaps).toEqual([]);
});

test('a message sent during a run follows its answer', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  session.actions.send('one');
  await eventually(() => expect(pending(session)).toEqual(['one: waiting']));
  peer.append('t', 'r1', STARTED, start('t'));
  session.actions.send('two');
  session.actions.send('three');
  await eventually(() => expect(pending(session)).toEqual(['two: waiting', 'three: waiting']));
  peer.append('t', 'r1', delta('t', '1'), end('t'), DONE);
  peer.append('t', 'r2', ...answer('2'));
  peer.append('t', 'r3', ...answer('3'));
  const all = ['> one', '< 1', '> two', '< 2', '> three', '< 3'];
  await eventually(() => expect(said(session.chat.messages)).toEqual(all));
  expect(pending(session)).toEqual([]);
});

test('messages of the history whose runs have not started are pending, and are answered in their order', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r1', userMessage('m1', 'one'), STARTED);
  peer.append('t', 'r2', userMessage('m2', 'two'));
  peer.append('t', 'r3', userMessage('m3', 'three'));
  peer.append('t', 'r1', DONE);
  const session = sessionOf(peer);
  await eventually(() => expect(pending(session)).toEqual(['two: waiting', 'three: waiting']));
  peer.append('t', 'r2', ...answer('2'));
  peer.append('t', 'r3', ...answer('3'));
  const all = ['> one', '< ', '> two', '< 2', '> three', '< 3'];
  await eventually(() => expect(said(session.chat.messages)).toEqual(all));
});

test('a run that ended before it started has its place in the conversation', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  const error = { code: 'queue-deadline', message: 'waited too long' } as const;
  peer.append('t', 'r1', userMessage('m1', 'hi'), { type: 'run-ended', outcome: 'error', error });
  await eventually(() => expect(said(session.chat.messages)).toEqual(['> hi', '< ']));
  await settled(session);
  expect(session.chat.messages[1]?.metadata).toMatchObject({ outcome: 'error' });
});

test('many runs that come at once are all shown, in order', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const session = sessionOf(peer, client);
  await settled(session);
  peer.refuse = { status: 503, retryAfter: '600' };
  peer.cut();
  await eventually(() => expect(client.connection.socket).toBe('waiting'));
  for (let i = 0; i < 20; i++) peer.append('t', `r${i}`, userMessage(`m${i}`, `q${i}`), ...answer(`a${i}`));
  peer.refuse = undefined;
  client.reconnect();
  const all = Array.from({ length: 20 }, (_, i) => [`> q${i}`, `< a${i}`]).flat();
  await eventually(() => expect(said(session.chat.messages)).toEqual(all));
});

test('two tabs show the same, whichever asks and whatever breaks', async () => {
  const peer = await Peer.start();
  const tabs = [sessionOf(peer), sessionOf(peer)];
  await Promise.all(tabs.map(settled));
  for (let i = 0; i < 12; i++) {
    tabs[i % 2]?.actions.send(`q${i}`);
    await eventually(() => expect(peer.log('t').sent.size).toBe(i + 1));
    const words = [STARTED, start('t'), delta('t', `a${i}`), end('t'), DONE];
    for (const event of words) {
      peer.append('t', `r${i + 1}`, event);
      if (Math.random() < 0.2) peer.cut();
      if (Math.random() < 0.3) await new Promise(setImmediate);
    }
  }
  const { messages } = await historyOf(peer.log('t'));
  for (const { chat } of tabs) {
    await eventually(() => expect(chat.messages).toEqual(messages));
  }
});

test('a reset reloads the conversation, tells the user, and goes on with the run', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r0', userMessage('m0', 'hi'), ...answer('hello'));
  const session = sessionOf(peer);
  await settled(session);
  peer.append('t', 'r1', userMessage('m1', 'more'), STARTED, start('t'), delta('t', 'lost words'));
  await eventually(() => expect(said(session.chat.messages).at(-1)).toBe('< lost words'));
  const { seq } = peer.log('t').head;
  peer.log('t').rollback(seq - 1);
  peer.append('t', 'r1', delta('t', 'kept '));
  peer.cut();
  await eventually(() => expect(said(session.chat.messages).at(-1)).toBe('< kept '));
  expect(session.read().notice).toMatchObject({ reason: 'rollback', lost: { to: seq } });
  peer.append('t', 'r1', delta('t', 'words'), end('t'), DONE);
  await settled(session);
  expect(said(session.chat.messages)).toEqual(['> hi', '< hello', '> more', '< kept words']);
  session.dismissNotice();
  expect(session.read().notice).toBeUndefined();
});

test('a message that a reset took back is sent again and answered', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  session.actions.send('hi');
  await eventually(() => expect(pending(session)).toEqual(['hi: waiting']));
  peer.append('t', 'r1', STARTED);
  await eventually(() => expect(session.read().status).toBe('running'));
  peer.log('t').rollback(0);
  peer.cut();
  await eventually(() => expect(peer.log('t').sent.size).toBe(1));
  peer.append('t', 'r2', ...answer('hello again'));
  await eventually(() => expect(said(session.chat.messages)).toEqual(['> hi', '< hello again']));
  expect(pending(session)).toEqual([]);
});

test('a history that cannot be read now is read when the server is back', async () => {
  const peer = await Peer.start();
  peer.historyStatus = 503;
  peer.append('t', 'r0', userMessage('m0', 'hi'), ...answer('hello'));
  const session = sessionOf(peer);
  await eventually(() =>
    expect(peer.requests.filter(({ path }) => path.endsWith('/messages')).length).toBeGreaterThan(1),
  );
  expect(session.read().status).toBe('loading');
  peer.historyStatus = undefined;
  peer.status('down');
  peer.status('ready');
  await settled(session);
  expect(said(session.chat.messages)).toEqual(['> hi', '< hello']);
});

test('a thread that is not there is an error, and can be loaded again', async () => {
  const peer = await Peer.start();
  peer.historyStatus = 404;
  const session = sessionOf(peer);
  await eventually(() =>
    expect(session.read()).toMatchObject({ status: 'error', error: { code: 'not-found' } }),
  );
  peer.historyStatus = undefined;
  session.reload();
  await settled(session);
  expect(session.read().error).toBeUndefined();
});

test('after a sign-in the thread loads by itself', async () => {
  const peer = await Peer.start();
  peer.closeWith = 4401;
  peer.historyStatus = 401;
  const client = clientOf(peer);
  const session = sessionOf(peer, client);
  await eventually(() => expect(session.read().error?.code).toBe('not-signed-in'));
  await eventually(() => expect(client.connection.signIn).toBe(true));
  peer.closeWith = undefined;
  peer.historyStatus = undefined;
  client.reconnect();
  await settled(session);
});

test('a refused message stays with its error until it is discarded', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  peer.sendErrors.push({ code: 'too-large', message: 'too long', applied: 'no' });
  const id = session.actions.send('my words');
  await eventually(() => expect(pending(session)).toEqual(['my words: refused']));
  expect(session.read().pending[0]?.error?.code).toBe('too-large');
  session.actions.discard(id);
  expect(pending(session)).toEqual([]);
});

test('a deleted thread says so', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  await eventually(() => expect(peer.ofType('attach')).toHaveLength(1));
  peer.tellAll({ type: 'thread-deleted', thread: 't' });
  await eventually(() => expect(session.read().deleted).toBe(true));
});

test('unmounting leaves the run alone, and mounting again shows it whole', async () => {
  const peer = await Peer.start();
  const session = new ThreadSession(clientOf(peer), 't');
  const release = session.retain();
  await settled(session);
  peer.append('t', 'r1', userMessage('m1', 'hi'), STARTED, start('t'), delta('t', 'half '));
  await eventually(() => expect(said(session.chat.messages).at(-1)).toBe('< half '));
  release();
  await eventually(() => expect(session.idle).toBe(true));
  await eventually(() => expect(peer.ofType('detach')).toHaveLength(1));
  peer.append('t', 'r1', delta('t', 'whole'));
  onTestFinished(session.retain());
  await eventually(() => expect(said(session.chat.messages)).toEqual(['> hi', '< half whole']));
  expect(session.read().status).toBe('running');
  expect(new Set(peer.received.map(({ type }) => type))).toEqual(new Set(['attach', 'detach']));
});

test('mounting twice at once, as StrictMode does, loads and attaches once', async () => {
  const peer = await Peer.start();
  const asked: string[] = [];
  const counting: typeof fetch = (input, init) => {
    asked.push(String(input));
    return fetch(input, init);
  };
  const session = new ThreadSession(clientOf(peer, { fetch: counting }), 't');
  session.retain()();
  onTestFinished(session.retain());
  await settled(session);
  await eventually(() => expect(peer.ofType('attach')).toHaveLength(1));
  peer.append('t', 'r1', userMessage('m1', 'hi'), ...answer('hello'));
  await eventually(() => expect(said(session.chat.messages)).toEqual(['> hi', '< hello']));
  expect(asked).toEqual([`${peer.url}/threads/t/messages`]);
});

test('a run that is stopped here ends on the server, and its text stays', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  session.actions.send('hi');
  await eventually(() => expect(peer.log('t').sent.size).toBe(1));
  peer.append('t', 'r1', STARTED, start('t'), delta('t', 'half '));
  await eventually(() => expect(session.read()).toMatchObject({ status: 'running', run: 'r1' }));
  peer.intercept = (frame) => frame.type === 'stop';
  session.actions.stop();
  expect(session.read()).toMatchObject({ stopping: 'r1' });
  await eventually(() => expect(peer.ofType('stop')).toHaveLength(1));
  // Lost with its socket; the client says it again.
  peer.intercept = () => false;
  peer.cut();
  await settled(session);
  expect(said(session.chat.messages)).toEqual(['> hi', '< half ']);
  expect(session.chat.messages[1]?.metadata).toMatchObject({ outcome: 'stopped' });
  expect(session.read().stopping).toBeUndefined();
});

test('regenerations and edits cut off what they supersede, whoever asks for them', async () => {
  const peer = await Peer.start();
  const sessions = [sessionOf(peer), sessionOf(peer)];
  const [one] = sessions as [ThreadSession, ThreadSession];
  await Promise.all(sessions.map(settled));
  for (const n of [1, 2]) {
    one.actions.send(`q${n}`);
    await eventually(() => expect(peer.log('t').sent.size).toBe(n));
    peer.append('t', `r${n}`, ...answer(`a${n}`));
  }
  for (const { chat } of sessions)
    await eventually(() => expect(said(chat.messages)).toEqual(['> q1', '< a1', '> q2', '< a2']));
  const [first] = [...peer.log('t').sent.keys()];
  one.actions.regenerate(first ?? '');
  for (const { chat } of sessions) await eventually(() => expect(said(chat.messages)).toEqual(['> q1']));
  peer.append('t', 'r3', ...answer('a3'));
  for (const { chat } of sessions)
    await eventually(() => expect(said(chat.messages)).toEqual(['> q1', '< a3']));
  for (const { chat } of sessions) expect(chat.messages[0]?.metadata).toMatchObject({ run: 'r3' });
  one.actions.edit(first ?? '', 'other');
  await eventually(() => expect(peer.ofType('edit')).toHaveLength(1));
  peer.append('t', 'r4', ...answer('a4'));
  for (const session of sessions) {
    await eventually(() => expect(said(session.chat.messages)).toEqual(['> other', '< a4']));
    await settled(session);
    expect(pending(session)).toEqual([]);
  }
});

test('a message that is stopped before its turn keeps its place, and what is refused is told', async () => {
  const peer = await Peer.start();
  const session = sessionOf(peer);
  await settled(session);
  for (const text of ['one', 'two', 'three']) session.actions.send(text);
  await eventually(() =>
    expect(pending(session)).toEqual(['one: waiting', 'two: waiting', 'three: waiting']),
  );
  const ids = session.read().pending.map(({ id }) => id);
  session.actions.stop(ids[1]);
  await eventually(() =>
    expect(pending(session)).toEqual(['one: waiting', 'two: stopped', 'three: waiting']),
  );
  peer.append('t', 'r1', ...answer('1'));
  peer.append('t', 'r3', ...answer('3'));
  const all = ['> one', '< 1', '> two', '< ', '> three', '< 3'];
  await eventually(() => expect(said(session.chat.messages)).toEqual(all));
  session.actions.stop('nobody');
  await eventually(() => expect(session.read().refusal).toMatchObject({ code: 'unknown-target' }));
  session.dismissNotice();
  expect(session.read().refusal).toBeUndefined();
});
