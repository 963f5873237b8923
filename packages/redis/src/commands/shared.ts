import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';
import { requireSendable } from './sendable.ts';

/** Commands that change or hold the connection itself, which all of the process shares; and what to use instead. */
const NOT_SHARED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    SUBSCRIBE: 'manager.subscribe()',
    PSUBSCRIBE: 'manager.subscribe()',
    SSUBSCRIBE: 'manager.subscribe()',
    UNSUBSCRIBE: 'manager.subscribe()',
    PUNSUBSCRIBE: 'manager.subscribe()',
    SUNSUBSCRIBE: 'manager.subscribe()',
    MULTI: 'manager.multi()',
    EXEC: 'manager.multi()',
    DISCARD: 'manager.multi()',
    WATCH: 'a script',
    UNWATCH: 'a script',
    SELECT: 'a URL with the database',
    AUTH: 'a URL with the credentials',
    HELLO: 'nothing; the manager speaks RESP3',
    QUIT: 'manager.close()',
    RESET: 'nothing',
    MONITOR: 'redis-cli',
    SYNC: 'redis-cli --rdb',
    PSYNC: 'redis-cli --rdb',
    REPLCONF: 'nothing',
    READONLY: 'nothing; the manager talks to masters',
    READWRITE: 'nothing; the manager talks to masters',
    ASKING: 'nothing; the manager follows redirections',
    BLPOP: 'a blocking consumer',
    BRPOP: 'a blocking consumer',
    BLMOVE: 'a blocking consumer',
    BLMPOP: 'a blocking consumer',
    BRPOPLPUSH: 'a blocking consumer',
    BZPOPMIN: 'a blocking consumer',
    BZPOPMAX: 'a blocking consumer',
    BZMPOP: 'a blocking consumer',
  }),
);
/** Depends on their arguments. */
const SOMETIMES_SHARED = new Set(['XREAD', 'XREADGROUP', 'CLIENT', 'WAIT', 'WAITAOF']);

/** Change the connection, or what is answered on it. */
const OWN_CLIENT_COMMANDS = new Set(['REPLY', 'TRACKING', 'CACHING', 'SETNAME', 'NO-TOUCH']);

/**
 * Throws `invalid-options` for a command that would take the shared connection away from everybody else, and as
 * {@link requireSendable} does.
 */
export function requireShared(args: readonly RedisArgument[]): void {
  requireSendable(args);
  const name = String(args[0]).toUpperCase();
  const instead = NOT_SHARED.get(name) ?? (SOMETIMES_SHARED.has(name) ? otherUse(name, args) : undefined);
  if (instead === undefined) return;
  throw new RedisManagerError(
    `${name} would hold the connection that the whole process shares; use ${instead}`,
    {
      code: 'invalid-options',
      retryable: false,
      applied: 'no',
    },
  );
}

function otherUse(name: string, args: readonly RedisArgument[]): string | undefined {
  if (name === 'XREAD' || name === 'XREADGROUP') {
    return args.some((arg) => String(arg).toUpperCase() === 'BLOCK') ? 'a blocking consumer' : undefined;
  }
  // Their last argument is how long they hold it.
  if (name !== 'CLIENT')
    return String(args.at(-1)) === '0' ? 'a limit in ms, which holds everybody' : undefined;
  return OWN_CLIENT_COMMANDS.has(String(args[1]).toUpperCase()) ? 'nothing; the manager owns it' : undefined;
}
