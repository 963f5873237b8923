import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';

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
const SOMETIMES_SHARED = new Set(['XREAD', 'XREADGROUP', 'CLIENT']);

/** Redis ends a connection over which a longer argument comes (`proto-max-bulk-len`). */
const MAX_ARGUMENT_BYTES = 2 ** 29;

/** Throws `invalid-options` for a command that would take the shared connection away from everybody else, `too-large` for one that would end it. */
export function requireShared(args: readonly RedisArgument[]): void {
  requireSmall(args);
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

/** Of strings the length is looked at first: counting their bytes costs. */
function requireSmall(args: readonly RedisArgument[]): void {
  for (const arg of args) {
    if (arg.length <= MAX_ARGUMENT_BYTES / 3 || Buffer.byteLength(arg) <= MAX_ARGUMENT_BYTES) continue;
    throw new RedisManagerError('An argument has more than 512 MB, which Redis does not take', {
      code: 'too-large',
      retryable: false,
      applied: 'no',
    });
  }
}

function otherUse(name: string, args: readonly RedisArgument[]): string | undefined {
  if (name === 'XREAD' || name === 'XREADGROUP') {
    return args.some((arg) => String(arg).toUpperCase() === 'BLOCK') ? 'a blocking consumer' : undefined;
  }
  return ['REPLY', 'TRACKING'].includes(String(args[1]).toUpperCase())
    ? 'nothing; the manager owns it'
    : undefined;
}
