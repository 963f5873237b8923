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
  const used = columns.map((_, index) => rows.some((row) => textOf(row[index]) !== ''));
  const kept = columns.filter((_, index) => used[index]);
  const cells = rows.map((row) => row.filter((_, index) => used[index]));
  const widths = kept.map(({ title }, index) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(textOf(row[index])))),
  );
  const taken = widths.reduce((sum, each) => sum + each, INDENT.length + GAP.length * (kept.length - 1));
  const flexible = kept.findIndex((column) => column.flexible);
  if (flexible >= 0 && taken > width) {
    widths[flexible] = Math.max(MIN_FLEXIBLE, (widths[flexible] ?? 0) - (taken - width));
  }
  const line = (row: readonly Cell[]): string =>
    INDENT +
    kept
      .map((column, index) => place(row[index] ?? '', column, widths[index] ?? 0, paint))
      .join(GAP)
      .trimEnd();
  return [line(kept.map(({ title }) => ({ text: title, tone: 'faint' }))), ...cells.map(line)];
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
