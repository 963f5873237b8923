import type { Paint, Tone } from './paint.ts';
import { cutTo, printable, widthOf } from './printable.ts';

/** A cell's text, with how it is meant unless it is plain. */
export type Cell = string | { readonly text: string; readonly tone: Tone };

export interface Column {
  readonly title: string;
  /** @default 'left' */
  readonly align?: 'left' | 'right';
  /** Is cut to what the others leave of the line. At most one. */
  readonly flexible?: boolean;
  /** Is left out where the line is too short, the last such column first. */
  readonly expendable?: boolean;
}

const INDENT = '  ';
const GAP = '  ';
/** A flexible column never gets narrower. */
const MIN_FLEXIBLE = 16;

/** Lines of a table with aligned columns. A column without a single text is left out. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { paint, width }: { readonly paint: Paint; readonly width: number },
): string[] {
  const filled = columns
    .map((column, index) => ({ ...column, index, width: widest(column, rows, index) }))
    .filter(({ index }) => rows.some((row) => textOf(row[index]) !== ''));
  const kept = fit(filled, width);
  const line = (row: readonly Cell[]): string =>
    INDENT +
    kept
      .map((column) => place(row[column.index] ?? '', column, column.width, paint))
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => ({ text: title, tone: 'faint' }))), ...rows.map(line)];
}

interface Placed extends Column {
  readonly index: number;
  readonly width: number;
}

function widest({ title }: Column, rows: readonly (readonly Cell[])[], index: number): number {
  return rows.reduce((most, row) => Math.max(most, widthOf(textOf(row[index]))), widthOf(title));
}

function fit(columns: readonly Placed[], width: number): readonly Placed[] {
  const over =
    columns.reduce((sum, each) => sum + each.width, INDENT.length + GAP.length * (columns.length - 1)) -
    width;
  const flexible = columns.find((column) => column.flexible);
  const give = flexible === undefined ? 0 : Math.max(0, flexible.width - MIN_FLEXIBLE);
  const last = columns.findLastIndex((column) => column.expendable);
  if (over > give && last >= 0) return fit(columns.toSpliced(last, 1), width);
  if (over <= 0 || flexible === undefined) return columns;
  const narrowed = { ...flexible, width: flexible.width - Math.min(over, give) };
  return columns.map((column) => (column === flexible ? narrowed : column));
}

function textOf(cell: Cell | undefined): string {
  return printable(typeof cell === 'string' ? cell : (cell?.text ?? ''));
}

/** Painted after it was padded, because colours have no width. */
function place(cell: Cell, { align }: Column, width: number, paint: Paint): string {
  const text = cutTo(textOf(cell), width);
  const padding = ' '.repeat(Math.max(0, width - widthOf(text)));
  const painted = paint(typeof cell === 'string' ? 'plain' : cell.tone, text);
  return align === 'right' ? padding + painted : painted + padding;
}
