import type { LogEntry, LogPosition } from '@taproot/redis';
import { parseBody } from '../runs/replay.ts';
import { asks } from './turns-back.ts';

/** The last position of a log at which no run was active (PROTOCOL.md §3.5), read backwards; undefined if nothing is in it. */
export async function attachPoint(newestFirst: AsyncIterable<LogEntry>): Promise<LogPosition | undefined> {
  const ended = new Set<string>();
  let active: string | undefined;
  let point: LogPosition | undefined;
  for await (const entry of newestFirst) {
    point ??= { seq: entry.seq, chain: entry.chain };
    const { run, data } = parseBody(entry);
    if (run === undefined) continue;
    if (asks(data)) {
      if (run === active) return point;
    } else if ('type' in data && data.type === 'run-ended') {
      // By itself no sign of rest: a run that still waited for its turn may have been stopped while another was active.
      ended.add(run);
    } else if (ended.has(run)) {
      return point;
    } else {
      active = run;
      point = { seq: entry.seq - 1, chain: entry.prev };
    }
  }
  return point;
}
