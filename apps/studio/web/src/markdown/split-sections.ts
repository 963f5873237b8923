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
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined && blank && /^#{1,6} /.test(line) && current !== '') {
      sections.push(current);
      current = '';
    }
    if (mark && fence === undefined) fence = mark;
    else if (mark && fence && mark[0] === fence[0] && mark.length >= fence.length && line.trim() === mark)
      fence = undefined;
    current += line;
    blank = line.trim() === '';
  }
  if (current !== '') sections.push(current);
  return sections;
}
