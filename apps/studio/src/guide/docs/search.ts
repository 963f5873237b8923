import MiniSearch from 'minisearch';
import { normalise, STOP_WORDS, stem } from '../language/words.ts';
import type { Section } from './sections.ts';

/** A section that answers a query. */
export interface Hit {
  readonly section: Section;
  /** Relevance times coverage; only comparable within one search. */
  readonly score: number;
  /** Share of the query's words that occur in the section, 0 to 1. */
  readonly coverage: number;
}

/** Ranked full-text search over the project's documentation. */
export interface DocsIndex {
  readonly sections: number;
  /** Best first; sections in which less than half of the query's words occur are no answer. */
  search(query: string, limit?: number): readonly Hit[];
}

const MIN_COVERAGE = 0.5;
/** Words about asking, not about the subject. */
const ASKING = new Set(
  [
    'doc',
    'documentation',
    'explain',
    'describe',
    'mean',
    'meaning',
    'difference',
    'between',
    'happen',
    'about',
    'way',
    'make',
    'taproot',
  ].map(stem),
);

/** Builds the index. Headings weigh more than text, a section's own heading more than those above it. */
export function createDocsIndex(sections: readonly Section[]): DocsIndex {
  const index = new MiniSearch<{ id: number; heading: string; trail: string; body: string }>({
    fields: ['heading', 'trail', 'body'],
    tokenize: (text) => text.match(/[\p{L}\p{N}]+/gu) ?? [],
    processTerm: (word) => {
      const term = stem(word.toLowerCase());
      return STOP_WORDS.has(term) || term.length < 2 ? null : term;
    },
    searchOptions: {
      boost: { heading: 3, trail: 1.5 },
      // Short words have too many neighbours to be taken for one another.
      fuzzy: (term) => (term.length < 6 ? false : 0.2),
      prefix: (term) => term.length > 3,
      weights: { fuzzy: 0.3, prefix: 0.5 },
    },
  });
  index.addAll(
    sections.map(({ heading, trail, body }, id) => ({ id, heading, trail: trail.join(' '), body })),
  );
  return {
    sections: sections.length,
    search(query, limit = 5) {
      const terms = subjectOf(query);
      if (terms.length === 0) return [];
      return index
        .search(terms.join(' '))
        .flatMap((result): Hit[] => {
          const section = sections[result.id as number];
          const coverage = new Set(result.queryTerms).size / terms.length;
          return section === undefined || coverage < MIN_COVERAGE
            ? []
            : [{ section, coverage, score: result.score * coverage }];
        })
        .sort((a, b) => b.score - a.score || (a.section.source < b.section.source ? -1 : 1))
        .slice(0, limit);
    },
  };
}

/** The distinct words of a question that carry its subject. */
function subjectOf(query: string): string[] {
  const all = (normalise(query).match(/[\p{L}\p{N}]+/gu) ?? []).map(stem);
  const subject = [...new Set(all.filter((word) => !STOP_WORDS.has(word) && word.length > 1))];
  const without = subject.filter((word) => !ASKING.has(word));
  return without.length > 0 ? without : subject;
}
