import type { Redis } from 'ioredis';
import type { LoanParts } from './context.ts';
import { LentRedis } from './ioredis-client.ts';
import { LentCluster } from './ioredis-cluster.ts';

/** Makes an ioredis client, which connects at once. On a Cluster it is a `Cluster`, which has the same commands. */
export function lendIORedis(parts: LoanParts): Redis {
  const { cluster } = parts.context;
  if (cluster === undefined) return new LentRedis(parts);
  return new LentCluster(parts, cluster) as unknown as Redis;
}
