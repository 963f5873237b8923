import type { User } from '@taproot/chat/server';
import type { DocsIndex } from './docs/index.ts';
import type { RedisReader } from './redis/reader.ts';

/** A thread as `GET /threads` lists it. */
export interface ThreadSummary {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  /** Milliseconds since 1970, or an ISO date. */
  readonly createdAt: number | string;
  readonly updatedAt: number | string;
}

/** Lists the threads of one user, newest first. */
export type ListThreads = (user: User, signal: AbortSignal) => Promise<readonly ThreadSummary[]>;

/** What a tool may draw on. */
export interface Sources {
  readonly redis: RedisReader;
  readonly docs: DocsIndex;
  readonly listThreads: ListThreads | undefined;
  readonly user: User;
  /** Aborted when the run is; every wait honours it. */
  readonly signal: AbortSignal;
}
