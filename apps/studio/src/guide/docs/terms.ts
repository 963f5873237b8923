import { normalise, STOP_WORDS, stem } from '../language/words.ts';

/** Words written in two ways. */
const ONE_SPELLING: readonly (readonly [RegExp, string])[] = [
  [/\bback(?:ing)?[ -]ups?\b/g, 'backup'],
  [/\bset(?:ting)?[ -]up\b/g, 'setup'],
  [/\b(?:sign|log)(?:ing)?[ -]?(?:in|on)\b|\blogins?\b/g, 'signin'],
  [/\bauth\b/g, 'authentication'],
  [/\b(?:directory|directories)\b/g, 'folder'],
];

/** Words about asking, and verbs that go with any subject: they help to rank, but finding them is no answer. */
const LIGHT = new Set(
  'about add between change choose configure describe difference doc documentation explain find happen make mean meaning need new redis run set start taproot way work'
    .split(' ')
    .map(term),
);

/** The words of a text as they are indexed: lower case, without endings, without words that say nothing. */
export function terms(text: string): string[] {
  let plain = normalise(text, text.length);
  for (const [pattern, spelling] of ONE_SPELLING) plain = plain.replace(pattern, spelling);
  return (plain.match(/[\p{L}\p{N}]+/gu) ?? []).flatMap((word) =>
    STOP_WORDS.has(stem(word)) || word.length < 2 ? [] : [term(word)],
  );
}

/** The words that an answer must have: those that are not light, or all if there are no others. */
export function subjectOf(distinct: readonly string[]): readonly string[] {
  const heavy = distinct.filter((word) => !LIGHT.has(word));
  return heavy.length > 0 ? heavy : distinct;
}

/** Endings off, so that "restored" finds "restore" and "authenticate" finds "authentication". */
function term(word: string): string {
  const short = stem(word).replace(/(?:ations?|ating|ated|ate|ings?|ions?|ed|es|e)$/, '');
  return short.length >= 4 ? short : stem(word);
}
