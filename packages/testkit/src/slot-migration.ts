import type { TestRedis } from './redis.ts';

export interface SlotMigrationOptions {
  readonly slot: number;
  readonly from: TestRedis;
  readonly to: TestRedis;
  readonly nodes: readonly TestRedis[];
}

const BATCH = '100';
const TIMEOUT_MS = '5000';

/** A slot on its way from one master to another, step by step as `redis-cli --cluster reshard` does it. */
export class SlotMigration {
  readonly #options: SlotMigrationOptions;

  constructor(options: SlotMigrationOptions) {
    this.#options = options;
  }

  get from(): TestRedis {
    return this.#options.from;
  }

  async begin(): Promise<void> {
    const { slot, from, to } = this.#options;
    await to.cli('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', await from.cli('CLUSTER', 'MYID'));
    await from.cli('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', await to.cli('CLUSTER', 'MYID'));
  }

  /** Moves all keys that are there, and tells how many. */
  async moveKeys(): Promise<number> {
    const { slot, from, to } = this.#options;
    for (let moved = 0; ; ) {
      const keys = JSON.parse(await from.cli('CLUSTER', 'GETKEYSINSLOT', String(slot), BATCH)) as string[];
      if (keys.length === 0) return moved;
      await from.cli('MIGRATE', '127.0.0.1', String(to.port), '', '0', TIMEOUT_MS, 'KEYS', ...keys);
      moved += keys.length;
    }
  }

  /** Moves one key. */
  async moveKey(key: string): Promise<void> {
    await this.from.cli('MIGRATE', '127.0.0.1', String(this.#options.to.port), key, '0', TIMEOUT_MS);
  }

  /** The other master owns the slot from now on. */
  async finish(): Promise<void> {
    const { slot, from, to, nodes } = this.#options;
    const owner = await to.cli('CLUSTER', 'MYID');
    // The new owner first: then no moment passes in which nobody serves the slot. Replicas learn it from their masters.
    const others = nodes.filter((node) => node !== to && node !== from);
    for (const node of [to, from, ...others]) {
      const role = JSON.parse(await node.cli('ROLE')) as [string];
      if (role[0] === 'master') await node.cli('CLUSTER', 'SETSLOT', String(slot), 'NODE', owner);
    }
  }
}
