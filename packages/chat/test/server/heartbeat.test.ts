import { join } from 'node:path';
import { eventually, faultProxy, startProcess, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { startSite } from './support/site.ts';
import { connected, upgrade, Wire } from './support/wire.ts';

const HEARTBEAT_MS = 300;
/** Longer than an answer by way of a slow proxy takes, also on a busy machine. */
const PATIENT_MS = 1000;

test('a socket whose other end is gone without a word is found and let go, one that lives is not', async () => {
  const redis = await startRedis();
  const site = await startSite({ redisUrl: redis.url, chat: { heartbeatMs: HEARTBEAT_MS } });
  const proxy = await faultProxy({ target: site.url });
  const token = await site.signIn();
  const lost = await connected(`http://127.0.0.1:${proxy.port}`, { token });
  const lives = await connected(site.url, { token });
  const pings: number[] = [];
  lives.socket.on('ping', () => pings.push(pings.length));
  expect(site.chat.load.sockets).toBe(2);
  proxy.halfOpen();
  await eventually(() => expect(site.chat.load.sockets).toBe(1));
  await eventually(() => expect(pings.length).toBeGreaterThan(3));
  expect([lives.closed, lost.closed]).toEqual([undefined, undefined]);
});

test('a gateway that was held up for long does not take its clients for dead', async () => {
  const redis = await startRedis();
  const script = join(import.meta.dirname, 'support/gateway-process.ts');
  const args = ['--conditions=@taproot/source', script, redis.url, String(PATIENT_MS)];
  const gateway = startProcess(process.execPath, args);
  const [, port = '', token = ''] = await eventually(
    () => /^(\d+) (\S+)$/m.exec(gateway.output()) ?? expect.fail(gateway.output()),
  );
  const proxy = await faultProxy({ target: { port: Number(port) } });
  const wire = await connected(`http://127.0.0.1:${proxy.port}`, { token });
  proxy.latency(100);
  let pings = 0;
  wire.socket.on('ping', () => pings++);
  // The answer to this ping is under way when the gateway is stopped, for longer than it waits for one.
  wire.socket.once('ping', () => gateway.signal('SIGSTOP'));
  await eventually(() => expect(pings).toBe(1));
  await new Promise((resolve) => setTimeout(resolve, 2.5 * PATIENT_MS));
  gateway.signal('SIGCONT');
  await eventually(() => expect(pings).toBeGreaterThan(3));
  expect(wire.closed).toBeUndefined();
});

test('compression is off although a client offers it, unless the server was asked for it', async () => {
  const redis = await startRedis();
  const offer = { 'sec-websocket-protocol': 'taproot.v1', 'sec-websocket-extensions': 'permessage-deflate' };
  const plain = await startSite({ redisUrl: redis.url });
  const token = await plain.signIn();
  const signed = { ...offer, authorization: `Bearer ${token}` };
  const refused = await upgrade(plain.url, signed);
  expect([refused.status, refused.headers['sec-websocket-extensions']]).toEqual([101, undefined]);
  const packing = await startSite({ redisUrl: redis.url, chat: { compression: true } });
  const taken = await upgrade(packing.url, signed);
  expect(taken.headers['sec-websocket-extensions']).toMatch(/^permessage-deflate/);
  const wire = await connected(packing.url, { token });
  expect(wire.socket.extensions).toContain('permessage-deflate');
  expect(await wire.ask({ type: 'ping', n: 1 })).toEqual({ type: 'pong', n: 1 });
  // What is small on the wire is still too large.
  const bomb = new Wire(packing.url, { token });
  await bomb.until('ready');
  bomb.send({ type: 'ping', n: 1, pad: 'x'.repeat(300_000) });
  expect(await bomb.closeCode()).toBe(1009);
});
