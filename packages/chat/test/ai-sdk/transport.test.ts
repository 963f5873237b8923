import { Chat } from '@ai-sdk/react';
import { eventually } from '@taproot/testkit';
import { lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai';
import { expect, test } from 'vitest';
import { createChatTransport } from '../../src/ai-sdk/index.ts';
import type { ChatClient } from '../../src/client/index.ts';
import type { ChatMessage } from '../../src/protocol/index.ts';
import { clientOf } from '../client/setup.ts';
import { Peer } from '../peer/peer.ts';
import { answer, DONE, delta, end, STARTED, start, THINKING, tool, userMessage } from '../peer/script.ts';

interface Finish {
  readonly isDisconnect: boolean;
  readonly isAbort: boolean;
}

function chatOf(client: ChatClient, onFinish: (finish: Finish) => void = () => undefined): Chat<ChatMessage> {
  return new Chat<ChatMessage>({
    id: 't',
    transport: createChatTransport(client),
    onFinish,
    onError: () => undefined,
  });
}

function textOf(message: ChatMessage | undefined): string {
  return (message?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** The run of the last message that was sent, as soon as it is stored. */
async function runOf(peer: Peer, n = 1): Promise<string> {
  const users = (): string[] =>
    peer
      .log('t')
      .events.flatMap(({ data, run }) => ('type' in data && data.type === 'user-message' && run ? run : []));
  await eventually(() => expect(users()).toHaveLength(n));
  return users().at(-1) ?? '';
}

test('a message sent by useChat gets its answer, part by part', async () => {
  const peer = await Peer.start();
  const chat = chatOf(clientOf(peer));
  const sent = chat.sendMessage({ text: 'What is in Redis?' });
  const run = await runOf(peer);
  peer.append('t', run, STARTED, ...tool('c'), [start('t'), delta('t', 'There ')]);
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('There '));
  expect(chat.status).toBe('streaming');
  peer.append('t', run, delta('t', 'are 12 keys.'), end('t'), DONE);
  await sent;
  expect(chat.status).toBe('ready');
  expect(chat.messages.map(({ id }) => id)).toEqual([peer.ofType('send')[0]?.id, run]);
  expect(chat.lastMessage?.parts.map(({ type }) => type)).toEqual([
    'data-lifecycle',
    'step-start',
    'dynamic-tool',
    'step-start',
    'text',
  ]);
  expect(textOf(chat.lastMessage)).toBe('There are 12 keys.');
});

test('a cut in the middle of an answer does not show', async () => {
  const peer = await Peer.start();
  const chat = chatOf(clientOf(peer));
  const sent = chat.sendMessage({ text: 'hi' });
  const run = await runOf(peer);
  peer.append('t', run, STARTED, start('t'));
  for (const word of ['one ', 'two ', 'three ', 'four']) {
    peer.append('t', run, delta('t', word));
    peer.cut();
    await eventually(() => expect(textOf(chat.lastMessage)).toContain(word));
    expect(chat.status).toBe('streaming');
  }
  peer.append('t', run, end('t'), DONE);
  await sent;
  expect(textOf(chat.lastMessage)).toBe('one two three four');
  expect(chat.error).toBeUndefined();
});

test('text that a takeover superseded vanishes from the message', async () => {
  const peer = await Peer.start();
  const chat = chatOf(clientOf(peer));
  const sent = chat.sendMessage({ text: 'hi' });
  const run = await runOf(peer);
  peer.append('t', run, STARTED, ...tool('c'), start('t'), delta('t', 'old'));
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('old'));
  peer.append('t', run, { type: 'run-resumed', fence: 2, supersedes: { from: 5, to: 6 } });
  peer.append('t', run, start('t'), delta('t', 'new'), end('t'), DONE);
  await sent;
  expect(textOf(chat.lastMessage)).toBe('new');
  expect(chat.lastMessage?.parts.filter(({ type }) => type === 'dynamic-tool')).toHaveLength(1);
});

test('an answer that was complete before accepted came is shown', async () => {
  const peer = await Peer.start();
  peer.outgoing = (frame) => {
    if (frame.type !== 'accepted') return [frame];
    peer.append('t', frame.run, ...answer('quick'));
    return [frame];
  };
  const chat = chatOf(clientOf(peer));
  await chat.sendMessage({ text: 'hi' });
  expect(textOf(chat.lastMessage)).toBe('quick');
});

test('stopping ends the stream here and the run on the server', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const finishes: Finish[] = [];
  const chat = chatOf(client, (finish) => finishes.push(finish));
  const sent = chat.sendMessage({ text: 'hi' });
  const run = await runOf(peer);
  peer.append('t', run, STARTED, start('t'), delta('t', 'half'));
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('half'));
  await chat.stop();
  await sent;
  expect(chat.status).toBe('ready');
  expect(finishes).toMatchObject([{ isAbort: true }]);
  await eventually(() => expect(peer.log('t').events.at(-1)?.data).toMatchObject({ outcome: 'stopped' }));
  expect(textOf(chat.lastMessage)).toBe('half');
  expect(client.outbox).toEqual([]);
});

