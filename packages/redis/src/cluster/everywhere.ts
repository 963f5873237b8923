import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';

type Merge = (replies: readonly unknown[]) => unknown;

const first: Merge = (replies) => replies[0];
const sum: Merge = (replies) => replies.reduce((total: number, reply) => total + Number(reply), 0);
const all: Merge = (replies) => replies.flat();
const least: Merge = (replies) => Math.min(...replies.map(Number));
/** Lists of 0 and 1, one per master: 1 where every master says 1. */
const everyOne: Merge = (replies) => {
  const [one, ...others] = replies as number[][];
  return one?.map((value, index) => Math.min(value, ...others.map((other) => other[index] ?? 0)));
};

/** Commands without keys that mean the whole deployment: sent to all masters, with what their replies make together. */
const EVERYWHERE = new Map<string, Merge | ReadonlyMap<string, Merge>>([
  ['DBSIZE', sum],
  ['KEYS', all],
  ['FLUSHALL', first],
  ['FLUSHDB', first],
  ['WAIT', least],
  ['SCRIPT', of({ LOAD: first, FLUSH: first, EXISTS: everyOne })],
  ['FUNCTION', of({ LOAD: first, DELETE: first, FLUSH: first, RESTORE: first })],
  ['CONFIG', of({ SET: first, RESETSTAT: first })],
  ['SLOWLOG', of({ RESET: first, LEN: sum })],
  ['PUBSUB', of({ SHARDCHANNELS: all })],
]);

/** How to merge the replies of all masters; undefined for a command that goes to one. */
export function everywhere(args: readonly RedisArgument[]): Merge | undefined {
  const found = EVERYWHERE.get(String(args[0]).toUpperCase());
  return typeof found === 'object' ? found.get(String(args[1]).toUpperCase()) : found;
}

/** Waits for all. If some did it and some did not, what failed says that its fate is unknown. */
export async function allOf(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(calls);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined)
    return results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
  const error = failed.reason as RedisManagerError;
  if (error.applied !== 'no' || results.every(({ status }) => status === 'rejected')) throw error;
  const { code, retryable, node, role } = error;
  throw new RedisManagerError(`Not all masters did it: ${error.message}`, {
    code,
    retryable,
    applied: 'unknown',
    node,
    role,
    cause: error,
  });
}

function of(subcommands: Readonly<Record<string, Merge>>): ReadonlyMap<string, Merge> {
  return new Map(Object.entries(subcommands));
}
