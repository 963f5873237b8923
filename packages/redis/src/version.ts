import { RedisManagerError } from './errors.ts';

/** The oldest server that Taproot works with: Redis 6.2, and any Valkey. */
export const OLDEST_REDIS = [6, 2] as const;

/** Checks `INFO server` and returns the version, e.g. `redis 7.0.15`. Rejects `version-unsupported`. */
export function checkVersion(info: string, node: string): string {
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1];
  if (valkey !== undefined) return `valkey ${valkey}`;
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1])) {
    throw new RedisManagerError(
      `Redis at ${node} is version ${version}; Taproot needs ${OLDEST_REDIS.join('.')} or later`,
      { code: 'version-unsupported', retryable: false, applied: 'no', node },
    );
  }
  return `redis ${version}`;
}

/** A plain URL reaches one node; the keys of the others would fail. Throws `invalid-options` for a node of a Cluster, by its `INFO server`. */
export function requireNoCluster(info: string, node: string): void {
  // Valkey calls it server_mode.
  if (!/^(redis|server)_mode:cluster\b/m.test(info)) return;
  throw new RedisManagerError(
    `Redis at ${node} is a node of a Cluster; its URL is redis+cluster://${node} (with TLS rediss+cluster://)`,
    { code: 'invalid-options', retryable: false, applied: 'no', node },
  );
}
