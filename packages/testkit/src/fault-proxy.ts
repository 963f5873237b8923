import { createServer, type NetConnectOpts, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { FaultPair } from './fault-pair.ts';
import { freePort } from './free-port.ts';
import { atTeardown } from './teardown.ts';

/** Where a proxy leads: a TCP port on loopback, a Unix socket, or a URL with a port. */
export type ProxyTarget = { readonly port: number } | { readonly path: string } | string;

/**
 * A TCP proxy on loopback that can be slow, silent or cut. Faults hold for all connections until `restore()`. A function is
 * asked for the target of each new connection, as a load balancer chooses.
 */
export async function faultProxy({
  target,
}: {
  readonly target: ProxyTarget | (() => ProxyTarget);
}): Promise<FaultProxy> {
  const proxy = new FaultProxy(target, await freePort());
  await proxy.restore();
  atTeardown(() => proxy.close());
  return proxy;
}

export class FaultProxy {
  readonly port: number;
  /** The target's URL with the proxy's address in it; `redis://` if the target was given without one. */
  readonly url: string;
  readonly #target: () => NetConnectOpts;
  readonly #pairs = new Set<FaultPair>();
  #server: Server | undefined;
  #latencyMs = 0;
  #fault: 'none' | 'blackhole' | 'half-open' = 'none';

  constructor(target: ProxyTarget | (() => ProxyTarget), port: number) {
    this.port = port;
    const url = new URL(typeof target === 'string' ? target : 'redis://127.0.0.1');
    this.#target = typeof target === 'function' ? () => placeOf(target()) : () => placeOf(target);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    this.url = url.href;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Delays what comes from now on, in each direction, by `ms`. */
  latency(ms: number): void {
    this.#latencyMs = ms;
    for (const pair of this.#pairs) pair.delay(ms);
  }

  /** Connections stay, nothing passes, not even an end. All of it arrives at `restore()`: packets were lost for a while. */
  blackhole(): void {
    this.#fault = 'blackhole';
    for (const pair of this.#pairs) pair.hold();
  }

  /** Both sides believe in connections that no longer exist: what they say is lost, also an end. `restore()` heals new ones only. */
  halfOpen(): void {
    this.#fault = 'half-open';
    for (const pair of this.#pairs) pair.lose();
  }

  /** Ends all connections by RST. New ones are taken. */
  reset(): void {
    for (const pair of this.#pairs) pair.reset();
    this.#pairs.clear();
  }

  /** As if the process behind it had died: ends all connections by RST, and new ones are refused. */
  refuse(): void {
    this.reset();
    this.#server?.close();
    this.#server = undefined;
  }

  /** Ends all faults. */
  async restore(): Promise<void> {
    this.#fault = 'none';
    this.latency(0);
    for (const pair of this.#pairs) pair.release();
    this.#server ??= await this.#listen();
  }

  /** Ends the proxy and its connections. */
  async close(): Promise<void> {
    this.refuse();
  }

  #listen(): Promise<Server> {
    // An end on one side must not end the other by itself.
    const options = { allowHalfOpen: true, noDelay: true };
    const server = createServer(options, (client) => this.#accept(client));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', () => resolve(server));
    });
  }

  #accept(client: Socket): void {
    const upstream = tcpConnect({ ...this.#target(), allowHalfOpen: true, noDelay: true });
    const pair = new FaultPair(client, upstream, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    pair.delay(this.#latencyMs);
    if (this.#fault === 'blackhole') pair.hold();
    if (this.#fault === 'half-open') pair.lose();
  }
}

function placeOf(target: ProxyTarget): NetConnectOpts {
  if (typeof target !== 'string') return target;
  const { hostname, port } = new URL(target);
  return { host: hostname, port: Number(port) };
}
