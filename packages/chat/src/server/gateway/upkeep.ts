import type { MetricFamily } from '@taproot/redis';
import type { Limiter } from '../limits/index.ts';
import type { GatewaySocket } from './socket.ts';

export interface UpkeepOptions {
  readonly sockets: ReadonlySet<GatewaySocket>;
  readonly limiter: Limiter;
  readonly heartbeatMs: number;
}

const LOOK_EVERY_MS = 1000;

/** What is done for all sockets by the clock: heartbeats, and the bounds of what waits for slow readers. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(options: UpkeepOptions) {
    this.#options = options;
    // After what the sockets hold was read: a process that was held up must not take its clients for dead.
    const later = (look: () => void) => (): void => void setImmediate(look);
    this.#timers = [
      setInterval(
        later(() => this.#beat()),
        options.heartbeatMs,
      ).unref(),
      setInterval(
        later(() => this.#look()),
        LOOK_EVERY_MS,
      ).unref(),
    ];
  }

  metrics(): MetricFamily[] {
    let total = 0;
    let most = 0;
    for (const { outgoing } of this.#options.sockets) {
      total += outgoing.bytes;
      most = Math.max(most, outgoing.bytes);
    }
    const help = 'Bytes that wait for slow readers';
    return [
      { name: 'taproot_outgoing_bytes', help, type: 'gauge', samples: [{ value: total }] },
      {
        name: 'taproot_outgoing_bytes_max',
        help: `${help}, of one`,
        type: 'gauge',
        samples: [{ value: most }],
      },
    ];
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #beat(): void {
    for (const client of this.#options.sockets) client.heartbeat();
  }

  #look(): void {
    const { sockets, limiter } = this.#options;
    const { maxOutgoingMs, maxTotalOutgoingBytes } = limiter.limits;
    let total = 0;
    for (const client of sockets) {
      if (!client.open) continue;
      total += client.outgoing.bytes;
      if (client.outgoing.age() * LOOK_EVERY_MS > maxOutgoingMs) client.tooSlow('outgoing-age');
    }
    if (total > maxTotalOutgoingBytes) this.#relieve(total - maxTotalOutgoingBytes);
  }

  /** Closes those for which most waits: they can have it again from Redis. */
  #relieve(bytes: number): void {
    let over = bytes;
    const open = [...this.#options.sockets].filter((client) => client.open);
    const slowest = open.sort((a, b) => b.outgoing.bytes - a.outgoing.bytes);
    for (const client of slowest) {
      if (over <= 0) return;
      over -= client.outgoing.bytes;
      client.tooSlow('outgoing-total');
    }
  }
}
