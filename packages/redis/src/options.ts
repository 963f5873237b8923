import { resolve } from 'node:path';
import { RedisManagerError } from './errors.ts';
import { numberOption } from './number-option.ts';
import {
  type Credentials,
  type CredentialsProvider,
  parseTarget,
  type TlsOptions,
  type UrlTarget,
} from './topology/index.ts';

/** Options of {@link createRedisManager}. All optional. */
export interface RedisManagerOptions {
  /** First part of each connection's name, `app:role:owner` in CLIENT LIST. @default 'taproot' */
  readonly app?: string;
  /** `redis://`, `rediss://`, `unix://`, `redis+sentinel://` or `redis+cluster://` URL. Absent: the environment's `REDIS_URL`; both absent: an embedded server. */
  readonly url?: string;
  /** CA and client certificate for `rediss://`, `rediss+sentinel://` and `rediss+cluster://`. */
  readonly tls?: TlsOptions;
  /** Gives user and password before each connection is made, instead of those in the URL; see `rotateCredentials()`. */
  readonly credentials?: CredentialsProvider;
  /** User and password of the sentinels. @default none */
  readonly sentinelCredentials?: Credentials;
  /** Folder of the embedded server; an empty one counts as absent. @default '.taproot' */
  readonly dataDir?: string;
  /** Server program of the embedded server. @default `REDIS_SERVER_BIN`, else redis-server or valkey-server on PATH */
  readonly serverBin?: string;
  /** `maxmemory` of the embedded server, in bytes. @default a quarter of the RAM, at most 1 GiB */
  readonly maxMemoryBytes?: number;
  /** Leave the embedded server running when its last owner closes. @default false */
  readonly keepRunning?: boolean;
  /** How long a call may take in all, in ms, 1 to a day, unless its profile says otherwise. @default 2000 */
  readonly deadlineMs?: number;
  /** How long one attempt to connect may take, in ms, 10 to a day. @default 2000 */
  readonly connectTimeoutMs?: number;
  /** Time between two readiness probes, in ms, 50 to a day. A probe unanswered for 3 × this ends the connection. @default 1000 */
  readonly probeIntervalMs?: number;
  /** Calls that may wait for a connection, on a Cluster for each master; more are refused with `queue-full`. @default 1000 */
  readonly maxQueuedCalls?: number;
  /** Bytes of the calls that may wait for a connection, on a Cluster for each master. @default 16 MiB */
  readonly maxQueuedBytes?: number;
  /** Clients that may be lent to libraries at a time, their duplicates included, at least 0; see `lend()`. @default 16 */
  readonly maxLoans?: number;
  /** Read for `REDIS_URL`. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Allow a second manager for the same deployment in this process; for tests. @default false */
  readonly allowSecond?: boolean;
}

/** Options after defaults and validation. */
export interface ResolvedOptions {
  readonly app: string;
  readonly target:
    | { readonly kind: 'url'; readonly url: UrlTarget }
    | { readonly kind: 'embedded'; readonly dataDir: string };
  readonly tls: TlsOptions | undefined;
  readonly credentials: CredentialsProvider | undefined;
  readonly sentinelCredentials: Credentials | undefined;
  readonly serverBin: string | undefined;
  readonly maxMemoryBytes: number | undefined;
  readonly keepRunning: boolean;
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly maxQueuedCalls: number;
  readonly maxQueuedBytes: number;
  readonly maxLoans: number;
  readonly allowSecond: boolean;
}

export const DEFAULT_OPTIONS = {
  app: 'taproot',
  dataDir: '.taproot',
  keepRunning: false,
  deadlineMs: 2000,
  connectTimeoutMs: 2000,
  probeIntervalMs: 1000,
  maxQueuedCalls: 1000,
  maxQueuedBytes: 16_777_216,
  maxLoans: 16,
  allowSecond: false,
} as const;

/** A day: timers take no more than 24 of them, and some of ours are a multiple. */
const MAX_MS = 86_400_000;

/** Applies the defaults and checks every value once. Throws `invalid-options`. */
export function resolveOptions(options: RedisManagerOptions): ResolvedOptions {
  const env = options.env ?? process.env;
  // An empty variable counts as absent.
  const url = options.url || env.REDIS_URL || undefined;
  const app = options.app ?? DEFAULT_OPTIONS.app;
  if (typeof app !== 'string' || !/^[\w.-]{1,32}$/.test(app))
    throw invalid('app', '1 to 32 letters, digits, dots, dashes or underscores', app);
  return {
    app,
    target:
      url === undefined
        ? { kind: 'embedded', dataDir: resolve(options.dataDir || DEFAULT_OPTIONS.dataDir) }
        : { kind: 'url', url: parseTarget(url) },
    tls: options.tls,
    credentials: options.credentials,
    sentinelCredentials: options.sentinelCredentials,
    serverBin: options.serverBin,
    maxMemoryBytes: optionalNumber('maxMemoryBytes', options.maxMemoryBytes, 4 * 2 ** 20),
    keepRunning: options.keepRunning ?? DEFAULT_OPTIONS.keepRunning,
    deadlineMs: number('deadlineMs', options.deadlineMs, 1, MAX_MS),
    connectTimeoutMs: number('connectTimeoutMs', options.connectTimeoutMs, 10, MAX_MS),
    probeIntervalMs: number('probeIntervalMs', options.probeIntervalMs, 50, MAX_MS),
    maxQueuedCalls: number('maxQueuedCalls', options.maxQueuedCalls, 0),
    maxQueuedBytes: number('maxQueuedBytes', options.maxQueuedBytes, 0),
    maxLoans: number('maxLoans', options.maxLoans, 0),
    allowSecond: options.allowSecond ?? DEFAULT_OPTIONS.allowSecond,
  };
}

type NumberOption =
  | 'deadlineMs'
  | 'connectTimeoutMs'
  | 'probeIntervalMs'
  | 'maxQueuedCalls'
  | 'maxQueuedBytes'
  | 'maxLoans';

function number(name: NumberOption, value: number | undefined, min: number, max?: number): number {
  return numberOption(name, value ?? DEFAULT_OPTIONS[name], min, max);
}

function optionalNumber(name: string, value: number | undefined, min: number): number | undefined {
  return value === undefined ? undefined : numberOption(name, value, min);
}

function invalid(option: string, expected: string, got: string): RedisManagerError {
  return new RedisManagerError(`Option ${option}: expected ${expected}, got ${got}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
