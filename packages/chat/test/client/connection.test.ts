import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { promisify } from 'node:util';
import { eventually } from '@taproot/testkit';
import { expect, test, vi } from 'vitest';
import { ChatClientError, type ConnectionState, createChatClient } from '../../src/client/index.ts';
import { Peer } from '../peer/peer.ts';
import { clientOf } from './setup.ts';

test('open means that the server said ready, and tells who is signed in', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  expect(client.connection).toMatchObject({ socket: 'connecting', redis: 'unknown', signIn: false });
  await eventually(() => expect(client.connection.socket).toBe('open'));
  expect(client.connection).toMatchObject({ redis: 'ready', user: { id: 'u', name: 'U' }, epoch: 'epoch-1' });
});

test('a status frame changes the state of Redis and keeps the socket', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  await eventually(() => expect(client.connection.socket).toBe('open'));
  const seen: ConnectionState[] = [];
  client.on('connection', (state) => seen.push(state));
  peer.status('down');
  peer.status('down');
  peer.status('ready');
  const shown = (): string[] => seen.map(({ socket, redis }) => `${socket} ${redis}`);
  await eventually(() => expect(shown()).toEqual(['open down', 'open ready']));
  expect(peer.sockets).toBe(1);
});

test.each([
  [1001, 'open', false],
  [1011, 'open', false],
  [1012, 'open', false],
  [4408, 'open', false],
  [4999, 'open', false],
  [1008, 'closed', false],
  [1009, 'closed', false],
  [4403, 'closed', false],
  [4401, 'closed', true],
] as const)(
  'after close code %i the connection becomes %s again (sign-in: %s)',
  async (code, socket, signIn) => {
    const peer = await Peer.start();
    const client = clientOf(peer);
    await eventually(() => expect(client.connection.socket).toBe('open'));
    const seen: ConnectionState[] = [];
    client.on('connection', (state) => seen.push(state));
    peer.close(code);
    await eventually(() => expect(seen.at(-1)).toMatchObject({ socket, signIn }));
    expect(seen[0]?.closedBy).toEqual({ code, reason: 'told to' });
  },
);

test.each([1013, 4429])('after close code %i it waits at least a second', async (code) => {
  const peer = await Peer.start();
  peer.closeWith = code;
  const client = clientOf(peer);
  await eventually(() => expect(client.connection.retryAt).toBeDefined());
  const wait = (client.connection.retryAt ?? 0) - Date.now();
  expect(wait).toBeGreaterThan(700);
  expect(wait).toBeLessThanOrEqual(5_000);
  peer.closeWith = undefined;
  client.reconnect();
  await eventually(() => expect(client.connection.socket).toBe('open'));
});

test('a refused upgrade shows Redis as down and honours Retry-After', async () => {
  const peer = await Peer.start();
  peer.refuse = { status: 503, retryAfter: '7' };
  const client = clientOf(peer);
  await eventually(() => expect(client.connection).toMatchObject({ socket: 'waiting', redis: 'down' }));
  await eventually(() => expect(client.connection.retryAt).toBeDefined());
  const wait = (client.connection.retryAt ?? 0) - Date.now();
  expect(wait).toBeGreaterThan(5_000);
  expect(wait).toBeLessThan(8_100);
});

test('a server that comes up is found without help', async () => {
  const peer = await Peer.start();
  const { port } = peer;
  const client = clientOf(peer);
  await peer.stop();
  await eventually(() => expect(client.connection).toMatchObject({ socket: 'waiting', redis: 'unknown' }));
  await peer.listen(port);
  await eventually(() => expect(client.connection.socket).toBe('open'));
});

test('a half-open socket is found by its silence', async () => {
  const peer = await Peer.start();
  peer.intercept = (frame) => frame.type === 'ping';
  const client = clientOf(peer, { pingIntervalMs: 50 });
  await eventually(() => expect(client.connection.closedBy?.reason).toBe('no pong in time'));
  peer.intercept = () => false;
  await eventually(() => expect(client.connection.socket).toBe('open'));
});

test('a socket whose pings are answered stays', async () => {
  const peer = await Peer.start();
  clientOf(peer, { pingIntervalMs: 200 });
  await eventually(() => expect(peer.ofType('ping').length).toBeGreaterThan(4));
  expect(peer.requests.filter(({ path }) => path === '/ws')).toHaveLength(1);
});

