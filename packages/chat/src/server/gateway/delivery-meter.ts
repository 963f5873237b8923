import type { LogEntry, MetricFamily } from '@taproot/redis';

/** An event older than this was not delivered late: it is history, which a client asked for. */
const MAX_LIVE_MS = 10_000;
/** Ages that are kept until somebody takes them. */
const MAX_SAMPLES = 512;

/** Events that a gateway has handed to its sockets, and how old live ones were then. */
export class DeliveryMeter {
  #total = 0;
  #ages: number[] = [];

  get total(): number {
    return this.#total;
  }

  add({ body }: LogEntry): void {
    this.#total++;
    if (this.#ages.length >= MAX_SAMPLES) return;
    // A body begins with its `at`; parsing it whole would cost more than sending it.
    const at = Number.parseInt(body.slice('{"at":'.length, 24), 10);
    const age = Date.now() - at;
    if (age < MAX_LIVE_MS) this.#ages.push(age);
  }

  /** Milliseconds from the append, by the clock of Redis, to the socket, by ours; those since the last call. */
  takeAges(): readonly number[] {
    const ages = this.#ages;
    this.#ages = [];
    return ages;
  }

  metrics(): MetricFamily[] {
    const help = 'Events handed to sockets';
    return [
      { name: 'taproot_events_delivered_total', help, type: 'counter', samples: [{ value: this.#total }] },
    ];
  }
}
