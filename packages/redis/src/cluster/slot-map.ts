import { performance } from 'node:perf_hooks';
import { type Address, named } from '../topology/index.ts';
import type { ClusterMaster } from './master.ts';
import { SLOTS } from './slot.ts';
import type { SlotView } from './slot-view.ts';

/** A node to which slots are on their way serves none at first, and not every node has heard yet of one that has just got them. */
const KEEP_MS = 5000;

/** Which master serves which slot, as far as this process knows. */
export class SlotMap {
  readonly #make: (address: Address) => ClusterMaster;
  readonly #masters = new Map<string, ClusterMaster>();
  readonly #retiring = new Set<ClusterMaster>();
  readonly #slots: (ClusterMaster | undefined)[] = new Array(SLOTS).fill(undefined);
  #turn = 0;

  constructor(make: (address: Address) => ClusterMaster) {
    this.#make = make;
  }

  /** All to which there is a connection, or is to be one. */
  get masters(): readonly ClusterMaster[] {
    return [...this.#masters.values()];
  }

  /** Those that serve slots. */
  get owners(): readonly ClusterMaster[] {
    return this.masters.filter(({ slots }) => slots > 0);
  }

  /** Slots that nobody serves. */
  get uncovered(): number {
    return this.masters.reduce((left, { slots }) => left - slots, SLOTS);
  }

  ownerOf(slot: number): ClusterMaster | undefined {
    return this.#slots[slot];
  }

  /** A connected one, in turn. */
  anyone(): ClusterMaster | undefined {
    const connected = this.owners.filter((master) => master.connected);
    this.#turn = (this.#turn + 1) % (connected.length || 1);
    return connected[this.#turn];
  }

  at(address: Address): ClusterMaster | undefined {
    return this.#masters.get(named(address));
  }

  /** The master at an address that another node named. */
  named(address: Address): ClusterMaster {
    const master = this.#at(address);
    master.keepUntil = performance.now() + KEEP_MS;
    return master;
  }

  assign(slot: number, master: ClusterMaster | undefined): void {
    const before = this.#slots[slot];
    if (before === master) return;
    if (before !== undefined) before.slots--;
    if (master !== undefined) master.slots++;
    this.#slots[slot] = master;
  }

  /** Takes over what a node says. Masters that serve nothing any more are left. */
  apply({ owners, slots }: SlotView): void {
    const masters = new Map([...owners].map(([name, address]) => [name, this.#at(address)]));
    for (const [slot, owner] of slots.entries()) {
      this.assign(slot, owner === undefined ? undefined : masters.get(owner));
    }
    const now = performance.now();
    for (const [name, master] of this.#masters) {
      if (master.slots > 0 || master.keepUntil > now) continue;
      this.#masters.delete(name);
      this.#retiring.add(master);
      void master.retire().finally(() => this.#retiring.delete(master));
    }
  }

  async rest(): Promise<void> {
    await Promise.all(this.masters.map((master) => master.rest()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.masters, ...this.#retiring].map((master) => master.close()));
  }

  #at(address: Address): ClusterMaster {
    const known = this.at(address);
    if (known !== undefined) return known;
    const master = this.#make(address);
    this.#masters.set(named(address), master);
    master.start();
    return master;
  }
}
