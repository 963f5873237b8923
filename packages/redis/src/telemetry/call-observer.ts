import type { RedisArgument } from '../connection/call.ts';
import type { RedisManagerError } from '../errors.ts';

/** A call as observers see it. They get no keys, no values and no other arguments than the command's name. */
export interface ObservedCall {
  /** Name of the command, e.g. `GET`; `MULTI` or `PIPELINE` for several at once. */
  readonly command: string;
  /** Commands that are sent at once; undefined for a single one. */
  readonly batchSize: number | undefined;
  /** Name of the script, if it runs one. */
  readonly script: string | undefined;
  /** When it was made, in ms since the start of the process (`performance.now()`). */
  readonly startedAt: number;
  /** How often it was sent by now. */
  readonly attempts: number;
}

/** Hears of every call. Must be quick and must not throw. */
export interface CallObserver {
  /** Before it is sent or queued, within the caller's own tick, so the caller's context is the active one. */
  started?(call: ObservedCall): void;
  /** Once for each call that started; without an error if it was answered. */
  ended(call: ObservedCall, error: RedisManagerError | undefined): void;
}

/** Longer names are none of Redis' commands or modules. */
const MAX_NAME = 40;
/** Redis and its modules have fewer commands. */
const MAX_NAMES = 600;
const names = new Map<unknown, string>();

/** The command's name as label: upper case, and never something that a caller put there by mistake. */
export function commandName(args: readonly RedisArgument[]): string {
  const known = names.get(args[0]);
  if (known !== undefined) return known;
  const given = String(args[0]);
  const name = given.length <= MAX_NAME && /^[\w.-]+$/.test(given) ? given.toUpperCase() : 'OTHER';
  if (typeof args[0] === 'string' && names.size < MAX_NAMES) names.set(given, name);
  return name;
}
