/**
 * express-session with connect-redis on a client that the manager lends, in Node's own web server.
 *
 *   npm install connect-redis express-session
 *   node --conditions=@taproot/source examples/loans-connect-redis.ts
 *
 * Uses an embedded Redis in a temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedisManager, RedisManagerError } from '@taproot/redis';
import { RedisStore } from 'connect-redis';
import session from 'express-session';

const dataDir = mkdtempSync(join(tmpdir(), 'example-loans-'));
const manager = createRedisManager({ app: 'example', dataDir, env: {} });
await manager.ready({ timeoutMs: 10_000 });

const purpose = 'sessions of the web site';
try {
  await manager.lend('ioredis', { owner: 'connect-redis', purpose });
} catch (error) {
  if (!(error instanceof RedisManagerError)) throw error;
  console.log('the wrong driver:', error.message);
}

const client = await manager.lend('node-redis', { owner: 'connect-redis', purpose });
const store = new RedisStore({ client });
const sessions = session({ store, secret: 'example', resave: false, saveUninitialized: false });

const server = createServer((request, response) =>
  // With Express this is app.use(sessions).
  sessions(request as never, response as never, () => {
    const { session: visitor } = request as unknown as { session: { visits?: number } };
    visitor.visits = (visitor.visits ?? 0) + 1;
    response.end(`visit ${visitor.visits}`);
  }),
);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const first = await fetch(url);
const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
console.log(await first.text());
console.log(await (await fetch(url, { headers: { cookie } })).text());
console.log('sessions in Redis:', await store.length());

server.closeAllConnections();
server.close();
await client.close();
console.log('loans that are left:', manager.loans.length, '· the manager is', manager.state);
await manager.close();
rmSync(dataDir, { recursive: true, force: true });
