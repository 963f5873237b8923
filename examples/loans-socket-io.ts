/**
 * Two Socket.IO servers that reach each other's browsers through Redis, on clients that the manager lends.
 *
 *   npm install socket.io socket.io-client @socket.io/redis-adapter
 *   node --conditions=@taproot/source examples/loans-socket-io.ts
 *
 * Uses an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdapter } from '@socket.io/redis-adapter';
import { createRedisManager } from '@taproot/redis';
import { Server } from 'socket.io';
import { connect } from 'socket.io-client';

const dataDir = mkdtempSync(join(tmpdir(), 'example-loans-'));
const manager = createRedisManager({ app: 'example', dataDir, env: {} });
await manager.ready({ timeoutMs: 10_000 });

const publisher = await manager.lend('node-redis', { owner: 'socket.io', purpose: 'Socket.IO adapter' });
// One connection publishes, the other listens: a duplicate is a loan too. With node-redis it is connected by its user.
const subscriber = await publisher.duplicate().connect();
console.log('lent:', manager.loans[0]);

const adapter = createAdapter(publisher, subscriber);
const servers = [0, 0].map((port) => new Server(port, { adapter }));
const browsers = servers.map(({ httpServer }) =>
  connect(`http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`),
);
await Promise.all(browsers.map((browser) => new Promise<void>((resolve) => browser.on('connect', resolve))));

const heard = browsers.map(
  (browser) => new Promise<string>((resolve) => browser.on('news', (text: string) => resolve(text))),
);
// Said on one server, heard on both.
servers[0]?.emit('news', 'apples are ripe');
console.log('heard:', await Promise.all(heard));

for (const browser of browsers) browser.disconnect();
await Promise.all(servers.map((server) => server.close()));
// The clients were not returned: the manager ends them.
await manager.close();
console.log('loans that are left:', manager.loans.length);
rmSync(dataDir, { recursive: true, force: true });
