import { performance } from 'node:perf_hooks';
import { connectionsReport } from './connections.ts';
import { findingsOf } from './findings.ts';
import { inspectKeys } from './keys.ts';
import { type InspectOptions, resolveLimits } from './limits.ts';
import { Reader } from './reader.ts';
import type { InspectReport } from './report.ts';
import { type ServerReport, serverReport } from './server.ts';
import { slowLogReport } from './slow-log.ts';
import type { InspectSource } from './source.ts';

/**
 * Looks into a Redis deployment: its servers, who is connected, what is stored, what was slow. It only reads, and only
 * what tells no data: no values, no arguments. The walk over the keys is bounded in time and in keys.
 *
 * Rejects `invalid-options`, `aborted`, and what {@link InspectSource.call} rejects with.
 */
export async function inspect(source: InspectSource, options: InspectOptions = {}): Promise<InspectReport> {
  const limits = resolveLimits(options);
  const start = performance.now();
  const at = new Date().toISOString();
  const sources = (await source.masters?.()) ?? [source];
  const readers = sources.map(
    (each) => new Reader(each, { deadlineMs: limits.deadlineMs, signal: options.signal }),
  );
  const { reached, servers, unreachable } = await reach(readers);
  // Before the walk, so that its own commands do not show up among the slow ones.
  const [connections, slowLog] = await Promise.all([
    connectionsReport(reached),
    slowLogReport(reached, limits.top),
  ]);
  const keys = await inspectKeys(reached, limits, options);
  const found = {
    version: 1 as const,
    at,
    tookMs: Math.round(performance.now() - start),
    servers,
    unreachable,
    connections,
    keys,
    slowLog,
    refused: [...new Set(readers.flatMap(({ refused }) => refused))].sort(),
  };
  return { ...found, findings: findingsOf(found) };
}

/** Of several masters some may be away, and then the others are of more interest than ever. Rejects if none answers. */
async function reach(readers: readonly Reader[]): Promise<{
  readonly reached: readonly Reader[];
  readonly servers: readonly ServerReport[];
  readonly unreachable: readonly string[];
}> {
  const answers = await Promise.allSettled(readers.map(serverReport));
  const [lost] = answers.filter((answer) => answer.status === 'rejected');
  const servers = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (lost !== undefined && servers.length === 0) throw lost.reason;
  const answered = (index: number): boolean => answers[index]?.status === 'fulfilled';
  return {
    reached: readers.filter((_, index) => answered(index)),
    servers,
    unreachable: readers.filter((_, index) => !answered(index)).map(({ node }) => node),
  };
}
