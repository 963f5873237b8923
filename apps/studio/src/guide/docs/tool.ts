import type { Tool } from '../topic.ts';
import { excerpt } from './excerpt.ts';
import type { Hit } from './search.ts';

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
const FIRST_CHARS = 1200;
const SECOND_CHARS = 600;
/** A second section is quoted if it is nearly as good as the first, and named if it is at all comparable. */
const NEARLY = 0.75;
const COMPARABLE = 0.4;

/** Searches the docs for a question. Open to everybody: the docs are public. */
export function searchDocs(question: string): Tool<DocsResult> {
  const query = question.slice(0, MAX_QUERY_CHARS);
  return {
    name: 'search_docs',
    operatorOnly: false,
    input: { query },
    run: async ({ docs }) => choose(docs.search(query, MAX_HITS)),
  };
}

function choose(hits: readonly Hit[]): DocsResult {
  const best = hits[0]?.score ?? 0;
  const worth = hits.filter((hit) => hit.score >= COMPARABLE * best);
  const quoted = worth.filter((hit, index) => index === 0 || (index === 1 && hit.score >= NEARLY * best));
  return {
    quotes: quoted.map(({ section }, index) => ({
      heading: section.heading,
      source: section.source,
      excerpt: excerpt(section.body, index === 0 ? FIRST_CHARS : SECOND_CHARS),
    })),
    more: worth.slice(quoted.length).map((hit) => hit.section.source),
  };
}
