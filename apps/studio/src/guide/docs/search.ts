import MiniSearch, { type SearchResult } from 'minisearch';
import type { Section } from './sections.ts';
import { subjectOf, terms } from './terms.ts';

/** A section that answers a query. */
export interface Hit {
  readonly section: Section;
  /** Relevance times coverage; only comparable within one search. */
  readonly score: number;
  /** Share of the query's subject that the section has, 0 to 1. */
  readonly coverage: number;
  /** Whether its heading, or one above it, has a word of the subject. */
  readonly inHeading: boolean;
}

/** Ranked full-text search over the project's documentation. */
export interface DocsIndex {
  readonly sections: number;
  /** Best first; sections that have too little of the query's subject are no answer and left out. */
  search(query: string, limit?: number): readonly Hit[];
}

const MIN_COVERAGE = 0.6;
/** A section whose heading names part of the subject may lack more of it. */
const MIN_COVERAGE_IN_HEADING = 0.5;
const SPECIFICATION = 'PROTOCOL.md';
/** What finding a similar word counts: a longer one that begins alike, and one spelled nearly alike. */
const PREFIX_COUNTS = 0.5;
const FUZZY_COUNTS = 0.7;

/** Builds the index. Headings weigh more than text, a section's own heading more than those above it. */
export function createDocsIndex(sections: readonly Section[]): DocsIndex {
  const index = new MiniSearch<{ id: number; heading: string; trail: string; body: string }>({
    fields: ['heading', 'trail', 'body'],
    tokenize: terms,
    processTerm: (word) => word,
    searchOptions: {
      // Queries come as terms already.
      tokenize: (query) => query.split(' '),
      boost: { heading: 3, trail: 1.5 },
      // Short words have too many neighbours to be taken for one another.
      fuzzy: (word) => (word.length < 6 ? false : 0.2),
      prefix: (word) => word.length > 3,
      weights: { fuzzy: 0.3, prefix: 0.3 },
      // Who asks how something is done wants the manual before the specification.
      boostDocument: (id) => (sections[id as number]?.source.startsWith(SPECIFICATION) ? 0.7 : 1),
    },
  });
  index.addAll(
    sections.map(({ heading, trail, body }, id) => ({ id, heading, trail: trail.join(' '), body })),
  );
  return {
    sections: sections.length,
    search(query, limit = 5) {
      const distinct = [...new Set(terms(query))];
      const subject = subjectOf(distinct);
      return index
        .search(distinct.join(' '))
        .flatMap((result): Hit[] => {
          const section = sections[result.id as number];
          const coverage = coverageOf(subject, result);
          const heading = inHeading(subject, result);
          const enough = heading ? MIN_COVERAGE_IN_HEADING : MIN_COVERAGE;
          if (section === undefined || coverage < enough) return [];
          return [{ section, coverage, score: result.score * coverage, inHeading: heading }];
        })
        .sort((a, b) => b.score - a.score || (a.section.source < b.section.source ? -1 : 1))
        .slice(0, limit);
    },
  };
}

function coverageOf(subject: readonly string[], { queryTerms, terms: found }: SearchResult): number {
  const covered = subject.reduce((sum, word) => {
    if (!queryTerms.includes(word)) return sum;
    if (found.includes(word)) return sum + 1;
    return sum + (found.some((other) => other.startsWith(word)) ? PREFIX_COUNTS : FUZZY_COUNTS);
  }, 0);
  return subject.length === 0 ? 0 : covered / subject.length;
}

function inHeading(subject: readonly string[], { match }: SearchResult): boolean {
  return subject.some((word) => match[word]?.some((field) => field !== 'body') ?? false);
}