test('stopping what was resumed ends the run on the server; resuming again does not', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', userMessage('m', 'hi'), STARTED, start('t'), delta('t', 'half '));
  const chat = chatOf(clientOf(peer));
  const first = chat.resumeStream();
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('half '));
  const second = chat.resumeStream();
  peer.append('t', 'r', delta('t', 'more'));
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('half more'));
  expect(peer.ofType('stop')).toEqual([]);
  await chat.stop();
  await Promise.all([first, second]);
  await eventually(() => expect(peer.ofType('stop')).toHaveLength(1));
  expect(peer.log('t').events.at(-1)?.data).toMatchObject({ type: 'run-ended', outcome: 'stopped' });
});

test('where aborting is not stopping, the run goes on', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const transport = createChatTransport(client, { stopOnAbort: false });
  const chat = new Chat<ChatMessage>({ id: 't', transport });
  const sent = chat.sendMessage({ text: 'hi' });
  const run = await runOf(peer);
  peer.append('t', run, STARTED, start('t'));
  await eventually(() => expect(chat.status).toBe('streaming'));
  await chat.stop();
  await sent;
  peer.append('t', run, delta('t', 'still here'), end('t'), DONE);
  await eventually(() => expect(client.thread('t').position).toEqual(peer.log('t').head));
  expect(new Set(peer.received.map(({ type }) => type))).toEqual(new Set(['attach', 'send']));
});

test('a message that was stopped before it was accepted is sent all the same, and stopped then', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const chat = chatOf(client);
  const first = chat.sendMessage({ text: 'one' });
  peer.append('t', await runOf(peer), ...answer('1'));
  await first;
  peer.refuse = { status: 503, retryAfter: '600' };
  peer.cut();
  await eventually(() => expect(client.connection.retryAt).toBeDefined());
  const second = chat.sendMessage({ text: 'two' });
  await eventually(() => expect(client.outbox).toHaveLength(1));
  await chat.stop();
  await second;
  expect(chat.status).toBe('ready');
  peer.refuse = undefined;
  client.reconnect();
  await runOf(peer, 2);
  await eventually(() => expect(peer.log('t').events.at(-1)?.data).toMatchObject({ outcome: 'stopped' }));
  expect(peer.received.map(({ type }) => type).slice(-2)).toEqual(['send', 'stop']);
});

test('an answer that is regenerated takes the place of the old one', async () => {
  const peer = await Peer.start();
  const chat = chatOf(clientOf(peer));
  const first = chat.sendMessage({ text: 'hi' });
  peer.append('t', await runOf(peer), ...answer('old'));
  await first;
  const again = chat.regenerate();
  await eventually(() => expect(peer.ofType('regenerate')).toHaveLength(1));
  const [{ id: message } = { id: '' }] = peer.ofType('send');
  expect(peer.ofType('regenerate')[0]).toMatchObject({ thread: 't', of: message });
  peer.append('t', 'r2', ...answer('new'));
  await again;
  expect(chat.messages.map(({ id }) => id)).toEqual([message, 'r2']);
  expect(textOf(chat.lastMessage)).toBe('new');
});

test('a message may be edited again and again, each time in its place', async () => {
  const peer = await Peer.start();
  const chat = chatOf(clientOf(peer));
  const first = chat.sendMessage({ text: 'one' });
  peer.append('t', await runOf(peer), ...answer('1'));
  await first;
  const [{ id: message } = { id: '' }] = peer.ofType('send');
  for (const [n, text] of [
    [1, 'two'],
    [2, 'three'],
  ] as const) {
    const edited = chat.sendMessage({ text, messageId: message });
    await eventually(() => expect(peer.ofType('edit')).toHaveLength(n));
    peer.append('t', `r${n + 1}`, ...answer(`to ${text}`));
    await edited;
    expect(chat.messages.map(({ parts }) => textOf({ parts } as ChatMessage))).toEqual([text, `to ${text}`]);
  }
  const [once, twice] = peer.ofType('edit');
  expect([once?.of, twice?.of]).toEqual([message, once?.id]);
});

