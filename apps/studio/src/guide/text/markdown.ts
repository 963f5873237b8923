const MAX_CODE_CHARS = 72;
/** Control characters, and those that reorder or hide text. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]+/gu;

/** Foreign text as inline code, the one place of markdown in which nothing is interpreted. Cut if it is long. */
export function code(foreign: string, maxChars: number = MAX_CODE_CHARS): string {
  const clean = foreign
    .slice(0, 4 * maxChars)
    .replace(INVISIBLE, ' ')
    .replaceAll('`', "'")
    .replace(/\s+/g, ' ')
    .trim();
  if (clean === '') return '—';
  const letters = [...clean];
  return `\`${letters.length > maxChars ? `${letters.slice(0, maxChars).join('')}…` : clean}\``;
}

/** A column: its title, and whether figures stand in it. */
export type Column = string | { readonly title: string; readonly align: 'right' };

/** Right-aligned column for figures. */
export function figures(title: string): Column {
  return { title, align: 'right' };
}

/** A GFM table. Cells may hold inline markdown; a bar or a line break in one does not break the table. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [
    line(columns.map((column) => (typeof column === 'string' ? column : column.title))),
    `|${columns.map((column) => (typeof column === 'string' ? ' --- ' : ' ---: ')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}

function cell(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replaceAll('|', '\\|');
}

/** Paragraphs with a blank line between them; empty ones are left out. */
export function paragraphs(...blocks: readonly (string | undefined | false)[]): string {
  return blocks.filter((block) => block !== undefined && block !== false && block !== '').join('\n\n');
}

/** Facts as a list, each with its name. */
export function facts(entries: readonly (readonly [string, string | undefined])[]): string {
  return entries.flatMap(([name, value]) => (value === undefined ? [] : [`- ${name}: ${value}`])).join('\n');
}
