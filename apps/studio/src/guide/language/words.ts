/** A question is cut here: more text says nothing more about what is asked, and pasted pages cost time. */
const MAX_CHARS = 1000;

const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\b(what|how|who|where|when|that|there|it|here)'?s\b/g, '$1 is'],
  [/\bi'm\b/g, 'i am'],
  [/\b(can|could|do|does|did|is|are|was|has|have|would|should)n'?t\b/g, '$1 not'],
  [/'(re|ve|ll|d)\b/g, ' $1'],
];

/** Ways of asking to be shown something that look like the question how to do something. */
const ASKING_TO_SEE: readonly (readonly [RegExp, string])[] = [
  [
    /\bhow (?:do|can|could|would|might) (?:i|we|you) (?:see|check|view|know|list|find out|look at|look up|tell|show|inspect)\b/g,
    'show',
  ],
  [
    /\b(?:do you know|can you tell me|could you tell me|tell me|i (?:want|would like|need) to (?:see|know))\b/g,
    'show',
  ],
];

/** Lower case, plain apostrophes, contractions written out. */
export function normalise(text: string, maxChars: number = MAX_CHARS): string {
  let plain = text
    .slice(0, maxChars)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’‘`´]/g, "'");
  for (const [pattern, replacement] of [...CONTRACTIONS, ...ASKING_TO_SEE])
    plain = plain.replace(pattern, replacement);
  return plain;
}

/** They stand anywhere in a phrase without changing it. */
const FILLERS = new Set(['the', 'please', 'just', 'actually', 'really', 'exactly', 'all', 'currently', 'of']);

/** The words of a normalised text, singular, without fillers. */
export function words(text: string): string[] {
  return (text.match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !FILLERS.has(word)).map(stem);
}

/** Plural and singular are one word. Not a linguist's stem: it only has to be the same on both sides. */
export function stem(word: string): string {
  if (word.length < 4 || word.endsWith('ss') || word.endsWith('us') || word.endsWith('is')) return word;
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (word.endsWith('sses')) return word.slice(0, -2);
  return word.endsWith('s') ? word.slice(0, -1) : word;
}

/** Words that say nothing about the subject. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  [
    'a an and any anything are as at be been but by can could currently did do does each everything exactly for from get give had has have hello hey hi',
    'how i if in into is it its just kindly know let like look many may me might much my need no not now of on one or our out',
    'please right should show so some something tell than that the their them then there these they this those to too us use used using',
    'want was we were what when where which who why will with work would yes you your',
  ]
    .join(' ')
    .split(' ')
    .map(stem),
);
