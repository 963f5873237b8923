import { performance } from 'node:perf_hooks';
import { BasicClientSideCache } from 'redis';
import { pause } from './connection/backoff.ts';
import type { RedisClient } from './connection/driver.ts';
import { surface } from './surface.ts';
import { overlap, requireTrackable } from './tracked-prefix.ts';

/** What somebody who keeps copies of values wants to hear of them. */
export interface InvalidationListener {
  /** The key was written, or is gone; undefined: that may be so of every key. */
  invalidated(key: string | undefined): void;
  /** Changes up to now may not have been told; they are from now on. */
  gap(): void;
  /** All changes up to this moment of the monotonic clock were told, except those in a gap. Again and again, while Redis answers. */
  proven(until: number): void;
}

/** How often the server is asked whether it still tells of changes. */
const ASK_EVERY_MS = 250;

/** What the driver takes for its own cache is where it leaves the server's messages about changed keys. */
class Pushes extends BasicClientSideCache {
  readonly #tell: (key: string | undefined) => void;

  constructor(tell: (key: string | undefined) => void) {
    super({ recordStats: false });
    this.#tell = tell;
  }

  /** Part of the handshake. Nobody may be refused the connection for want of the right to track, so that comes later. */
  override trackingOn(): string[] {
    return ['HELLO'];
  }

  override invalidate(key: Buffer | string | null): void {
    this.#tell(key === null ? undefined : key.toString());
  }
}

/**
 * The changes of keys, told by the server on a subscriber connection (CLIENT TRACKING in broadcasting mode, Redis 6). Replies
 * and messages come in order, so each reply proves that what happened before its question was told.
 */
export class Tracking {
  /** For the connection whose server tells. */
  readonly pushes: BasicClientSideCache;
  readonly #prefixes = new Map<string, Set<InvalidationListener>>();
  #client: RedisClient | undefined;
  #wake = new AbortController();
  #watching = false;

  constructor() {
    this.pushes = new Pushes((key) => this.#tell(key));
  }

  /** Tells of keys that begin with the prefix until the returned function is called. Throws `invalid-options` if it begins with another, or another with it. */
  add(prefix: string, listener: InvalidationListener): () => void {
    requireTrackable(prefix, this.#prefixes.keys());
    const listeners = this.#prefixes.get(prefix) ?? new Set();
    this.#prefixes.set(prefix, listeners.add(listener));
    this.#look();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#prefixes.delete(prefix);
      this.#look();
    };
  }

  attach(client: RedisClient): void {
    this.#client = client;
    this.#look();
  }

  detach(): void {
    this.#client = undefined;
    this.#wake.abort();
  }

  #look(): void {
    this.#wake.abort();
    if (!this.#watching) void this.#watch();
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    let client: RedisClient | undefined;
    // Those who hear of all changes on this connection.
    let told = new WeakSet<InvalidationListener>();
    let tracking = false;
    while (this.#client !== undefined && (this.#prefixes.size > 0 || tracking)) {
      if (client !== this.#client) told = new WeakSet();
      client = this.#client;
      tracking = this.#prefixes.size > 0;
      this.#wake = new AbortController();
      // It ends with its connection, or is refused; then it is asked again.
      await this.#ask(client, told).catch(() => undefined);
      if (tracking) await pause(ASK_EVERY_MS, this.#wake.signal);
    }
    this.#watching = false;
  }

  /** One round: what is tracked, and what is to be. */
  async #ask(client: RedisClient, told: WeakSet<InvalidationListener>): Promise<void> {
    const askedAt = performance.now();
    let { prefixes } = (await client.sendCommand(['CLIENT', 'TRACKINGINFO'])) as unknown as {
      readonly prefixes: readonly string[];
    };
    if (this.#prefixes.size === 0 || this.#areStale(prefixes)) {
      await client.sendCommand(['CLIENT', 'TRACKING', 'OFF']);
      prefixes = [];
    }
    for (const [prefix, listeners] of [...this.#prefixes]) {
      if (!prefixes.includes(prefix)) {
        for (const listener of listeners) told.delete(listener);
        await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', prefix]);
      }
      for (const listener of listeners) {
        if (told.has(listener)) listener.proven(askedAt);
        else listener.gap();
        told.add(listener);
      }
    }
  }

  /** Prefixes are not ended one by one, so one that is wanted no more may stand in the way of one that is. */
  #areStale(prefixes: readonly string[]): boolean {
    const wanted = [...this.#prefixes.keys()];
    return prefixes.some((prefix) => wanted.some((other) => overlap(prefix, other)));
  }

  #tell(key: string | undefined): void {
    for (const [prefix, listeners] of this.#prefixes) {
      if (key !== undefined && !key.startsWith(prefix)) continue;
      for (const listener of [...listeners]) {
        try {
          listener.invalidated(key);
        } catch (error) {
          surface(error);
        }
      }
    }
  }
}
