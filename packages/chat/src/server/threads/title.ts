const MAX_LENGTH = 80;
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * A title of at most 80 UTF-16 code units (PROTOCOL.md §13), cut between characters as people see them. `mark`: put after a
 * title that was cut.
 */
export function cutTitle(title: string, mark = ''): string {
  if (title.length <= MAX_LENGTH) return title;
  const room = MAX_LENGTH - mark.length;
  let end = 0;
  for (const { index, segment } of CHARACTERS.segment(title)) {
    if (index + segment.length > room) break;
    end = index + segment.length;
  }
  return `${title.slice(0, end)}${mark}`;
}
