import { terms } from './terms.ts';

/** Markdown that can be quoted anywhere: no HTML, no images, no links that only work in the repository. */
export function quotable(markdown: string): string {
  return splitCode(markdown)
    .map(({ text, isCode }) => (isCode ? text : clean(text)))
    .join('')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function clean(text: string): string {
  return text
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<\/?[a-z][^>]*>/gi, '')
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replace(/\[([^\]]+)\]\((?!https?:)[^)]*\)/g, '$1');
}

function splitCode(markdown: string): { text: string; isCode: boolean }[] {
  return markdown
    .split(/(^```[\s\S]*?^```[^\n]*$|`[^`\n]+`)/m)
    .map((text, index) => ({ text, isCode: index % 2 === 1 }));
}

/**
 * Whole paragraphs, lists, tables and code blocks, up to about `maxChars`. What is too long begins where most of the
 * `wanted` terms are, and keeps of a table the rows that have one.
 */
export function excerpt(markdown: string, maxChars: number, wanted: readonly string[] = []): string {
  const all = blocks(quotable(markdown));
  const length = all.reduce((sum, block) => sum + block.length, 0);
  const first = length > maxChars ? mostTelling(all, wanted) : 0;
  const taken: string[] = first > 0 ? ['…'] : [];
  let left = maxChars;
  for (const [index, block] of all.slice(first).entries()) {
    if (index > 0 && block.length > left) return [...taken, '…'].join('\n\n');
    taken.push(block.length > 1.5 * maxChars ? cut(block, maxChars, wanted) : block);
    left -= block.length;
  }
  return taken.join('\n\n');
}

function mostTelling(all: readonly string[], wanted: readonly string[]): number {
  const found = all.map((block) => tells(block, wanted));
  return found.indexOf(Math.max(...found));
}

/** How many of the wanted terms a text has. */
function tells(text: string, wanted: readonly string[]): number {
  const has = new Set(terms(text));
  return wanted.filter((term) => has.has(term)).length;
}

function blocks(markdown: string): string[] {
  const found: string[] = [];
  let open = false;
  for (const block of markdown.split(/\n\n/)) {
    if (open) found[found.length - 1] += `\n\n${block}`;
    else found.push(block);
    // A blank line inside a code block does not end it.
    if ((block.match(/^```/gm)?.length ?? 0) % 2 === 1) open = !open;
  }
  return found;
}

/** A single block that is far too long: of a table the rows that tell something, else the beginning. */
function cut(block: string, maxChars: number, wanted: readonly string[]): string {
  const lines = block.split('\n');
  if (/^\|[\s:|-]+\|$/.test(lines[1] ?? '')) {
    const rows = lines.slice(2).filter((row) => tells(row, wanted) > 0);
    const some = rows.length > 0 ? rows : lines.slice(2);
    return [...lines.slice(0, 2), ...within(some, maxChars)].join('\n');
  }
  const head = block.slice(0, maxChars);
  const whole = head.slice(0, Math.max(head.lastIndexOf('\n'), head.lastIndexOf(' ')));
  const openCode = (whole.match(/^```/gm)?.length ?? 0) % 2 === 1;
  return openCode ? `${whole}\n\`\`\`\n…` : `${whole} …`;
}

/** The first rows that fit, at least one. */
function within(rows: readonly string[], maxChars: number): string[] {
  const taken: string[] = [];
  let left = maxChars;
  for (const row of rows) {
    if (taken.length > 0 && row.length > left) break;
    taken.push(row);
    left -= row.length;
  }
  return taken;
}
