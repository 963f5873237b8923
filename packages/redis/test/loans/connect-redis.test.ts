import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, startCluster, startRedis } from '@taproot/testkit';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { expect, onTestFinished, test } from 'vitest';
import type { Loans } from '../../src/loans/index.ts';
import { lending, loansOn, onlyTheManagerIsLeft } from './support.ts';

const SESSIONS = { owner: 'connect-redis', purpose: 'sessions of the web site' };

interface Site {
  readonly store: RedisStore;
  /** How often the visitor was there, as the site counts it. */
  visit(): Promise<string>;
  leave(): Promise<string>;
  close(): Promise<void>;
}

/** A web site that keeps its sessions on a loan, and a browser with its cookie. */
async function site(loans: Loans): Promise<Site> {
  const client = await loans.lend('node-redis', SESSIONS);
  const store = new RedisStore({ client });
  const sessions = session({ store, secret: 'test', resave: false, saveUninitialized: false });
  const server = await listening((request, response) =>
    // express-session asks for what Express adds to Node's own request and response, and uses none of it.
    sessions(request as never, response as never, (error) => {
      const { session: visitor } = request as unknown as { session: session.Session & { visits?: number } };
      if (error !== undefined) return response.writeHead(500).end(String(error));
      if (request.url === '/leave') return visitor.destroy(() => response.end('left'));
      visitor.visits = (visitor.visits ?? 0) + 1;
      return response.end(String(visitor.visits));
    }),
  );
  let cookie = '';
  const get = async (path: string): Promise<string> => {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return response.text();
  };
  return { store, visit: () => get('/'), leave: () => get('/leave'), close: async () => client.close() };
}

async function listening(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const server = createServer(handler);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test('express-session keeps a visitor through a SIGKILL of Redis; closing its client leaves the manager alone', async () => {
  const lent = await lending({
    redis: await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] }),
  });
  const { store, visit, leave, close } = await site(lent.loans);
  expect(await visit()).toBe('1');
  expect(await visit()).toBe('2');
  expect(await lent.redis.cli('KEYS', 'sess:*')).toContain('sess:');
  await lent.redis.kill();
  const waiting = visit();
  await lent.redis.restart();
  expect(await waiting).toBe('3');
  expect(await store.length()).toBe(1);
  expect(await leave()).toBe('left');
  expect(await store.ids()).toEqual([]);
  await close();
  await onlyTheManagerIsLeft(lent);
});

test('express-session keeps its visitors on a Cluster, and finds those of all nodes', async () => {
  const cluster = await startCluster();
  const seeds = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const loans = loansOn(`redis+cluster://${seeds}`);
  const { store, visit, close } = await site(loans);
  expect(await visit()).toBe('1');
  expect(await visit()).toBe('2');
  for (let i = 0; i < 20; i++) await store.set(`visitor${i}`, { cookie: { maxAge: 60_000 } } as never);
  expect(await store.length()).toBe(21);
  await close();
  await eventually(() => expect(loans.size).toBe(0));
});
