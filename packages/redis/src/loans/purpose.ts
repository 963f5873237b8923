import { RedisManagerError } from '../errors.ts';
import type { LoanDriver, Terms } from './options.ts';

interface Fit {
  readonly library: string;
  readonly names: RegExp;
  readonly driver: LoanDriver;
  /** What would happen with the other driver. */
  readonly because: string;
}

const FITS: readonly Fit[] = [
  {
    library: 'BullMQ',
    names: /\bbull-?mq\b/i,
    driver: 'ioredis',
    because:
      'with node-redis it connects to 127.0.0.1:6379 instead of through Sentinel, and on a Cluster its worker never completes a job',
  },
  {
    library: 'connect-redis',
    names: /\bconnect-redis\b/i,
    driver: 'node-redis',
    because: 'it calls node-redis’ commands, so with ioredis no session is stored',
  },
];

/** Throws `invalid-options` if owner or purpose name a library that does not work with the driver. */
export function requireFit(driver: LoanDriver, { owner, purpose }: Terms): void {
  for (const fit of FITS) {
    if (fit.driver === driver || !fit.names.test(`${owner} ${purpose}`)) continue;
    throw new RedisManagerError(
      `${fit.library} needs lend('${fit.driver}', …), not lend('${driver}', …): ${fit.because}`,
      { code: 'invalid-options', retryable: false, applied: 'no' },
    );
  }
}
