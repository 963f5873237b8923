import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { RedisReader } from './reader.ts';

/** The server was away or not yet willing; none of these says that the command itself is wrong. */
const AWAY = new Set([
  'connection-lost',
  'timeout',
  'loading',
  'maxclients',
  'clusterdown',
  'moved',
  'queue-full',
]);
const PAUSE_MS = 200;

/**
 * A reader whose reads outlast an outage of up to `patienceMs`. The guide sends reading commands only, so repeating one
 * whose reply was lost is always safe.
 */
export function patient(redis: RedisReader, signal: AbortSignal, patienceMs: number): RedisReader {
  return {
    health: () => redis.health(),
    async call(args, options) {
      const until = performance.now() + patienceMs;
      for (;;) {
        signal.throwIfAborted();
        try {
          return await redis.call(args, { ...options, signal });
        } catch (error) {
          signal.throwIfAborted();
          if (!isAway(error) || performance.now() >= until) throw error;
        }
        await pause(PAUSE_MS, undefined, { signal });
      }
    },
  };
}

function isAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && AWAY.has(String(error.code));
}
