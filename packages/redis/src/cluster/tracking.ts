import { requireTrackable } from '../tracked-prefix.ts';
import type { InvalidationListener } from '../tracking.ts';
import type { ClusterMaster } from './master.ts';

interface Tracked {
  readonly prefix: string;
  readonly listener: InvalidationListener;
  /** Up to when each master told of all changes. */
  readonly provenAt: Map<ClusterMaster, number>;
  readonly offs: Map<ClusterMaster, () => void>;
}

/** The changes of keys on a Cluster, told by all masters: as sure as the one that was last heard of longest ago. */
export class ClusterTracking {
  readonly #owners: () => readonly ClusterMaster[];
  readonly #tracked = new Set<Tracked>();

  constructor(owners: () => readonly ClusterMaster[]) {
    this.#owners = owners;
  }

  add(prefix: string, listener: InvalidationListener): () => void {
    requireTrackable(
      prefix,
      [...this.#tracked].map((one) => one.prefix),
    );
    const tracked: Tracked = { prefix, listener, provenAt: new Map(), offs: new Map() };
    this.#tracked.add(tracked);
    this.#place(tracked);
    return () => {
      this.#tracked.delete(tracked);
      for (const off of tracked.offs.values()) off();
    };
  }

  /** Slots or connections have changed. */
  rehome(): void {
    for (const tracked of this.#tracked) this.#place(tracked);
  }

  #place(tracked: Tracked): void {
    const owners = new Set(this.#owners());
    for (const [master, off] of tracked.offs) {
      if (owners.has(master)) continue;
      off();
      tracked.offs.delete(master);
      tracked.provenAt.delete(master);
      // Its last messages may not have come.
      tracked.listener.gap();
    }
    for (const master of owners) if (!tracked.offs.has(master)) this.#hear(tracked, master);
  }

  #hear({ prefix, listener, provenAt, offs }: Tracked, master: ClusterMaster): void {
    provenAt.set(master, Number.NEGATIVE_INFINITY);
    const off = master.ear.track(prefix, {
      invalidated: (key) => listener.invalidated(key),
      gap: () => {
        listener.gap();
        provenAt.set(master, Number.NEGATIVE_INFINITY);
      },
      proven: (until) => {
        provenAt.set(master, until);
        const all = Math.min(...provenAt.values());
        if (all > Number.NEGATIVE_INFINITY) listener.proven(all);
      },
    });
    offs.set(master, off);
  }
}
