/** What a backend asks of its managers: sessions, cache, agent state, counters. */
export interface Backend {
  readonly session: (n: number) => Promise<unknown>;
  readonly cached: (n: number) => Promise<unknown>;
  readonly state: (n: number) => Promise<unknown>;
  readonly count: (n: number) => Promise<unknown>;
}

export const VALUE = 'x'.repeat(512);
const CALLS = 40_000;
const CONCURRENCY = 100;

/** Serves the calls, lets the garbage go, tells the parent its memory, and stays until it is ended. */
export async function serve(backend: Backend): Promise<void> {
  const kinds = [backend.session, backend.cached, backend.state, backend.count];
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < CALLS) {
      const n = next++;
      await kinds[n % kinds.length]?.(n);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, caller));
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  process.send?.({ rss: process.memoryUsage().rss });
  process.on('disconnect', () => process.exit());
}