test('without an active run there is nothing to resume', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', userMessage('m', 'hi'), ...answer('done'));
  const chat = chatOf(clientOf(peer));
  await chat.resumeStream();
  expect(chat.status).toBe('ready');
  expect(chat.messages).toEqual([]);
});

test('a page that comes later gets the active run from its beginning, also when it resumes twice', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r0', userMessage('m0', 'before'), ...answer('earlier'));
  peer.append(
    't',
    'r',
    userMessage('m', 'hi'),
    STARTED,
    THINKING,
    ...tool('c'),
    start('t'),
    delta('t', 'half '),
  );
  const chat = chatOf(clientOf(peer));
  const twice = [chat.resumeStream(), chat.resumeStream()];
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('half '));
  peer.append('t', 'r', delta('t', 'whole'), end('t'), DONE);
  await Promise.all(twice);
  expect(chat.messages.map(({ id }) => id)).toEqual(['r']);
  expect(textOf(chat.lastMessage)).toBe('half whole');
});

test('resuming waits for the events when the socket comes late', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r', userMessage('m', 'hi'), STARTED, start('t'), delta('t', 'half'));
  peer.refuse = { status: 503, retryAfter: '600' };
  const client = clientOf(peer);
  await eventually(() => expect(client.connection.retryAt).toBeDefined());
  const chat = chatOf(client);
  const resumed = chat.resumeStream();
  await eventually(() => expect(peer.requests.some(({ path }) => path === '/threads/t')).toBe(true));
  peer.refuse = undefined;
  client.reconnect();
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('half'));
  peer.append('t', 'r', end('t'), DONE);
  await resumed;
});

test('an answer is not repeated when somebody opens the view at an older position', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const chat = chatOf(client);
  const sent = chat.sendMessage({ text: 'hi' });
  const run = await runOf(peer);
  peer.append('t', run, STARTED, start('t'), delta('t', 'once'));
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('once'));
  client.thread('t').open({ seq: 0 });
  await eventually(() => expect(client.thread('t').position?.seq).toBe(4));
  peer.append('t', run, end('t'), DONE);
  await sent;
  expect(textOf(chat.lastMessage)).toBe('once');
});

test('a message that the server refuses is an error of the chat', async () => {
  const peer = await Peer.start();
  peer.sendErrors.push({ code: 'too-large', message: 'too long', applied: 'no' });
  const chat = chatOf(clientOf(peer));
  await chat.sendMessage({ text: 'hi' });
  expect(chat.error).toMatchObject({ name: 'ChatClientError', code: 'too-large' });
});

test('only closing the client ends a stream as disconnected', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const finishes: Finish[] = [];
  const chat = chatOf(client, (finish) => finishes.push(finish));
  const sent = chat.sendMessage({ text: 'hi' });
  peer.append('t', await runOf(peer), STARTED, start('t'));
  await eventually(() => expect(chat.status).toBe('streaming'));
  peer.close(4401);
  await eventually(() => expect(client.connection.signIn).toBe(true));
  expect(chat.status).toBe('streaming');
  await client.close();
  await sent;
  expect(finishes).toMatchObject([{ isDisconnect: true }]);
});

test('after a reset the chat is told, and resuming shows what the log has', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  const chat = chatOf(client);
  const sent = chat.sendMessage({ text: 'hi' });
  const run = await runOf(peer);
  peer.append('t', run, STARTED, start('t'), delta('t', 'lost words'));
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('lost words'));
  peer.log('t').rollback(2);
  peer.append('t', run, start('t'), delta('t', 'kept words'));
  peer.cut();
  await sent;
  expect(chat.status).toBe('error');
  const resumed = chat.resumeStream();
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('kept words'));
  peer.append('t', run, end('t'), DONE);
  await resumed;
  expect(chat.messages).toHaveLength(2);
});

test('what is no plain text is refused before anything is sent', async () => {
  const peer = await Peer.start();
  const chat = chatOf(clientOf(peer));
  await chat.sendMessage({ files: [{ type: 'file', mediaType: 'image/png', url: 'data:,' }] });
  expect(chat.error).toMatchObject({ code: 'not-supported' });
  expect(peer.ofType('send')).toEqual([]);
});

