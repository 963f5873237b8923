import type { Estimate, KeyspaceReport, KeysReport } from '../../inspect/index.ts';
import { bytes, count, percent, plural } from '../../inspect/units.ts';
import { heading, type Layout, paragraph, row } from './layout.ts';
import { type Cell, table } from './table.ts';

const MAX_ROWS = 20;
const BAR_COLUMNS = 12;

/** Memory by keyspace, with how much of it is measured and how much estimated. */
export function keyspacesSection(keys: KeysReport, layout: Layout): string[] {
  const { keyspaces } = keys;
  const rest = keyspaces.slice(MAX_ROWS);
  return [
    heading(layout, 'Memory by keyspace', summary(keys)),
    ...(keyspaces.length === 0 ? [] : rows(keys, layout)),
    ...(rest.length === 0 ? [] : [layout.paint('faint', `  ${restOf(rest)}`)]),
    ...paragraph(basis(keys), layout, 'faint'),
  ];
}

function rows(keys: KeysReport, layout: Layout): string[] {
  const all = keys.memory?.bytes ?? 0;
  return table(
    [
      { title: 'Keyspace', flexible: true },
      { title: 'Owner' },
      { title: 'Keys', align: 'right' },
      { title: 'Memory', align: 'right' },
      { title: '±', align: 'right' },
      { title: 'Share', align: 'right', expendable: true },
      { title: '', expendable: true },
      { title: 'Types', expendable: true },
      { title: 'Expire', align: 'right' },
    ],
    keys.keyspaces.slice(0, MAX_ROWS).map((keyspace) => cells(keyspace, all, keys.complete)),
    layout,
  );
}

function cells(keyspace: KeyspaceReport, allBytes: number, counted: boolean): Cell[] {
  const { name, declared, owner, keys, memory, expiring, staying } = keyspace;
  const part = memory === undefined || allBytes === 0 ? 0 : memory.bytes / allBytes;
  const lacking = typeof keyspace.ttl === 'number' && staying > 0;
  return [
    name === '' ? '(the empty name)' : name,
    declared ? (owner ?? '') : { text: '—', tone: 'warning' },
    (counted ? '' : '≈ ') + count(keys),
    memory === undefined ? '' : amount(memory),
    memory === undefined || memory.marginBytes === 0
      ? ''
      : percent(memory.marginBytes / Math.max(1, memory.bytes)),
    memory === undefined ? '' : percent(part),
    { text: '█'.repeat(Math.round(part * BAR_COLUMNS)), tone: 'faint' },
    types(keyspace.types),
    { text: share(expiring, staying), tone: lacking ? 'warning' : 'plain' },
  ];
}

function share(expiring: number, staying: number): string {
  if (expiring + staying === 0) return '';
  if (staying === 0) return 'all';
  return expiring === 0 ? 'none' : percent(expiring / (expiring + staying));
}

function types(found: Readonly<Record<string, number>>): string {
  const [first, second] = Object.keys(found);
  if (first === undefined) return '';
  return second === undefined ? first : `${first}, ${Object.keys(found).length > 2 ? '…' : second}`;
}

function summary({ total, complete, memory }: KeysReport): string {
  return row(
    `${complete ? '' : 'about '}${plural(total, 'key')}`,
    memory !== undefined && total > 0 && amount(memory),
  );
}

function basis({ total, scanned, measured, complete, memory }: KeysReport): string {
  if (total === 0) return 'There are no keys.';
  const names = complete
    ? `All ${count(scanned)} names were looked at`
    : `Time ran out: ${count(scanned)} of about ${count(total)} names were looked at (${percent(scanned / total)})`;
  const sizes =
    measured === scanned && complete
      ? 'and every key was measured.'
      : `and ${count(measured)} keys measured (${percent(measured / total)}); the rest is extrapolated, ± for 95 %.`;
  return `${names}, ${memory === undefined ? 'but the server does not tell sizes.' : sizes}`;
}

function restOf(rest: readonly KeyspaceReport[]): string {
  const keys = rest.reduce((sum, keyspace) => sum + keyspace.keys, 0);
  const size = rest.reduce((sum, { memory }) => sum + (memory?.bytes ?? 0), 0);
  return `and ${plural(rest.length, 'more keyspace')} with ${plural(keys, 'key')}, ${bytes(size)}`;
}

function amount({ bytes: size, marginBytes }: Estimate): string {
  return (marginBytes === 0 ? '' : '≈ ') + bytes(size);
}
