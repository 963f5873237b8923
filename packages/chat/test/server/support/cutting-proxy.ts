import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { TestRedis } from '@taproot/testkit';
import { onTestFinished } from 'vitest';

/**
 * What happens to a connection: it ends before or after Redis got the command, or the command is lost on an open one, or is
 * held up together with all that follows on it.
 */
export type Fault = 'before' | 'after' | 'lost' | 'held';

/** A way to Redis that has its fault, once, at the moment when a certain command is on it. */
export class CuttingProxy {
  readonly url: string;
  #word: string | undefined;
  #fault: Fault = 'before';
  #held: (() => void)[] = [];

  constructor(url: string) {
    this.url = url;
  }

  /** For the next command of this name. */
  arm(word: string, fault: Fault): void {
    this.#word = `${word}\r\n`;
    this.#fault = fault;
  }

  /** Lets what is held up go on. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  hold(go: () => void): void {
    this.#held.push(go);
  }

  /** Whether the fault has happened. */
  get cut(): boolean {
    return this.#word === undefined;
  }

  /** What to do with these bytes from the client. */
  verdict(bytes: Buffer): 'pass' | Fault {
    if (this.#word === undefined || !bytes.includes(this.#word)) return 'pass';
    this.#word = undefined;
    return this.#fault;
  }
}

export async function cuttingProxy(redis: TestRedis): Promise<CuttingProxy> {
  const server = createServer((client) => {
    const upstream = connect(redis.port, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('data', (bytes) => client.write(bytes));
    client.on('data', (bytes) => {
      const verdict = proxy.verdict(bytes);
      if (verdict === 'held') {
        client.pause();
        proxy.hold(() => {
          upstream.write(bytes);
          client.resume();
        });
      }
      if (verdict === 'pass' || verdict === 'after') upstream.write(bytes);
      // Redis executes what it was sent; only the way back is gone.
      if (verdict === 'before' || verdict === 'after') client.destroySoon();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const proxy = new CuttingProxy(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return proxy;
}
