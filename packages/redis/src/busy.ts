import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { RedisManagerError } from './errors.ts';

/** A process this busy during a probe may have left the answer unread: the probe is repeated instead of judged. */
const BUSY = 0.5;
/** At most so often in a row, so that a server that is silent is noticed by a process that is always busy. */
const MAX_REPEATED = 5;

/** Tells a server that does not answer from a process that did not listen. */
export class Busy {
  #repeated = 0;
  #before: EventLoopUtilization = performance.eventLoopUtilization();

  /** A probe begins. */
  begin(): void {
    this.#before = performance.eventLoopUtilization();
  }

  /** Whether what the probe found is rather to be looked at again than believed. */
  excuses(error: RedisManagerError | undefined): boolean {
    if (error?.code !== 'timeout') {
      this.#repeated = 0;
      return false;
    }
    if (performance.eventLoopUtilization(this.#before).utilization <= BUSY) return false;
    if (this.#repeated === MAX_REPEATED) return false;
    this.#repeated++;
    return true;
  }
}
