import type { Paint, Tone } from './paint.ts';
import { cutTo, widthOf } from './printable.ts';

/** What a section needs to write itself. */
export interface Layout {
  readonly paint: Paint;
  /** Columns of a line. */
  readonly width: number;
}

/** A section's title with its figures, in one line if that fits. */
export function heading(
  { paint, width }: Layout,
  title: string,
  summary: string = '',
  tone: Tone = 'plain',
): string {
  if (summary === '') return paint('heading', title);
  const gap = widthOf(title) + 2 + widthOf(summary) > width ? '\n  ' : '  ';
  return paint('heading', title) + gap + paint(tone, summary);
}

/** Figures in a row: `a · b · c`, without those that are not known. */
export function row(...parts: (string | false | undefined)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' · ');
}

/** Text in lines that fit, indented below a section's title. The mark stands before the first line. */
export function paragraph(
  text: string,
  { paint, width }: Layout,
  tone: Tone = 'plain',
  { indent = 2, mark = '', markTone = tone }: ParagraphOptions = {},
): string[] {
  const start = indent + widthOf(mark);
  const lines = wrap(text, width - start).map((line) => paint(tone, line));
  return lines.map((line, index) =>
    index === 0 ? ' '.repeat(indent) + paint(markTone, mark) + line : ' '.repeat(start) + line,
  );
}

export interface ParagraphOptions {
  /** @default 2 */
  readonly indent?: number;
  readonly mark?: string;
  /** @default that of the text */
  readonly markTone?: Tone;
}

/** Breaks at spaces. A word that is longer than a line is cut. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(cutTo(word, width));
  }
  return lines;
}
