import type { Paint } from './paint.ts';

/** What a section needs to write itself. */
export interface Layout {
  readonly paint: Paint;
  /** Columns of a line. */
  readonly width: number;
}

/** A section's title with its figures in one line. */
export function heading({ paint }: Layout, title: string, summary: string = ''): string {
  return paint('heading', title) + (summary === '' ? '' : `  ${summary}`);
}

/** Figures in a row: `a · b · c`, without those that are not known. */
export function row(...parts: (string | false | undefined)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' · ');
}
