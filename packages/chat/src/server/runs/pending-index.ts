import { performance } from 'node:perf_hooks';
import type { RedisManager } from '@taproot/redis';
import { PENDING_PARTITIONS, pendingKey, pendingPartition } from '../threads/keys.ts';

const PAGE = 200;
/** A send that is on its way right now: its intent is written, its run is not. */
const ON_ITS_WAY_MS = 60_000;

/** The index of runs that were intended and have not ended, as workers use it. */
export class PendingIndex {
  readonly #manager: RedisManager;
  /** Where the next page of each partition begins: many runs that wait must not hide the others. */
  readonly #cursors = new Map<number, number>();
  /** Intents without a run, by when this process first saw them so; clocks of other machines have no say. */
  readonly #gone = new Map<string, number>();

  constructor(manager: RedisManager) {
    this.#manager = manager;
  }

  /** Names of the next page of every partition that Redis can read. */
  async page(): Promise<string[]> {
    const partitions = Array.from({ length: PENDING_PARTITIONS }, (_, index) => index);
    const found = await Promise.allSettled(partitions.map((partition) => this.#read(partition)));
    return found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  }

  async remove(name: string): Promise<void> {
    this.#gone.delete(name);
    await this.#manager.call(['ZREM', keyOf(name), name]);
  }

  /** An intent without a run is removed when its message can no more be on its way. */
  async removeGone(name: string): Promise<void> {
    const since = this.#gone.get(name);
    if (since === undefined) this.#gone.set(name, performance.now());
    else if (performance.now() - since > ON_ITS_WAY_MS) await this.remove(name);
  }

  async #read(partition: number): Promise<string[]> {
    const from = this.#cursors.get(partition) ?? 0;
    const range = ['ZRANGE', pendingKey(partition), String(from), String(from + PAGE - 1)];
    const names = (await this.#manager.call(range)) as string[];
    this.#cursors.set(partition, names.length === PAGE ? from + PAGE : 0);
    return names;
  }
}

function keyOf(name: string): string {
  return pendingKey(pendingPartition(name.slice(0, name.indexOf('/'))));
}
