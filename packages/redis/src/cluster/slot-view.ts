import { type Address, named } from '../topology/index.ts';
import { SLOTS } from './slot.ts';

/** Which node serves which slots, as one node sees it. */
export interface SlotView {
  readonly owners: ReadonlyMap<string, Address>;
  /** Name of the owner by slot. */
  readonly slots: readonly (string | undefined)[];
  /** Every node that was named, replicas too. */
  readonly nodes: readonly Address[];
}

type NodeReply = readonly [string | null, number, ...unknown[]];
/** One range of slots: from, to, its master, its replicas. */
export type SlotsReply = readonly (readonly [number, number, ...NodeReply[]])[];

/** Reads the reply of CLUSTER SLOTS. Nodes that do not know their own host are at the one that was asked. */
export function viewOf(reply: SlotsReply, asked: Address): SlotView {
  const owners = new Map<string, Address>();
  const nodes = new Map<string, Address>();
  const slots: (string | undefined)[] = new Array(SLOTS).fill(undefined);
  for (const [from, to, ...servers] of reply) {
    const [master, ...replicas] = servers.map(([host, port]) => ({
      host: host === null || host === '' || host === '?' ? asked.host : host,
      port: Number(port),
    }));
    if (master === undefined) continue;
    owners.set(named(master), master);
    slots.fill(named(master), from, to + 1);
    for (const node of [master, ...replicas]) nodes.set(named(node), node);
  }
  return { owners, slots, nodes: [...nodes.values()] };
}
