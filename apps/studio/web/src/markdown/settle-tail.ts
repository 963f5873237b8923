import { fenceAfter } from './fence.ts';

/**
 * Makes the end of a half-arrived Markdown text look like what it is about to become, so that marks do not flash up as
 * characters and paragraphs do not turn into headings and back. Used only while the text streams.
 */
export function settleTail(text: string): string {
  const lastLine = text.lastIndexOf('\n') + 1;
  if (insideFence(text.slice(0, lastLine))) return dropHalfFence(text, lastLine);
  // The language of a new code block is still arriving.
  if (insideFence(text)) return text.slice(0, lastLine);
  const cut = text.lastIndexOf('\n\n') + 1;
  return text.slice(0, cut) + closeMarks(dropUndecided(text.slice(cut)));
}

/** In code, a last line of one or two fence marks is the block's end arriving. */
function dropHalfFence(text: string, lastLine: number): string {
  return /^ {0,3}(`{1,2}|~{1,2})$/.test(text.slice(lastLine)) ? text.slice(0, lastLine) : text;
}

/** Whether the text ends inside a fenced code block, which Markdown closes by itself. */
function insideFence(text: string): boolean {
  let fence: string | undefined;
  for (const line of text.split('\n')) fence = fenceAfter(line, fence);
  return fence !== undefined;
}

/** Leaves out a last line whose meaning is not decided yet: `-` (list or heading), `##`, `1.`, a table without its ruler. */
function dropUndecided(tail: string): string {
  const lines = tail.split('\n');
  const last = lines.at(-1) ?? '';
  if (/^\s*([-*+=_#>`~]+|\d+[.)])\s*$/.test(last)) lines.pop();
  const table = lines.findIndex((line) => line.trimStart().startsWith('|'));
  if (
    table >= 0 &&
    lines.length - table <= 2 &&
    !/^\s*\|(\s*:?-+:?\s*\|)+\s*$/.test(lines[table + 1] ?? '')
  ) {
    lines.length = table;
  }
  return lines.join('\n');
}

/** Closes code, bold and strike-through marks, and hides a link whose address is still arriving. */
function closeMarks(tail: string): string {
  let text = tail.replace(/!?\[[^\]\n]*\]\([^)\n]*$/, '').replace(/!?\[[^\]\n]{0,200}$/, '');
  if (count(text, '`') % 2 === 1) return text.endsWith('`') ? text.slice(0, -1) : `${text}\``;
  const outside = text.replace(/`[^`]*`/g, '');
  for (const mark of ['**', '~~']) {
    if (count(outside, mark) % 2 === 0) continue;
    text = text.endsWith(mark)
      ? text.slice(0, -mark.length)
      : `${text.trimEnd().replace(/[*~]$/, '')}${mark}`;
  }
  return text;
}

function count(text: string, mark: string): number {
  return text.split(mark).length - 1;
}
