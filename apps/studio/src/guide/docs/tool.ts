import type { Tool } from '../topic.ts';
import { excerpt } from './excerpt.ts';
import type { Hit } from './search.ts';
import { subjectOf, terms } from './terms.ts';

/** A section of the docs, as it is shown. */
export interface Quote {
  readonly heading: string;
  readonly source: string;
  readonly excerpt: string;
}

export interface DocsResult {
  readonly quotes: readonly Quote[];
  /** Sources of further sections that may help. */
  readonly more: readonly string[];
}

const MAX_QUERY_CHARS = 200;
const MAX_HITS = 4;
/** Coverage of a section that is taken for the answer to a question that was not recognised. */
const SURE = 0.75;
const FIRST_CHARS = 1200;
const SECOND_CHARS = 600;
/** A second section is quoted if it is nearly as good as the first, and named if it is at all comparable. */
const NEARLY = 0.75;
const COMPARABLE = 0.4;

/**
 * Searches the docs for a question. Open to everybody: the docs are public. A `guess` is a question that was not
 * recognised: only sections that are evidently about it are given.
 */
export function searchDocs(question: string, guess: boolean = false): Tool<DocsResult> {
  const query = question.slice(0, MAX_QUERY_CHARS);
  return {
    name: 'search_docs',
    operatorOnly: false,
    input: { query },
    run: async ({ docs }) => {
      const hits = docs.search(query, MAX_HITS);
      const sure = guess ? hits.filter((hit) => hit.coverage >= SURE && hit.inHeading) : hits;
      return choose(sure, subjectOf(terms(query)));
    },
  };
}

function choose(hits: readonly Hit[], wanted: readonly string[]): DocsResult {
  const best = hits[0]?.score ?? 0;
  const worth = hits.filter((hit) => hit.score >= COMPARABLE * best);
  const quoted = worth.filter((hit, index) => index === 0 || (index === 1 && hit.score >= NEARLY * best));
  return {
    quotes: quoted.map(({ section }, index) => ({
      heading: section.heading,
      source: section.source,
      excerpt: excerpt(section.body, index === 0 ? FIRST_CHARS : SECOND_CHARS, wanted),
    })),
    more: worth.slice(quoted.length).map((hit) => hit.section.source),
  };
}
