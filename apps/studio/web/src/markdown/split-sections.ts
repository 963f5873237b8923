import { fenceAfter } from './fence.ts';

/**
 * Cuts Markdown at headings that surely start a new block, so that a growing answer re-renders only its last section.
 * Text with link or footnote definitions stays whole: they reach over sections.
 */
export function splitSections(text: string): string[] {
  if (/^ {0,3}\[[^\]]+\]:/m.test(text)) return [text];
  const sections: string[] = [];
  let fence: string | undefined;
  let current = '';
  let blank = true;
  for (const line of text.split(/(?<=\n)/)) {
    if (fence === undefined && blank && current !== '' && /^#{1,6} /.test(line)) {
      sections.push(current);
      current = '';
    }
    fence = fenceAfter(line, fence);
    current += line;
    blank = line.trim() === '';
  }
  if (current !== '') sections.push(current);
  return sections;
}
