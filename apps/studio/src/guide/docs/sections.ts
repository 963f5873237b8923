/** A piece of documentation under one heading. */
export interface Section {
  /** `docs/guide.md#add-a-topic`. */
  readonly source: string;
  readonly heading: string;
  /** The headings above it, the page's title first. */
  readonly trail: readonly string[];
  /** Markdown below the heading, up to the next one. */
  readonly body: string;
}

/** Splits a page at its headings (ATX). Headings in code blocks are code. */
export function sectionsOf(file: string, markdown: string): Section[] {
  const sections: Section[] = [];
  const anchors = new Map<string, number>();
  let above: { level: number; heading: string }[] = [];
  let current: { heading: string; anchor: string; trail: string[]; lines: string[] } | undefined;
  let fence: string | undefined;
  const finish = (): void => {
    const body = current?.lines.join('\n').trim() ?? '';
    if (current === undefined || body === '') return;
    const { heading, anchor, trail } = current;
    sections.push({ source: `${file}#${anchor}`, heading, trail, body });
  };
  for (const line of markdown.replaceAll('\r\n', '\n').split('\n')) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined) fence = fence === undefined ? mark : mark.startsWith(fence) ? undefined : fence;
    const title = fence === undefined ? /^(#{1,6})\s+(.+?)\s*#*$/.exec(line) : null;
    if (title === null) {
      current?.lines.push(line);
      continue;
    }
    finish();
    const level = title[1]?.length ?? 1;
    const heading = plainHeading(title[2] ?? '');
    above = above.filter((outer) => outer.level < level);
    current = {
      heading,
      anchor: anchorOf(heading, anchors),
      trail: above.map((outer) => outer.heading),
      lines: [],
    };
    above.push({ level, heading });
  }
  finish();
  return sections;
}

function plainHeading(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*`]/g, '')
    .trim();
}

/** The anchor that GitHub gives a heading; the second of a name gets `-1`. */
function anchorOf(heading: string, taken: Map<string, number>): string {
  const base = heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
  const before = taken.get(base) ?? 0;
  taken.set(base, before + 1);
  return before === 0 ? base : `${base}-${before}`;
}
