import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-adapter';
import { eventually, startCluster, startRedis } from '@taproot/testkit';
import { Server } from 'socket.io';
import { connect } from 'socket.io-client';
import { expect, onTestFinished, test } from 'vitest';
import type { Loans } from '../../src/loans/index.ts';
import { DRIVERS, lend, lending, loansOn, onlyTheManagerIsLeft } from './support.ts';

interface ChatServer {
  readonly io: Server;
  /** What its one browser heard. */
  readonly heard: string[];
  close(): Promise<void>;
}

/** A Socket.IO server on a loan and its duplicate, and a browser that is connected to it. */
async function chatServer(loans: Loans, driver: (typeof DRIVERS)[number]): Promise<ChatServer> {
  const publisher = await lend(loans, driver, { owner: 'socket.io', purpose: 'Socket.IO adapter' });
  const subscriber = publisher.duplicate();
  await eventually(() => subscriber.get('any'));
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter(publisher.client, subscriber.client) });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const browser = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const heard: string[] = [];
  browser.on('news', (text: string) => heard.push(text));
  await eventually(() => expect(browser.connected).toBe(true));
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= (async () => {
      browser.disconnect();
      await io.close();
      await Promise.all([publisher.client.quit(), subscriber.client.quit()]);
    })();
    return closed;
  };
  onTestFinished(close);
  return { io, heard, close };
}

/** Each of two servers reaches the browser of the other. */
async function talk(servers: readonly [ChatServer, ChatServer], text: string): Promise<void> {
  for (const [from, to] of [servers, servers.toReversed()] as [ChatServer, ChatServer][])
    await eventually(() => {
      // What is published while a subscription is away is lost: pub/sub keeps nothing.
      from.io.emit('news', text);
      expect(to.heard).toContain(text);
    });
}

test.each(DRIVERS)(
  'Socket.IO servers on %s reach each other’s browsers, also after a SIGKILL of Redis',
  async (driver) => {
    const lent = await lending({ redis: await startRedis() });
    const servers = [await chatServer(lent.loans, driver), await chatServer(lent.loans, driver)] as const;
    await talk([...servers], 'before');
    await lent.redis.kill();
    // Nobody looks at what becomes of this; it must not end the process.
    servers[0].io.emit('news', 'lost');
    await lent.redis.restart();
    await talk([...servers], 'after');
    expect(lent.loans.list()).toHaveLength(2);
    await Promise.all(servers.map((server) => server.close()));
    await onlyTheManagerIsLeft(lent);
  },
);

test.each(DRIVERS)(
  'Socket.IO servers on %s reach each other’s browsers through a Cluster',
  async (driver) => {
    const cluster = await startCluster();
    const seeds = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const loans = loansOn(`redis+cluster://${seeds}`);
    const servers = [await chatServer(loans, driver), await chatServer(loans, driver)] as const;
    await talk([...servers], 'before');
    expect(await servers[0].io.fetchSockets()).toHaveLength(2);
    await Promise.all(servers.map((server) => server.close()));
    await eventually(() => expect(loans.size).toBe(0));
  },
);
