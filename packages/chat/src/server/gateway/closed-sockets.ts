import type { MetricFamily } from '@taproot/redis';
import { CLOSE } from '../../protocol/index.ts';

/** Sockets that this gateway closed, by close code. 1011 is always told, so that an alarm can stand on it. */
export class ClosedSockets {
  readonly #byCode = new Map<number, number>([[CLOSE.bug, 0]]);

  add(code: number): void {
    this.#byCode.set(code, (this.#byCode.get(code) ?? 0) + 1);
  }

  metrics(): MetricFamily[] {
    const samples = [...this.#byCode].map(([code, value]) => ({ labels: { code: String(code) }, value }));
    const help = 'Sockets that this gateway closed, by close code';
    return [{ name: 'taproot_sockets_closed_total', help, type: 'counter', samples }];
  }
}
