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

/** Whole paragraphs, lists, tables and code blocks from the beginning, up to about `maxChars`. */
export function excerpt(markdown: string, maxChars: number): string {
  const taken: string[] = [];
  let length = 0;
  for (const block of blocks(quotable(markdown))) {
    if (taken.length > 0 && length + block.length > maxChars) return [...taken, '…'].join('\n\n');
    taken.push(length + block.length > 2 * maxChars ? cut(block, maxChars) : block);
    length += block.length;
  }
  return taken.join('\n\n');
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

/** A single block that is far too long, cut at a line, its code block closed. */
function cut(block: string, maxChars: number): string {
  const head = block.slice(0, maxChars);
  const lines = head.slice(0, Math.max(head.lastIndexOf('\n'), head.lastIndexOf(' ')));
  const openCode = (lines.match(/^```/gm)?.length ?? 0) % 2 === 1;
  return openCode ? `${lines}\n\`\`\`\n…` : `${lines} …`;
}
