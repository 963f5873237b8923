import type { InspectReport, PersistenceReport, ServerReport } from '../../inspect/index.ts';
import { bytes, count, duration, percent, plural } from '../../inspect/units.ts';
import { heading, type Layout, paragraph, row } from './layout.ts';
import { printable } from './printable.ts';

/** Who answers: version, mode, role, memory, persistence, databases. */
export function serverSection(report: InspectReport, layout: Layout): string[] {
  return report.servers.flatMap((server) => oneServer(server, report, layout));
}

function oneServer(server: ServerReport, { at, keys }: InspectReport, layout: Layout): string[] {
  const { product, version, mode, role, replicas, uptimeSeconds, node } = server;
  const title = `${product} ${printable(version)} at ${printable(node)}`;
  const summary = row(
    printable(mode),
    role !== 'unknown' && role,
    replicas > 0 && plural(replicas, 'replica'),
    uptimeSeconds !== undefined && `up ${duration(uptimeSeconds * 1000)}`,
  );
  const facts: [string, string][] = [
    ['Memory', memory(server)],
    ['Persistence', persistence(server.persistence, Date.parse(at))],
    ['Keys', databases(server, keys?.database)],
  ];
  return [
    heading(layout, title, summary),
    ...facts
      .filter(([, text]) => text !== '')
      .flatMap(([name, text]) =>
        paragraph(text, layout, 'plain', { mark: name.padEnd(12), markTone: 'faint' }),
      ),
  ];
}

function memory({ memory: { usedBytes, peakBytes, maxBytes, policy, fragmentation } }: ServerReport): string {
  if (usedBytes === undefined) return '';
  const limit =
    maxBytes === undefined
      ? ''
      : maxBytes === 0
        ? ', no limit'
        : ` of ${bytes(maxBytes)} (${percent(usedBytes / maxBytes)})`;
  return row(
    bytes(usedBytes) + limit,
    policy && printable(policy),
    peakBytes !== undefined && `peak ${bytes(peakBytes)}`,
    fragmentation !== undefined && `fragmentation ${fragmentation}`,
  );
}

const FSYNC: Readonly<Record<string, string>> = {
  always: 'on disk at every write',
  everysec: 'on disk every second',
  no: 'on disk when the system likes',
};

function persistence(
  { aof, fsync, save, lastSaveAt, changesSinceSave }: PersistenceReport,
  now: number,
): string {
  if (aof === undefined) return '';
  const snapshots = save === undefined ? lastSaveAt !== undefined && !aof : save !== '';
  const last = lastSaveAt === undefined ? undefined : `${duration(now - Date.parse(lastSaveAt))} ago`;
  return (
    row(
      aof && `append-only file${fsync === undefined ? '' : `, ${FSYNC[fsync] ?? printable(fsync)}`}`,
      snapshots &&
        `snapshots${last === undefined ? '' : `, last ${last}`}${
          changesSinceSave === undefined ? '' : `, ${plural(changesSinceSave, 'change')} since`
        }`,
    ) || 'none'
  );
}

function databases({ databases: all }: ServerReport, inspected: number | undefined): string {
  return row(
    ...all.map(({ index, keys, expires }) => {
      const elsewhere = inspected !== undefined && index !== inspected ? ', not looked into' : '';
      return `db${index}: ${count(keys)}, ${count(expires)} with a TTL${elsewhere}`;
    }),
  );
}
