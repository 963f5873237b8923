import type { InspectReport } from '../../inspect/index.ts';
import { connectionsSection } from './connections.ts';
import { findingsSection } from './findings.ts';
import { keyspacesSection } from './keyspaces.ts';
import type { Layout } from './layout.ts';
import { biggestSection, slowLogSection } from './lists.ts';
import { serverSection } from './server.ts';

/** The report for people. */
export function textReport(report: InspectReport, layout: Layout): string {
  const { connections, keys, slowLog } = report;
  const sections = [
    serverSection(report, layout),
    connections === undefined ? [] : connectionsSection(connections, layout),
    keys === undefined ? [] : keyspacesSection(keys, layout),
    keys === undefined ? [] : biggestSection(keys, layout),
    slowLog === undefined ? [] : slowLogSection(slowLog, report, layout),
    findingsSection(report, layout),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}
