import { type ChatClient, ChatClientError, type ThreadView } from '../client/index.ts';
import type { RunFeed } from './run-feed.ts';

/** Resolves when the view knows where it is in the log. */
export function anchored(view: ThreadView, signal: AbortSignal | undefined): Promise<void> {
  return until(view, signal, () => view.position !== undefined);
}

/** Resolves when the feed has all that the log had at the call, and its runs from their first events. */
export async function caughtUp(
  client: ChatClient,
  feed: RunFeed,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { view } = feed;
  const wait = signal === undefined ? {} : { signal };
  if (!feed.whole) feed.openAt(await client.getMessages(view.thread, { ...wait, limit: 1 }));
  const head = await client.getThread(view.thread, wait);
  await until(view, signal, () => (view.position?.seq ?? -1) >= head.seq);
}

/** Rejects when the wait is aborted, the thread is gone, or its history changes meanwhile. */
function until(view: ThreadView, signal: AbortSignal | undefined, condition: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const check = (): void => {
    if (condition()) resolve();
  };
  const gone = (): void =>
    reject(new ChatClientError('not-found', 'The thread was deleted', { applied: 'no' }));
  const changed = (): void => reject(new TypeError('network error: the history of the thread changed'));
  const aborted = (): void => reject(signal?.reason);
  const off = [
    view.on('event', check),
    view.on('attached', check),
    view.on('deleted', gone),
    view.on('reset', changed),
    view.on('error', (error) => {
      if (error.code === 'not-found') reject(error);
    }),
  ];
  signal?.addEventListener('abort', aborted);
  if (signal?.aborted) aborted();
  check();
  return promise.finally(() => {
    for (const one of off) one();
    signal?.removeEventListener('abort', aborted);
  });
}
