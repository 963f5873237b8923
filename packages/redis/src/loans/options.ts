import type { CommonRedisOptions } from 'ioredis';
import type { RedisClientOptions } from 'redis';
import { RedisManagerError } from '../errors.ts';

/** A client library that can be lent. */
export type LoanDriver = 'node-redis' | 'ioredis';

/** Options of a loan, whatever its driver. */
export interface LendOptions {
  /** Who gets it, e.g. `bullmq-mail`: 1 to 64 letters, digits, dots, dashes or underscores. Last part of the connection's name in CLIENT LIST. */
  readonly owner: string;
  /** What for, in words, e.g. `BullMQ queue of mails`: at most 200 characters. A library named here must work with the driver. */
  readonly purpose: string;
  /**
   * How long a connection may stay silent although an answer is due, in ms, 100 to a day; then it is ended and made anew.
   * Must be longer than the library's longest blocking read. 0: for ever. @default 30000
   */
  readonly silentMs?: number;
  /** How long to wait for the address at most, in ms, up to a day; Redis itself is waited for on a node-redis Cluster only. @default 10000 */
  readonly timeoutMs?: number;
}

/** What a node-redis loan may be told beside. */
export interface NodeRedisLendOptions
  extends LendOptions,
    Pick<RedisClientOptions, 'commandsQueueMaxLength' | 'disableOfflineQueue'> {
  /** `timeout`: how long a command may wait to be sent, in ms. @default 5000 */
  readonly commandOptions?: { readonly timeout?: number };
}

/** What an ioredis loan may be told beside. Commands wait for Redis without end by default: `maxRetriesPerRequest` is null, as BullMQ needs it. */
export interface IORedisLendOptions
  extends LendOptions,
    Pick<
      CommonRedisOptions,
      'maxRetriesPerRequest' | 'commandTimeout' | 'enableOfflineQueue' | 'enableAutoPipelining'
    > {}

/** What holds for one loan and all its duplicates. */
export interface Terms {
  readonly owner: string;
  readonly purpose: string;
  readonly silentMs: number;
  readonly timeoutMs: number;
}

export const DEFAULT_LEND_OPTIONS = { silentMs: 30_000, timeoutMs: 10_000 } as const;

/** Options that are the manager's: where, as whom, under which name, and when to connect again. */
const MANAGED: Readonly<Record<LoanDriver, ReadonlySet<string>>> = {
  'node-redis': new Set([
    ...['url', 'socket', 'username', 'password', 'credentialsProvider', 'database', 'keyPrefix', 'RESP'],
    ...['readonly', 'pingInterval', 'maintNotifications', 'rootNodes', 'defaults', 'nodeAddressMap'],
  ]),
  ioredis: new Set([
    ...['host', 'port', 'path', 'family', 'tls', 'username', 'password', 'db', 'keyPrefix', 'readOnly'],
    ...['Connector', 'sentinels', 'role', 'natMap', 'retryStrategy', 'reconnectOnError', 'socketTimeout'],
    ...['autoResendUnfulfilledCommands', 'replyMapping'],
  ]),
};
const NAMES: Readonly<Record<LoanDriver, string>> = { 'node-redis': 'name', ioredis: 'connectionName' };

/** A day: timers take no more than 24 of them. */
const MAX_MS = 86_400_000;

/** Takes the terms out of the options of `lend()`; the rest is for the driver. Throws `invalid-options`. */
export function resolveTerms(
  driver: LoanDriver,
  options: LendOptions,
): { readonly terms: Terms; readonly rest: Record<string, unknown> } {
  const { owner, purpose, silentMs, timeoutMs, ...given } = options;
  if (typeof owner !== 'string' || !/^[\w.-]{1,64}$/.test(owner))
    throw invalid('owner', '1 to 64 letters, digits, dots, dashes or underscores', String(owner));
  if (typeof purpose !== 'string' || purpose.trim() === '' || purpose.length > 200)
    throw invalid('purpose', '1 to 200 characters', String(purpose).slice(0, 50));
  const terms = {
    owner,
    purpose,
    silentMs: silentMs === 0 ? 0 : atLeast('silentMs', silentMs ?? DEFAULT_LEND_OPTIONS.silentMs, 100),
    timeoutMs: atLeast('timeoutMs', timeoutMs ?? DEFAULT_LEND_OPTIONS.timeoutMs, 0),
  };
  if (NAMES[driver] in given)
    throw invalid(NAMES[driver], 'nothing: loans are named by the manager', 'a name');
  return { terms, rest: withoutManaged(driver, given as Record<string, unknown>, {}) };
}

/**
 * What a library may set, out of what it gave. Names are taken out: each connection keeps its own. A library that hands a
 * loan's own options back is taken at its word; one that wants to go elsewhere, or to prefix keys, gets `invalid-options`: it
 * would not do what it thinks.
 */
export function withoutManaged(
  driver: LoanDriver,
  given: Readonly<Record<string, unknown>>,
  present: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(given)) {
    if (option === NAMES[driver]) continue;
    if (!MANAGED[driver].has(option)) own[option] = value;
    else if (value !== undefined && !Object.is(value, present[option])) {
      const expected =
        option === 'keyPrefix'
          ? "nothing: use the library's own prefix option; BullMQ does not work with a prefixing client"
          : 'nothing: it is the manager that decides it';
      throw invalid(option, expected, 'a value');
    }
  }
  return own;
}

function atLeast(name: string, value: number, min: number): number {
  if (!Number.isFinite(value) || value < min || value > MAX_MS)
    throw invalid(name, `a number from ${min} to ${MAX_MS}`, String(value));
  return value;
}

function invalid(option: string, expected: string, got: string): RedisManagerError {
  return new RedisManagerError(`Option ${option} of a loan: expected ${expected}, got ${got}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
