import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ChatClient, createChatClient } from '@taproot/chat/client';
import type { EventFrame } from '@taproot/chat/protocol';
import { eventually, startRedis, type TestRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { type CuttingProxy, cuttingProxy } from './support/cutting-proxy.ts';
import { HeldAgent } from './support/held-agent.ts';
import { ADA, type Site, startSite } from './support/site.ts';
import { connected } from './support/wire.ts';

interface Scene {
  readonly redis: TestRedis;
  readonly proxy: CuttingProxy;
  /** Its way to Redis is the proxy's; the other's is not. */
  readonly gateway: Site;
  readonly worker: Site;
  readonly client: ChatClient;
  readonly thread: string;
  readonly run: string;
  readonly events: readonly EventFrame[];
}

/** A run that has begun to answer and goes on until it is stopped. */
async function running(): Promise<Scene> {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const proxy = await cuttingProxy(redis);
  const held = new HeldAgent();
  const gateway = await startSite({ redisUrl: proxy.url, chat: { role: 'gateway' } });
  const worker = await startSite({ redisUrl: redis.url, agent: held.agent });
  const client = createChatClient({
    url: gateway.url,
    token: await worker.signIn(),
    backoff: { minMs: 5, maxMs: 50 },
  });
  onTestFinished(() => client.close());
  const { id: thread } = await client.createThread();
  const events: EventFrame[] = [];
  client.thread(thread).on('event', (event) => events.push(event));
  const { run } = await client.send(thread, 'hi', { id: 'm-1' }).accepted;
  await eventually(() => expect(held.begun).toHaveLength(1));
  return { redis, proxy, gateway, worker, client, thread, run, events };
}

async function endsOf({ worker, thread }: Scene): Promise<unknown[]> {
  const ends: unknown[] = [];
  for await (const { body } of worker.chat.threads.entries(thread)) {
    const { data } = JSON.parse(body) as { data: { type?: string; outcome?: string } };
    if (data.type === 'run-ended') ends.push(data.outcome);
    else expect(ends).toEqual([]);
  }
  return ends;
}

test('the naive way: where stopping is leaving, nothing stops after a reconnect', async () => {
  let said = 0;
  const readers = new Set<object>();
  const first = new AbortController();
  // As servers do that resume: the answer is made on, for whoever reads; the reader that asked for it takes it along.
  const server = createServer((request, response) => {
    readers.add(response);
    if (request.url === '/ask') {
      const timer = setInterval(() => said++, 5);
      first.signal.addEventListener('abort', () => clearInterval(timer));
      onTestFinished(() => clearInterval(timer));
    }
    response.write('so ');
    response.on('close', () => readers.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  onTestFinished(() => server.closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await fetch(`${url}/ask`);
  server.closeAllConnections();
  const again = new AbortController();
  await fetch(`${url}/resume`, { signal: again.signal });
  again.abort();
  await eventually(() => expect(readers.size).toBe(0));
  const before = said;
  await eventually(() => expect(said).toBeGreaterThan(before + 10));
});

test('a stop after a reconnect ends the run', async () => {
  const scene = await running();
  const { client, thread, run, events, worker } = scene;
  let sockets = 0;
  client.on('connection', ({ socket }) => {
    if (socket === 'open') sockets++;
  });
  // With another token the client gives its socket up, and resumes on a new one.
  client.reconnect({ token: await worker.signIn() });
  await eventually(() => expect(sockets).toBe(1));
  expect(await client.stop(thread, { run })).toEqual({ run, outcome: 'stopped' });
  expect(await endsOf(scene)).toEqual(['stopped']);
  await eventually(() => expect(worker.chat.load.runs).toBe(0));
  await eventually(() => expect(events.at(-1)?.data).toEqual({ type: 'run-ended', outcome: 'stopped' }));
});

test.each(
  ['HMGET', 'EVALSHA', 'ZREM', 'PUBLISH'].flatMap((word) => [
    [word, 'before', 'run'] as const,
    [word, 'after', 'message'] as const,
  ]),
)(
  'a connection to Redis that is lost at the %s of a stop, %s Redis has it, costs nothing: the client is told by %s',
  async (word, when, by) => {
    const scene = await running();
    scene.proxy.arm(word, when);
    const target = by === 'run' ? { run: scene.run } : { id: 'm-1' };
    expect(await scene.client.stop(scene.thread, target)).toEqual({ run: scene.run, outcome: 'stopped' });
    await eventually(() => expect(scene.proxy.cut).toBe(true));
    expect(await endsOf(scene)).toEqual(['stopped']);
    await eventually(() => expect(scene.worker.chat.load.runs).toBe(0));
    expect(scene.client.outbox).toEqual([]);
  },
);

test('a Redis that is killed between a stop and its answer has stopped the run when it is back', async () => {
  const scene = await running();
  const { client, thread, run, redis, events } = scene;
  scene.proxy.arm('EVALSHA', 'after');
  const stopped = client.stop(thread, { run });
  await eventually(() => expect(scene.proxy.cut).toBe(true));
  await redis.kill();
  await redis.restart();
  expect(await stopped).toEqual({ run, outcome: 'stopped' });
  expect(await endsOf(scene)).toEqual(['stopped']);
  await eventually(() => expect(events.at(-1)?.data).toEqual({ type: 'run-ended', outcome: 'stopped' }));
  expect(client.connection.closedBy).toBeUndefined();
});

test('while Redis is away a stop is refused as not applied, and the client repeats it when Redis is back', async () => {
  const scene = await running();
  const { client, thread, run, redis, gateway } = scene;
  const wire = await connected(gateway.url, { token: await gateway.signIn() });
  await redis.kill();
  await eventually(() => expect(wire.of('status').at(-1)).toMatchObject({ redis: 'down' }));
  for (const [frame, ref] of [
    [{ type: 'stop', thread, run }, run],
    [{ type: 'stop', thread, id: 'm-1' }, 'm-1'],
    [{ type: 'regenerate', thread, id: 'g-1', of: 'm-1' }, 'g-1'],
    [{ type: 'edit', thread, id: 'e-1', of: 'm-1', text: 'x' }, 'e-1'],
    [{ type: 'answer', thread, run, callId: 'c', approve: true }, 'c'],
  ] as const)
    expect(await wire.ask(frame)).toMatchObject({ code: 'redis-unavailable', ref, applied: 'no' });
  const stopped = client.stop(thread, { run });
  await eventually(() => expect(client.outbox[0]).toMatchObject({ state: 'retrying' }));
  await redis.restart();
  expect(await stopped).toEqual({ run, outcome: 'stopped' });
  expect(await endsOf(scene)).toEqual(['stopped']);
  await client.edit(thread, 'm-1', 'again').accepted;
  await client.stop(thread, { run }).then(({ outcome }) => expect(outcome).toBe('stopped'));
  expect(await scene.worker.chat.threads.get(ADA, thread)).toMatchObject({ status: 'running' });
});
