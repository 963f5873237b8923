import { readConfig } from './info.ts';
import type { Reader } from './reader.ts';
import { list, number, text } from './replies.ts';

/** Slow commands, without their arguments: those hold data. */
export interface SlowLogReport {
  /** Entries that the servers keep. */
  readonly kept: number;
  /** Commands that take longer are logged; below 0 none is. Undefined where the server does not tell. */
  readonly thresholdMs: number | undefined;
  /** Slowest first, of the newest 128 of each server. */
  readonly slowest: readonly SlowCommand[];
}

export interface SlowCommand {
  readonly command: string;
  readonly durationMs: number;
  /** ISO 8601, by the server's clock. */
  readonly at: string;
  /** The connection's name; undefined without one. */
  readonly client: string | undefined;
  readonly node: string;
}

const READ_ENTRIES = '128';

/** Undefined where no server lets us read its slow log. */
export async function slowLogReport(
  readers: readonly Reader[],
  top: number,
): Promise<SlowLogReport | undefined> {
  const servers = (await Promise.all(readers.map(readServer))).filter((server) => server !== undefined);
  if (servers.length === 0) return undefined;
  return {
    kept: servers.reduce((sum, { kept }) => sum + kept, 0),
    thresholdMs: servers.find(({ thresholdMs }) => thresholdMs !== undefined)?.thresholdMs,
    slowest: servers
      .flatMap(({ entries }) => entries)
      .sort((a, b) => b.durationMs - a.durationMs)
      .slice(0, top),
  };
}

async function readServer(reader: Reader) {
  const [length, entries, config] = await Promise.all([
    reader.optional('SLOWLOG', ['SLOWLOG', 'LEN']),
    reader.optional('SLOWLOG', ['SLOWLOG', 'GET', READ_ENTRIES]),
    readConfig(reader, 'slowlog-log-slower-than'),
  ]);
  if (length === undefined || entries === undefined) return undefined;
  const threshold = config['slowlog-log-slower-than'];
  return {
    kept: number(length),
    thresholdMs: threshold === undefined ? undefined : Number(threshold) / 1000,
    entries: list(entries).map((entry) => withoutArguments(list(entry), reader.node)),
  };
}

/** `[id, seconds, microseconds, [command, ...arguments], address, name]`: only what tells no data is taken over. */
function withoutArguments(entry: readonly unknown[], node: string): SlowCommand {
  const client = entry[5] === undefined ? '' : text(entry[5]);
  return {
    command: text(list(entry[3])[0] ?? '').toUpperCase(),
    durationMs: number(entry[2]) / 1000,
    at: new Date(number(entry[1]) * 1000).toISOString(),
    client: client === '' ? undefined : client.slice(0, 80),
    node,
  };
}
