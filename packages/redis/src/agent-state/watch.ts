import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import type { RedisManager } from '../manager.ts';
import type { StateDocument } from './document.ts';

/** What is watched. */
export interface WatchSource<Value> {
  readonly channel: string;
  readonly read: () => Promise<StateDocument<Value> | undefined>;
  /** The version of the last write, of which a document that is there has the same; cheaper than the document. */
  readonly lastVersion: () => Promise<number>;
}

/** A message that Redis did not deliver, or a document that expired, is noticed after this. */
const LOOK_MS = 5000;
const RETRY_MS = 200;

/**
 * The present document and each that follows, but not every version between two readings. What is published while the
 * subscription is away is made up for by reading when it is back.
 */
export async function* watchDocument<Value>(
  manager: RedisManager,
  source: WatchSource<Value>,
  signal?: AbortSignal,
): AsyncGenerator<StateDocument<Value> | undefined> {
  let changed = new AbortController();
  const tell = (): void => changed.abort();
  signal?.addEventListener('abort', tell);
  const unsubscribe = manager.subscribe(source.channel, { message: tell, active: tell });
  let last: StateDocument<Value> | 'none' | undefined = 'none';
  try {
    while (!signal?.aborted) {
      // Before reading: what changes meanwhile is read in the next round.
      changed = new AbortController();
      try {
        const document = await source.read();
        if (last === 'none' || document?.version !== last?.version) {
          last = document;
          yield document;
        }
        await untilChanged(source, last, changed.signal);
      } catch (error) {
        if (signal?.aborted) return;
        if (!passes(error)) throw error;
        await pause(RETRY_MS, signal);
      }
    }
  } finally {
    signal?.removeEventListener('abort', tell);
    await unsubscribe();
  }
}

/** Resolves when something was told, or the last version is another. */
async function untilChanged<Value>(
  source: WatchSource<Value>,
  last: StateDocument<Value> | undefined,
  changed: AbortSignal,
): Promise<void> {
  do {
    await pause(LOOK_MS, changed);
    if (changed.aborted) return;
    // Where nothing is, reading is cheap.
  } while (last !== undefined && (await source.lastVersion()) === last.version);
}

/** Whether Redis is away for a while, so that whoever watches waits with it. */
function passes(error: unknown): boolean {
  return (
    error instanceof RedisManagerError &&
    (error.retryable || error.code === 'timeout' || error.code === 'connection-lost')
  );
}
