import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ChatLimits, DEFAULT_LIMITS } from '@taproot/chat/server';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Session, Sessions } from '../../src/server/auth/sessions.ts';
import { DeliveryMeter } from '../../src/server/gateway/delivery-meter.ts';
import { GatewaySocket } from '../../src/server/gateway/socket.ts';
import { ADA, type Site, startSite } from './support/site.ts';
import { connected, Wire } from './support/wire.ts';

interface Pair {
  readonly wire: Wire;
  /** The server's end. */
  readonly socket: WebSocket;
  readonly client: GatewaySocket;
}

/** One socket whose both ends the test holds. */
async function startPair(site: Site, sessions: Sessions, session: Session): Promise<Pair> {
  const { manager, chat } = site;
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const wire = new Wire(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  const { threads } = chat;
  const { limiter } = chat;
  const onError = console.error;
  const deliveries = new DeliveryMeter();
  const client = new GatewaySocket({
    socket,
    session,
    manager,
    threads,
    sessions,
    limiter,
    deliveries,
    onError,
  });
  await wire.until('ready');
  return { wire, socket, client };
}

async function startAll(limits: Partial<ChatLimits> = {}) {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url, chat: { limits } });
  const { session } = await site.chat.sessions.create(ADA);
  return { site, session };
}

/** The site's sessions, whose answers can be held up on their way. */
class HeldSessions extends Sessions {
  asked = 0;
  #gate = Promise.resolve();
  #open: () => void = () => undefined;

  constructor({ manager }: Site) {
    super({ manager, secret: new Uint8Array(32) });
  }

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  override async valid(session: Session): Promise<boolean> {
    const gate = this.#gate;
    const valid = await super.valid(session);
    this.asked++;
    await gate;
    return valid;
  }
}

test('a reader who is too slow is closed with 4408 before more than the bound waits for them', async () => {
  const { site, session } = await startAll();
  const { wire, socket, client } = await startPair(site, site.chat.sessions, session);
  wire.socket.pause();
  const frameBytes = 1024 * 1024;
  const frame = { type: 'error', code: 'internal', message: 'x'.repeat(frameBytes), applied: 'no' } as const;
  for (
    let sent = 0;
    sent < 8 * DEFAULT_LIMITS.maxOutgoingBytes && socket.readyState === socket.OPEN;
    sent += frameBytes
  ) {
    client.send(frame);
    expect(socket.bufferedAmount).toBeLessThan(DEFAULT_LIMITS.maxOutgoingBytes + 2 * frameBytes);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(socket.readyState).toBe(socket.CLOSING);
  wire.socket.resume();
  expect(await wire.closeCode()).toBe(4408);
});

test('a client who sends on without waiting for answers is read no further, and answered in the end', async () => {
  const { site, session } = await startAll({ framesPerSecond: 10_000, bytesPerSecond: 10_000_000 });
  const held = new HeldSessions(site);
  const { wire, socket } = await startPair(site, held, session);
  const { id: thread } = await site.chat.threads.create(ADA);
  const frames = 3000;
  const text = 'x'.repeat(2000);
  let received = 0;
  socket.on('message', () => received++);
  held.hold();
  for (let n = 0; n < frames; n++) wire.send({ type: 'stop', thread, id: `m-${n}`, text });
  await eventually(() => expect(socket.isPaused).toBe(true));
  await eventually(() => expect(wire.socket.bufferedAmount).toBeGreaterThan(0));
  expect(received).toBeLessThan(frames);
  held.release();
  await eventually(() => expect(wire.of('error')).toHaveLength(frames), { timeoutMs: 30_000 });
  expect(socket.isPaused).toBe(false);
});

test('a second outage while a session is checked lets no event out before it is checked again', async () => {
  const { site, session } = await startAll();
  const held = new HeldSessions(site);
  const { wire, client } = await startPair(site, held, session);
  const stays = await connected(site.url, { token: await site.signIn() });
  const { id: thread } = await site.chat.threads.create(ADA);
  for (const one of [wire, stays]) await one.ask({ type: 'attach', thread });
  client.suspend();
  await site.chat.threads.send(ADA, thread, 'm-1', [{ type: 'text', text: 'a secret' }]);
  await eventually(() => expect(stays.of('event').at(-1)?.data).toMatchObject({ type: 'run-ended' }));
  held.hold();
  const first = client.resume();
  await eventually(() => expect(held.asked).toBe(1));
  // What the first check has heard is from before the second outage, in which the session is revoked.
  client.suspend();
  await site.chat.sessions.revoke(session);
  held.release();
  await first;
  await client.resume();
  expect(await wire.closeCode()).toBe(4401);
  expect(wire.of('event')).toEqual([]);
});

test('a session that holds gets its events after the second of two outages', async () => {
  const { site, session } = await startAll();
  const { wire, client } = await startPair(site, site.chat.sessions, session);
  const { id: thread } = await site.chat.threads.create(ADA);
  await wire.ask({ type: 'attach', thread });
  client.suspend();
  client.suspend();
  await site.chat.threads.send(ADA, thread, 'm-1', [{ type: 'text', text: 'hello' }]);
  await client.resume();
  await eventually(() => expect(wire.of('event').at(-1)?.data).toMatchObject({ type: 'run-ended' }));
});
