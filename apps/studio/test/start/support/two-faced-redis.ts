import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestRedis } from '@taproot/testkit';
import { onTestFinished } from 'vitest';

/** A real server behind a proxy that can have it tell another version. */
export interface TwoFacedRedis {
  readonly url: string;
  /** All connections end; on new ones it is of version 5. */
  growOld(): void;
}

/** `old`: of version 5 from the beginning. */
export async function twoFacedRedis(redis: TestRedis, { old = false } = {}): Promise<TwoFacedRedis> {
  let aged = old;
  const clients = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(redis.port, '127.0.0.1');
    clients.add(client);
    client.on('close', () => clients.delete(client) && server.destroy());
    server.on('close', () => client.destroy());
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.pipe(server);
    server.on('data', (bytes) => client.write(aged ? olderIn(bytes) : bytes));
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${port}`,
    growOld: () => {
      aged = true;
      for (const client of clients) client.destroy();
    },
  };
}

/** A digit for a digit, so that the reply keeps its length. */
function olderIn(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(/redis_version:\d/, 'redis_version:5');
  return Buffer.from(text, 'latin1');
}
