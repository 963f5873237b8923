import { performance } from 'node:perf_hooks';
import { connectionsReport } from './connections.ts';
import { findingsOf } from './findings.ts';
import { inspectKeys } from './keys.ts';
import { type InspectOptions, resolveLimits } from './limits.ts';
import { Reader } from './reader.ts';
import type { InspectReport } from './report.ts';
import { serverReport } from './server.ts';
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
  // Before the walk, so that its own commands do not show up among the slow ones.
  const [servers, connections, slowLog] = await Promise.all([
    Promise.all(readers.map(serverReport)),
    connectionsReport(readers),
    slowLogReport(readers, limits.top),
  ]);
  const keys = await inspectKeys(readers, limits, options);
  const found = {
    version: 1 as const,
    at,
    tookMs: Math.round(performance.now() - start),
    servers,
    connections,
    keys,
    slowLog,
    refused: [...new Set(readers.flatMap(({ refused }) => refused))].sort(),
  };
  return { ...found, findings: findingsOf(found) };
}
