import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { TestkitError } from './errors.ts';

// Below the ports that systems give to outgoing connections: a server that is killed must get its port again, and a client
// that knocks at a closed port among those would now and then connect to itself.
const FIRST = 10_240;
const COUNT = 10_000;
/** A Cluster node's bus listens so far above it: above all ports that are given. */
const BUS = 10_000;

// Between the look at a port and its use another worker of the same test run would take it now and then: each has its own.
const WORKERS = 8;
const worker = Number(process.env.VITEST_POOL_ID ?? randomInt(WORKERS)) % WORKERS;
const given = new Set<number>();

/** A free TCP port on loopback whose Cluster bus port (10,000 above) is free too. No port is given twice. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = FIRST + randomInt(COUNT / WORKERS) * WORKERS + worker;
    if (given.has(port)) continue;
    given.add(port);
    if ((await isFree(port)) && (await isFree(port + BUS))) return port;
  }
  throw new TestkitError('no-port', `no free port from ${FIRST} to ${FIRST + COUNT - 1} in 200 tries`);
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
