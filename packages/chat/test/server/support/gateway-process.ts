/** A gateway in a process of its own: `node gateway-process.ts REDIS_URL HEARTBEAT_MS`. Writes its port and a token. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createChatServer } from '@taproot/chat/server';
import { createRedisManager } from '@taproot/redis';
import { ADA } from './users.ts';

const [, , url = '', heartbeatMs = ''] = process.argv;
const manager = createRedisManager({ url });
await manager.ready({ timeoutMs: 10_000 });
const secret = new Uint8Array(32);
const chat = createChatServer({ manager, secret, role: 'gateway', heartbeatMs: Number(heartbeatMs) });
const server = createServer();
server.on('upgrade', (request, socket, head) => chat.handleUpgrade(request, socket, head));
const { token } = await chat.sessions.create(ADA);
server.listen(0, '127.0.0.1', () => {
  console.log(`${(server.address() as AddressInfo).port} ${token}`);
});
