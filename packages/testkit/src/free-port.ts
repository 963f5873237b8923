import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { TestkitError } from './errors.ts';

// Below the ports that systems give to outgoing connections: a server that is killed must get its port again, and a client
// that knocks at a closed port among those would now and then connect to itself.
const FIRST = 10_240;
const LAST = 21_999;

/** A free TCP port on loopback whose Cluster bus port (10,000 above) is free too. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(FIRST, LAST + 1);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
  throw new TestkitError('no-port', `no free port from ${FIRST} to ${LAST} in 100 tries`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}
