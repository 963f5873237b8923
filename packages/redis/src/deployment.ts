import { randomUUID } from 'node:crypto';
import { RedisManagerError } from './errors.ts';

/** What all processes on one deployment agree on. */
export interface Deployment {
  /** Random at first use; another value than before means that the data was wiped or replaced. */
  readonly epoch: string;
  /** How log entries are published: PUBLISH, or SPUBLISH on a Cluster of version 7 or later. */
  readonly publish: 'publish' | 'spublish';
}

/** The one key of a deployment's agreement. */
export const DEPLOYMENT_KEY = 'taproot:deployment';

type Send = (...args: string[]) => Promise<unknown>;

/** Reads the agreement, making it on first use. Rejects if another process chose another way to publish. */
export async function agree(send: Send, publish: Deployment['publish']): Promise<Deployment> {
  await Promise.all([
    send('HSETNX', DEPLOYMENT_KEY, 'epoch', randomUUID()),
    send('HSETNX', DEPLOYMENT_KEY, 'publish', publish),
  ]);
  const reply = (await send('HMGET', DEPLOYMENT_KEY, 'epoch', 'publish')) as [string, Deployment['publish']];
  if (reply[1] !== publish) {
    throw new RedisManagerError(
      `This deployment publishes by ${reply[1].toUpperCase()} and this process would by ${publish.toUpperCase()}`,
      { code: 'invalid-options', retryable: false, applied: 'no' },
    );
  }
  return { epoch: reply[0], publish };
}
