/** What a connection is for (DESIGN words: role). */
export type RedisRole = 'command' | 'subscriber' | 'blocking';

/** Whether a failed call reached Redis and took effect there. */
export type Applied = 'yes' | 'no' | 'unknown';

/** Every reason for which a call can fail, one sentence each. */
export const REDIS_ERROR_CODES = {
  closed: 'The manager was closed.',
  'not-ready': 'Redis did not become ready in time.',
  timeout: 'The call passed its deadline.',
  'connection-lost': 'The connection ended before the reply.',
  aborted: 'The caller aborted the call.',
  'queue-full': 'Too many calls, or too many bytes, wait for a connection.',
  'circuit-open': 'Half of the last calls got no answer, so this one was not tried.',
  loading: 'Redis is loading its data, or busy with a script.',
  readonly: 'The node is a replica, or has too few replicas to accept writes.',
  oom: 'Redis has reached its memory limit.',
  misconf: 'Redis cannot write its data to disk.',
  credentials: 'The provider of the credentials failed.',
  noauth: 'The credentials were refused or are missing.',
  noperm: 'The ACL user may not do this.',
  wrongtype: 'The key holds another type.',
  noscript: 'The server does not know the script.',
  crossslot: 'The keys lie in different slots.',
  moved: 'The slot is at another node.',
  clusterdown: 'The cluster cannot serve the slot now.',
  maxclients: 'Redis has reached its maximum number of clients.',
  'version-unsupported': 'The server is older than what Taproot works with.',
  'embedded-failed': 'The embedded server could not be started.',
  'embedded-data-folder': 'The data folder of the embedded server cannot be used.',
  'loan-budget': 'All connections that may be lent are out.',
  'driver-missing': 'The package of the driver is not installed.',
  'double-manager': 'This process already has a manager for this deployment.',
  'invalid-options': 'An option has a value that it cannot have.',
  'reply-error': 'Redis answered with an error of another kind.',
  fence: 'The fence has grown: somebody else owns the run by now.',
  'id-reused': 'The id was used before with other content.',
  'log-missing': 'There is no such log.',
  protocol: 'The reply was not what the command gives.',
  'keyspace-taken': 'The prefix of the keys belongs to another owner.',
  codec: 'The stored value is not one that the codec of its keyspace reads.',
  'codec-newer': 'The stored value was written by a newer version of the codec.',
  'not-backfilled': 'Old keys may not be dropped before all were copied under their new names.',
  'lock-held': 'Somebody else holds the lock.',
  'lock-lost': 'The lease of the lock ended before the work did.',
  'version-conflict': 'Somebody else has changed it meanwhile.',
  'too-large': 'What was to be stored or sent is over its limit.',
} as const;

export type RedisErrorCode = keyof typeof REDIS_ERROR_CODES;

export interface RedisErrorDetails {
  readonly code: RedisErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly applied: Applied;
  /** Where it was sent, without credentials. */
  readonly node?: string | undefined;
  readonly role?: RedisRole | undefined;
  readonly cause?: unknown;
}

/** Every failure of this package. Carries no arguments of commands. */
export class RedisManagerError extends Error {
  readonly code: RedisErrorCode;
  readonly retryable: boolean;
  readonly applied: Applied;
  readonly node: string | undefined;
  readonly role: RedisRole | undefined;

  constructor(message: string, { code, retryable, applied, node, role, cause }: RedisErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RedisManagerError';
    this.code = code;
    this.retryable = retryable;
    this.applied = applied;
    this.node = node;
    this.role = role;
  }
}
