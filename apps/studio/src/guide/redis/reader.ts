/** One part of the manager's readiness probe. */
export interface ReaderCheck {
  readonly ok: boolean;
  readonly ms?: number;
  readonly error?: string;
}

/** The manager's own view of its state. */
export interface ReaderHealth {
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly reason?: string;
  readonly checks: {
    readonly connect: ReaderCheck;
    readonly write: ReaderCheck;
    readonly read: ReaderCheck;
    readonly pubsub: ReaderCheck;
  };
}

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Strings of the reply as buffers: keys need not be text. */
  readonly buffers?: boolean;
}

/** The part of the Redis manager that the guide uses. It only ever reads. */
export interface RedisReader {
  call(args: (string | Buffer)[], options?: CallOptions): Promise<unknown>;
  health(): ReaderHealth;
}
