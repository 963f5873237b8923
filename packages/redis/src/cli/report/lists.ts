import type { BigKey, InspectReport, KeysReport, SlowLogReport } from '../../inspect/index.ts';
import { bytes, count, duration, plural } from '../../inspect/units.ts';
import { heading, type Layout, row } from './layout.ts';
import { table } from './table.ts';

/** The biggest keys among those that were measured. */
export function biggestSection({ biggest, measured, total }: KeysReport, layout: Layout): string[] {
  if (biggest.length === 0) return [];
  const of = measured < total ? `of the ${count(measured)} measured; --samples all measures every key` : '';
  return [
    heading(layout, 'Biggest keys', of),
    ...table(
      [
        { title: 'Key', flexible: true },
        { title: 'Type', expendable: true },
        { title: 'Size', align: 'right' },
        { title: 'Expires in', align: 'right' },
      ],
      // Masked names are often alike: the biggest of them stands for all.
      [...Map.groupBy(biggest, ({ key }) => key).values()].map(([first, ...others]) => {
        const { key, type, bytes: size, ttlMs } = first as BigKey;
        return [
          (key === '' ? '(the empty name)' : key) +
            (others.length === 0 ? '' : `  and ${count(others.length)} more`),
          type ?? '',
          bytes(size),
          typeof ttlMs === 'number' ? duration(ttlMs) : (ttlMs ?? ''),
        ];
      }),
      layout,
    ),
  ];
}

/** Slow commands without their arguments. */
export function slowLogSection(
  slowLog: SlowLogReport,
  { at, servers }: InspectReport,
  layout: Layout,
): string[] {
  const { kept, thresholdMs, slowest } = slowLog;
  const off = thresholdMs !== undefined && thresholdMs < 0;
  const summary = off
    ? 'switched off (slowlog-log-slower-than is negative)'
    : row(
        kept === 0 ? 'empty' : plural(kept, 'command'),
        thresholdMs !== undefined && `slower than ${duration(thresholdMs)}`,
        slowest.length < kept && slowest.length > 0 && `the slowest ${count(slowest.length)}`,
      );
  if (slowest.length === 0) return [heading(layout, 'Slow log', summary)];
  const now = Date.parse(at);
  return [
    heading(layout, 'Slow log', summary),
    ...table(
      [
        { title: 'Command' },
        { title: 'Took', align: 'right' },
        { title: 'When', align: 'right', expendable: true },
        { title: 'Client', flexible: true },
        { title: 'Server', expendable: true },
      ],
      slowest.map(({ command, durationMs, at: when, client, node }) => [
        command,
        duration(durationMs),
        ago(now - Date.parse(when)),
        client ?? '(no name)',
        servers.length > 1 ? node : '',
      ]),
      layout,
    ),
  ];
}

/** The server's clock need not agree with ours. */
function ago(ms: number): string {
  return ms < 1000 ? 'just now' : `${duration(ms)} ago`;
}
