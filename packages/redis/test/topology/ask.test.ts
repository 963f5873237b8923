import { eventually, faultProxy, startRedis } from '@taproot/testkit';
import { expect, test } from 'vitest';
import { ask } from '../../src/topology/ask.ts';

test('a question that was given up while it connected leaves no connection behind', async () => {
  const redis = await startRedis();
  const proxy = await faultProxy({ target: { port: redis.port } });
  const options = { client: { socket: { host: '127.0.0.1', port: proxy.port } }, questions: [['PING']] };
  await expect(ask({ ...options, timeoutMs: 5000, signal: AbortSignal.abort() })).rejects.toThrow();
  // By now the given up one has connected too.
  const { signal } = new AbortController();
  expect(await ask({ ...options, timeoutMs: 5000, signal })).toEqual(['PONG']);
  await eventually(() => expect(proxy.connections).toBe(0));
});
