/** A word of a text as it is searched for, and where it stands in the text, in UTF-16 code units. */
export interface Word {
  readonly word: string;
  readonly from: number;
  readonly to: number;
}

/** Code units of a word that are looked at. */
const MAX_WORD = 32;

/** Letters with their marks, and digits; of scripts that put no spaces between words, each letter alone. */
const WORDS: RegExp =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]\p{M}*|(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}])[\p{L}\p{N}])(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}])[\p{L}\p{N}\p{M}])*/gu;

/**
 * The words of a text, in their order. Two texts that differ in case, accents or the form of their letters have the same words.
 * A sign that stands for several words (`㈠`, `ゟ`) is where each of them stands.
 */
export function wordsOf(text: string): Word[] {
  return [...text.matchAll(WORDS)].flatMap(({ 0: found, index }) =>
    (normalised(found).match(WORDS) ?? []).map((word) => ({
      word: shortened(word),
      from: index,
      to: index + found.length,
    })),
  );
}

/** Never ends in half a letter. */
function shortened(word: string): string {
  return word.slice(0, MAX_WORD).replace(/[\ud800-\udbff]$/, '');
}

/** NFKC, without case and without the marks of Latin, Greek and Cyrillic letters; `ß` is `ss`. */
function normalised(word: string): string {
  const plain = word
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase();
  // Some letters have marks only in lower case, and some signs come apart into what is no letter.
  const letters = plain.normalize('NFKD').replace(/[\u0300-\u036f]|[^\p{L}\p{N}\p{M}]/gu, '');
  return letters.normalize('NFC');
}
