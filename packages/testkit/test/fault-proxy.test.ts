import { createClient } from 'redis';
import { expect, test } from 'vitest';
import { eventually, type FaultProxy, faultProxy, startRedis } from '../src/index.ts';
import { echoOnUnixSocket, echoServer, type LineServer } from './support/line-server.ts';
import { type Talker, talkTo } from './support/talker.ts';

interface Line {
  readonly proxy: FaultProxy;
  readonly server: LineServer;
  readonly talker: Talker;
}

/** A connection through a proxy over which one word has passed. */
async function openLine(): Promise<Line> {
  const server = await echoServer();
  const proxy = await faultProxy({ target: { port: server.port } });
  const talker = talkTo(proxy.port);
  talker.say('hello ');
  await eventually(() => expect(talker.heard()).toBe('hello '));
  return { proxy, server, talker };
}

/** Long enough for what may pass to have passed: a second connection, made later, had its answer. */
async function othersHadTheirAnswer(server: LineServer): Promise<void> {
  const other = talkTo(server.port);
  for (const word of ['one', 'onetwo', 'onetwothree']) {
    other.say(word.slice(other.heard().length));
    await eventually(() => expect(other.heard()).toBe(word));
  }
}

test('a proxy carries both ways, and an end too', async () => {
  const { proxy, talker } = await openLine();
  talker.end();
  await eventually(() => expect(talker.state()).toBe('ended'));
  await eventually(() => expect(proxy.connections).toBe(0));
});

test('a proxy carries a megabyte unharmed', async () => {
  const { talker } = await openLine();
  const text = 'abcdefgh'.repeat(512 * 1024);
  talker.say(text);
  await eventually(() => expect(talker.heard().length).toBe(6 + text.length));
  expect(talker.heard() === `hello ${text}`).toBe(true);
});

test('a slow proxy delivers late, all of it, in order', async () => {
  const { proxy, talker } = await openLine();
  proxy.latency(100);
  const from = performance.now();
  for (const word of ['a', 'b', 'c']) talker.say(word);
  await eventually(() => expect(talker.heard()).toBe('hello abc'), { everyMs: 5 });
  expect(performance.now() - from).toBeGreaterThanOrEqual(195);
});

test('a blackholed proxy delivers nothing until it is restored, and then everything', async () => {
  const { proxy, server, talker } = await openLine();
  proxy.blackhole();
  talker.say('lost?');
  await othersHadTheirAnswer(server);
  expect(server.heard()).not.toContain('lost?');
  await proxy.restore();
  await eventually(() => expect(talker.heard()).toBe('hello lost?'));
});

test('a blackholed proxy takes new connections and keeps an end to itself until it is restored', async () => {
  const { proxy, server, talker } = await openLine();
  proxy.blackhole();
  server.sockets[0]?.end();
  const late = talkTo(proxy.port);
  late.say('late');
  await othersHadTheirAnswer(server);
  expect(talker.state()).toBe('open');
  expect(late.heard()).toBe('');
  await proxy.restore();
  await eventually(() => expect(talker.state()).toBe('ended'));
  await eventually(() => expect(late.heard()).toBe('late'));
});

test('a half-open connection hears nothing of its server, not even its end, also after the proxy is restored', async () => {
  const { proxy, server, talker } = await openLine();
  proxy.halfOpen();
  talker.say('lost');
  server.sockets[0]?.destroy();
  await othersHadTheirAnswer(server);
  await proxy.restore();
  const fresh = talkTo(proxy.port);
  fresh.say('new');
  await eventually(() => expect(fresh.heard()).toBe('new'));
  expect(talker.state()).toBe('open');
  expect(talker.heard()).toBe('hello ');
  expect(server.heard()).not.toContain('lost');
});

test('a reset proxy cuts what is open and takes what comes', async () => {
  const { proxy, talker } = await openLine();
  proxy.reset();
  await eventually(() => expect(talker.state()).toBe('cut'));
  const next = talkTo(proxy.port);
  next.say('again');
  await eventually(() => expect(next.heard()).toBe('again'));
});

test('a refusing proxy cuts what is open and refuses what comes, until it is restored on the same port', async () => {
  const { proxy, talker } = await openLine();
  proxy.refuse();
  await eventually(() => expect(talker.state()).toBe('cut'));
  const refused = talkTo(proxy.port);
  await eventually(() => expect(refused.state()).toBe('refused'));
  await proxy.restore();
  const next = talkTo(proxy.port);
  next.say('again');
  await eventually(() => expect(next.heard()).toBe('again'));
});

test('the cut of a server is the cut of its client', async () => {
  const { server, talker } = await openLine();
  server.sockets[0]?.resetAndDestroy();
  await eventually(() => expect(talker.state()).toBe('cut'));
});

test('a connection to a target that is not there is cut', async () => {
  const { proxy, server } = await openLine();
  const nobody = await faultProxy({ target: { port: server.port + 1 } });
  expect(nobody.port).not.toBe(proxy.port);
  const talker = talkTo(nobody.port);
  await eventually(() => expect(talker.state()).toBe('cut'));
});

test('a proxy leads to a Unix socket', async () => {
  const proxy = await faultProxy({ target: { path: await echoOnUnixSocket() } });
  const talker = talkTo(proxy.port);
  talker.say('hello');
  await eventually(() => expect(talker.heard()).toBe('hello'));
});

test('a proxy of a URL has that URL with its own address', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: `${redis.url}/3` });
  expect(proxy.url).toBe(`redis://127.0.0.1:${proxy.port}/3`);
  const client = createClient({ url: proxy.url });
  await client.connect();
  await client.set('a', '1');
  client.destroy();
  expect(await redis.cli('INFO', 'keyspace')).toContain('db3:keys=1');
});

test('a proxy whose target is chosen asks for each connection anew', async () => {
  const [one, other] = [await echoServer(), await echoServer()];
  const ports = [one.port, other.port];
  const proxy = await faultProxy({ target: () => ({ port: ports.shift() ?? 0 }) });
  for (const word of ['first', 'second']) {
    const talker = talkTo(proxy.port);
    talker.say(word);
    await eventually(() => expect(talker.heard()).toBe(word));
  }
  expect(ports).toEqual([]);
});
