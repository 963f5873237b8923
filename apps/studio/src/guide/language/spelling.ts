/** Words closer than this many edits are taken for one another: none up to three letters, then more. */
function tolerance(length: number): number {
  if (length < 5) return 0;
  return length < 8 ? 1 : 2;
}

/** Corrects a word to the nearest known one that starts with the same letter, or leaves it. */
export function correct(word: string, known: ReadonlySet<string>): string {
  if (known.has(word) || word.length < 4) return word;
  let best = word;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const allowed = tolerance(Math.min(word.length, candidate.length));
    if (candidate[0] !== word[0] || Math.abs(candidate.length - word.length) > allowed) continue;
    const distance = edits(word, candidate);
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  // In four letters one wrong letter makes another word, two letters in the wrong order do not.
  return bestDistance === Number.POSITIVE_INFINITY && word.length === 4
    ? (swapped(word, known) ?? word)
    : best;
}

function swapped(word: string, known: ReadonlySet<string>): string | undefined {
  for (let at = 0; at < word.length - 1; at++) {
    const candidate = `${word.slice(0, at)}${word[at + 1]}${word[at]}${word.slice(at + 2)}`;
    if (known.has(candidate)) return candidate;
  }
  return undefined;
}

/** Damerau–Levenshtein distance (optimal string alignment): insert, delete, replace, swap neighbours. */
export function edits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
