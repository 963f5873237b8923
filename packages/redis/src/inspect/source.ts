import type { RedisArgument } from '../connection/call.ts';

/** What {@link inspect} reads from: the manager, or anything that sends commands the same way. Only reading commands are sent. */
export interface InspectSource {
  /** Names the server in the report, without credentials. */
  readonly node: string;
  call(
    args: readonly RedisArgument[],
    options?: {
      readonly deadlineMs?: number;
      readonly signal?: AbortSignal;
      /** Reply with Buffers instead of strings: names of keys need not be text. */
      readonly buffers?: boolean;
    },
  ): Promise<unknown>;
  /** The masters of a Cluster, each reached by itself. @default this source is the only one */
  masters?(): Promise<readonly InspectSource[]>;
}

/** Tells for a key which declared keyspace it belongs to. */
export interface KeyClassifier {
  /** Undefined: no declared keyspace owns this key. */
  classify(key: string): DeclaredKeyspace | undefined;
}

/** What is declared about a keyspace. */
export interface DeclaredKeyspace {
  readonly name: string;
  readonly owner: string;
  /** `none`: its keys stay until they are deleted. Otherwise each of its keys must expire. */
  readonly ttl: 'none' | number;
  /** What TYPE says of its keys. Undefined: anything. */
  readonly type?: string;
  /** Whether Redis may throw its keys away when its memory is short. Undefined: nobody said. */
  readonly evictable?: boolean;
}