test('a server that accepts and then says nothing is given up', async () => {
  const peer = await Peer.start();
  peer.outgoing = (frame) => (frame.type === 'ready' ? [] : [frame]);
  const client = clientOf(peer, { connectTimeoutMs: 100 });
  await eventually(() => expect(client.connection.closedBy?.reason).toBe('no ready in time'));
  peer.outgoing = (frame) => [frame];
  await eventually(() => expect(client.connection.socket).toBe('open'));
});

test('with a token each socket has a ticket of its own', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer, { token: 'secret' });
  await eventually(() => expect(client.connection.socket).toBe('open'));
  peer.cut();
  await eventually(() =>
    expect(peer.requests.filter(({ path }) => path === '/ws?ticket=t-1')).toHaveLength(2),
  );
  const tickets = peer.requests.filter(({ path }) => path === '/auth/ticket');
  expect(tickets).toHaveLength(2);
  expect(tickets[0]).toMatchObject({ method: 'POST', authorization: 'Bearer secret' });
});

test('without a token no ticket is asked for', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  await eventually(() => expect(client.connection.socket).toBe('open'));
  expect(peer.requests.map(({ path }) => path)).toEqual(['/ws']);
});

test('after a sign-in, reconnect opens the socket again', async () => {
  const peer = await Peer.start();
  peer.closeWith = 4401;
  const client = clientOf(peer);
  await eventually(() => expect(client.connection).toMatchObject({ socket: 'closed', signIn: true }));
  peer.closeWith = undefined;
  client.reconnect();
  await eventually(() => expect(client.connection).toMatchObject({ socket: 'open', signIn: false }));
});

test('online and visible pages shorten the wait', async () => {
  const page = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  vi.stubGlobal('window', page);
  vi.stubGlobal('document', document);
  try {
    const peer = await Peer.start();
    peer.refuse = { status: 503, retryAfter: '600' };
    const client = clientOf(peer);
    for (const wake of [
      () => page.dispatchEvent(new Event('online')),
      () => document.dispatchEvent(new Event('visibilitychange')),
    ]) {
      peer.refuse = { status: 503, retryAfter: '600' };
      peer.cut();
      await eventually(() => expect(client.connection.retryAt).toBeGreaterThan(Date.now() + 60_000));
      peer.refuse = undefined;
      wake();
      await eventually(() => expect(client.connection.socket).toBe('open'));
    }
    await client.close();
    const listeners = [
      ...getEventListeners(page, 'online'),
      ...getEventListeners(document, 'visibilitychange'),
    ];
    expect(listeners).toEqual([]);
  } finally {
    vi.unstubAllGlobals();
  }
});

test('closing is final, can be repeated and leaves no socket and no timer', async () => {
  const peer = await Peer.start();
  const client = clientOf(peer);
  client.thread('t').open();
  await eventually(() => expect(client.thread('t').attached).toBe(true));
  await Promise.all([client.close(), client.close()]);
  await client.close();
  expect(client.connection).toMatchObject({ socket: 'closed', signIn: false });
  await eventually(() => expect(peer.sockets).toBe(0));
  client.reconnect();
  expect(client.connection.socket).toBe('closed');
  expect(() => client.send('t', 'x')).toThrow(expect.objectContaining({ code: 'closed' }));
});

test.each(['waiting', 'connecting', 'open'] as const)(
  'a process whose client was closed while %s ends by itself',
  async (socket) => {
    const peer = await Peer.start();
    if (socket === 'waiting') peer.refuse = { status: 503, retryAfter: '600' };
    if (socket === 'connecting') peer.outgoing = () => [];
    const program = `
      const { createChatClient } = await import('@taproot/chat/client');
      const client = createChatClient({ url: '${peer.url}' });
      client.thread('t').open({ seq: 0 });
      client.send('t', 'hello');
      const done = () => client.connection.socket === '${socket}' && ('${socket}' !== 'waiting' || client.connection.retryAt);
      while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
      await client.close();`;
    const flags = ['--conditions=@taproot/source', '--input-type=module', '-e', program];
    await promisify(execFile)(process.execPath, flags, { cwd: import.meta.dirname, timeout: 10_000 });
  },
);

test.each([
  ['not a url', {}],
  ['ftp://127.0.0.1', {}],
  ['http://127.0.0.1', { pingIntervalMs: 0 }],
  ['http://127.0.0.1', { backoff: { minMs: 10, maxMs: 1 } }],
])('an option that cannot be used is refused at once: %s %o', (url, options) => {
  expect(() => createChatClient({ url, ...options })).toThrow(ChatClientError);
});
