import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createChatClient } from '@taproot/chat/client';
import { eventually, startRedis } from '@taproot/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { startSite } from './support/site.ts';

const DOCUMENT = join(import.meta.dirname, '../../../../docs/own-redis.md');

test('the rights that the documentation lists are enough for a conversation', async () => {
  const rights = /ACL SETUSER taproot on >password (.+)/.exec(readFileSync(DOCUMENT, 'utf8'))?.[1];
  const redis = await startRedis();
  await redis.cli('ACL', 'SETUSER', 'taproot', 'on', '>password', ...(rights ?? '').split(' '));
  const redisUrl = redis.url.replace('redis://', 'redis://taproot:password@');
  const site = await startSite({ redisUrl });
  const client = createChatClient({ url: site.url, token: await site.signIn() });
  onTestFinished(() => client.close());
  const { id } = await client.createThread();
  await client.send(id, 'hello').accepted;
  await eventually(async () => expect((await client.getMessages(id)).messages).toHaveLength(2));
  await client.deleteThread(id);
  expect(await redis.cli('ACL', 'LOG')).toBe('[]');
  expect(site.errors).toEqual([]);
});

test('a server whose Redis does not let it run scripts is not ready, and tells why', async () => {
  const redis = await startRedis();
  await redis.cli('ACL', 'SETUSER', 'taproot', 'on', '>password', '+@all', '-@scripting', '~*', '&*');
  const redisUrl = redis.url.replace('redis://', 'redis://taproot:password@');
  const { manager } = await startSite({ redisUrl, waitFor: 'listening' });
  await eventually(() => expect(manager.health().error?.code).toBe('noperm'));
  expect(manager.state).toBe('down');
  await redis.cli('ACL', 'SETUSER', 'taproot', '+@scripting');
  await eventually(() => expect(manager.state).toBe('ready'));
});
