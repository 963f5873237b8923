import type { ConnectionOwner, ConnectionsReport } from '../../inspect/index.ts';
import { bytes, count, duration, plural } from '../../inspect/units.ts';
import { heading, type Layout, row } from './layout.ts';
import { type Cell, table } from './table.ts';

const MAX_ROWS = 15;

export function connectionsSection(connections: ConnectionsReport, layout: Layout): string[] {
  const { total, maxClients, memoryBytes, blocked, rejected, owners } = connections;
  const summary = row(
    `${count(total)} open${maxClients === undefined ? '' : ` of ${count(maxClients)}`}`,
    bytes(memoryBytes),
    blocked > 0 && `${count(blocked)} in a blocking command`,
    rejected > 0 && `${count(rejected)} refused so far`,
  );
  const more = owners.length - MAX_ROWS;
  return [
    heading(layout, 'Connections', summary),
    ...table(
      [
        { title: 'Owner', flexible: true },
        { title: 'Role' },
        { title: 'App' },
        { title: 'Library', expendable: true },
        { title: 'From', expendable: true },
        { title: 'Open', align: 'right' },
        { title: 'Memory', align: 'right' },
        { title: 'Oldest', align: 'right', expendable: true },
        { title: 'Idle', align: 'right' },
      ],
      owners.slice(0, MAX_ROWS).map(cells),
      layout,
    ),
    ...(more > 0 ? [layout.paint('faint', `  and ${plural(more, 'more owner')}`)] : []),
  ];
}

function cells(owner: ConnectionOwner): Cell[] {
  return [
    owner.owner ?? { text: owner.role === 'replication' ? '(a replica)' : '(no name)', tone: 'warning' },
    owner.role ?? '',
    owner.app ?? '',
    owner.library ?? '',
    owner.from ?? '',
    count(owner.connections),
    bytes(owner.memoryBytes),
    duration(owner.oldestSeconds * 1000),
    duration(owner.idleSeconds * 1000),
  ];
}