/** A run that asks about a call, and the answers that the server got. */
function askingPeer(peer: Peer): { readonly ask: (run: string) => void; readonly answers: unknown[] } {
  const answers: unknown[] = [];
  peer.intercept = (frame, socket) => {
    if (frame.type !== 'answer') return false;
    const { thread, run, callId, approve } = frame;
    answers.push(approve);
    peer.append(thread, run, {
      ...{ type: 'tool_answered', callId, approve },
      by: { id: 'u', name: 'U' },
    });
    peer.tell(socket, { type: 'accepted', thread, id: callId, seq: peer.log(thread).head.seq, run });
    return true;
  };
  const ask = (run: string): void =>
    peer.append('t', run, STARTED, {
      type: 'tool_waiting',
      tool: 'pay',
      callId: 'c',
      input: { amount: 5 },
      expiresAt: Date.now() + 60_000,
    });
  return { ask, answers };
}

function callOf(chat: Chat<ChatMessage>): unknown {
  const part = chat.lastMessage?.parts.find(({ type }) => type === 'dynamic-tool');
  return part !== undefined && 'state' in part ? part.state : undefined;
}

test.each([
  [true, 'output-available'],
  [false, 'output-denied'],
])(
  'a call that waits is answered with %s by the client, and the same stream goes on',
  async (approve, state) => {
    const peer = await Peer.start();
    const { ask, answers } = askingPeer(peer);
    const client = clientOf(peer);
    const chat = new Chat<ChatMessage>({
      id: 't',
      transport: createChatTransport(client),
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    });
    const sent = chat.sendMessage({ text: 'pay' });
    const run = await runOf(peer);
    ask(run);
    await eventually(() => expect(callOf(chat)).toBe('approval-requested'));
    await client.answer('t', run, 'c', approve);
    const result = approve ? { output: { paid: 5 } } : { error: 'not allowed' };
    peer.append('t', run, { type: 'run-resumed', fence: 2 });
    if (approve)
      peer.append('t', run, { type: 'tool_executing', tool: 'pay', callId: 'c', input: { amount: 5 } });
    peer.append('t', run, { type: 'tool_completed', tool: 'pay', callId: 'c', ...result });
    peer.append('t', run, start('t'), delta('t', 'there'), end('t'), DONE);
    await sent;
    expect(callOf(chat)).toBe(state);
    expect(textOf(chat.lastMessage)).toBe('there');
    expect(answers).toEqual([approve]);
    expect(chat.error).toBeUndefined();
    expect(peer.ofType('send')).toHaveLength(1);
  },
);

test('a page that resumes a run that waits sees the question, and another tab may answer it', async () => {
  const peer = await Peer.start();
  const { ask, answers } = askingPeer(peer);
  peer.append('t', 'r', userMessage('m', 'pay'));
  ask('r');
  const chat = chatOf(clientOf(peer));
  const resumed = chat.resumeStream();
  await eventually(() => expect(callOf(chat)).toBe('approval-requested'));
  // For a page that counts down.
  const [descriptor] = (chat.lastMessage?.parts ?? []).flatMap((part) =>
    part.type === 'dynamic-tool' ? part.approval?.descriptor : [],
  );
  expect(descriptor).toEqual({ expiresAt: expect.any(Number) });
  await clientOf(peer).answer('t', 'r', 'c', true);
  await eventually(() => expect(callOf(chat)).toBe('approval-responded'));
  peer.append('t', 'r', { type: 'tool_completed', tool: 'pay', callId: 'c', output: 1 }, DONE);
  await resumed;
  expect(callOf(chat)).toBe('output-available');
  expect(answers).toEqual([true]);
});

test('what was resumed in the middle, edited and answered anew reads as the log says', async () => {
  const peer = await Peer.start();
  peer.append('t', 'r0', userMessage('m0', 'one'), STARTED, start('t'), delta('t', 'half'));
  const chat = chatOf(clientOf(peer));
  chat.messages = [{ id: 'm0', role: 'user', parts: [{ type: 'text', text: 'one' }] }];
  const resumed = chat.resumeStream();
  await eventually(() => expect(textOf(chat.lastMessage)).toBe('half'));
  await chat.stop();
  await resumed;
  await eventually(() => expect(peer.log('t').events.at(-1)?.data).toMatchObject({ outcome: 'stopped' }));
  const edited = chat.sendMessage({ text: 'two', messageId: 'm0' });
  await eventually(() => expect(peer.ofType('edit')).toMatchObject([{ of: 'm0', text: 'two' }]));
  peer.append('t', 'r1', ...answer('to two'));
  await edited;
  const again = chat.regenerate();
  await eventually(() => expect(peer.ofType('regenerate')).toHaveLength(1));
  // The edit, by the id that the server has of it.
  expect(peer.ofType('regenerate')[0]?.of).toBe(peer.ofType('edit')[0]?.id);
  peer.append('t', 'r2', ...answer('again'));
  await again;
  expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
  expect(textOf(chat.lastMessage)).toBe('again');
});
