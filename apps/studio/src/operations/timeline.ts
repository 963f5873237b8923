import type { DeliveryMeter } from '@taproot/chat/server';
import type { Series } from './report.ts';

/** Seconds that are kept: five minutes. */
export const KEPT_SECONDS = 300;

interface Second {
  readonly events: number;
  readonly p50: number | null;
  readonly p99: number | null;
}

/** Deliveries second by second; what it costs does not grow with those who look. */
export class Timeline {
  readonly #meter: DeliveryMeter | undefined;
  readonly #seconds: Second[] = [];
  readonly #timer: NodeJS.Timeout;
  #total: number;

  constructor(meter: DeliveryMeter | undefined) {
    this.#meter = meter;
    this.#total = meter?.total ?? 0;
    this.#timer = setInterval(() => this.tick(), 1000).unref();
  }

  /** Ends the second. */
  tick(): void {
    const total = this.#meter?.total ?? 0;
    const ages = [...(this.#meter?.takeAges() ?? [])].sort((a, b) => a - b);
    this.#seconds.push({ events: total - this.#total, p50: quantile(ages, 0.5), p99: quantile(ages, 0.99) });
    this.#total = total;
    if (this.#seconds.length > KEPT_SECONDS) this.#seconds.shift();
  }

  /** `aheadMs`: by how much the clock of Redis is ahead of ours, which ages lack. */
  series(aheadMs: number): Series {
    const age = (ms: number | null): number | null =>
      ms === null ? null : Math.max(0, Math.round((ms + aheadMs) * 10) / 10);
    return {
      events: this.#seconds.map(({ events }) => events),
      p50: this.#seconds.map(({ p50 }) => age(p50)),
      p99: this.#seconds.map(({ p99 }) => age(p99)),
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function quantile(sorted: readonly number[], q: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? null;
}
