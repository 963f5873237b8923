import { type ScanOptions, scanKeys } from '../commands/index.ts';
import type { SendOptions } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';
import { SLOTS } from './slot.ts';
import type { SlotMap } from './slot-map.ts';

/** Reached only while slots move all the time. */
const MAX_ROUNDS = 100;

/**
 * Scans one master after the other. Slots that changed hands while their master was scanned are scanned again where they
 * are then, with all that this node has: keys come twice rather than not at all.
 */
export async function* scanSlots(
  map: SlotMap,
  options: ScanOptions,
  limits: () => SendOptions,
): AsyncGenerator<string[]> {
  const done = new Set<number>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = firstMissing(done);
    if (next === undefined) return;
    const master = map.ownerOf(next);
    if (master === undefined) throw restless(`Nobody serves the slot ${next}`);
    const before = slotsOf(map, master);
    try {
      yield* scanKeys((args) => master.call(args, limits()), options);
    } catch (error) {
      if (!master.retired) throw error;
      continue;
    }
    for (const slot of before) if (map.ownerOf(slot) === master) done.add(slot);
  }
  throw restless('Slots moved all the time while the keys were scanned');
}

function firstMissing(done: ReadonlySet<number>): number | undefined {
  for (let slot = 0; slot < SLOTS; slot++) if (!done.has(slot)) return slot;
  return undefined;
}

function slotsOf(map: SlotMap, master: unknown): number[] {
  return Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) => map.ownerOf(slot) === master);
}

function restless(message: string): RedisManagerError {
  return new RedisManagerError(message, { code: 'clusterdown', retryable: true, applied: 'no' });
}
