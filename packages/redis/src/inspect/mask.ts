/**
 * Keys carry ids, names and now and then secrets. What is shown of a key is its structure: words that name a family
 * or a field stay, everything else is masked. In doubt a segment is masked.
 */
export interface KeyPart {
  readonly text: string;
  readonly kind: 'separator' | 'word' | 'id';
  /** Not even the first characters may be shown. */
  readonly secret: boolean;
}

const SEPARATORS = /([:/|#{}])/;
const MAX_SOURCE_CHARS = 512;
/** What is deeper is cut. */
export const MAX_PARTS = 18;
/** More words than this in one place are names of things, not of families. */
export const MAX_SIBLINGS = 12;
/** An id of at least this length is shown by its first characters. */
const MIN_SHORTENED = 12;

/** What follows one of these is an id, even if it reads like a word: `user:alice`. */
const BEFORE_IDS = new Set(
  'account client customer device email host id ip key login member name org organisation organization owner phone probe project room run sess session stream tenant thread topic user username workspace'.split(
    ' ',
  ),
);
/** What follows one of these is not shown at all. */
const BEFORE_SECRETS = new Set(
  'access api apikey auth authorization bearer code cookie credential csrf jwt nonce oauth otp pass password passwd pin private refresh secret signature ticket token'.split(
    ' ',
  ),
);
const SECRET_PREFIX = /^(?:sk|pk|rk|gh[pousr]|glpat|xox[abprs]|whsec|pat|tok|key)[-_]|^eyJ|^AKIA/;
/** Last words that name a field of a family, not a thing: `taproot:deployment`. */
const FIELDS = new Set(
  'config count deployment epoch events fence index intents lease limits list lock log lua messages meta owners pending queue runs schema snapshot state stats status threads tombstone users version'.split(
    ' ',
  ),
);

/** Splits a key and decides for each segment, by itself, whether it may be shown. */
export function partsOf(key: string): KeyPart[] {
  const segments = key
    .slice(0, MAX_SOURCE_CHARS)
    .split(SEPARATORS)
    .filter((segment) => segment !== '');
  const words = segments.filter((segment) => !SEPARATORS.test(segment)).length;
  const parts: KeyPart[] = [];
  let before: KeyPart | undefined;
  let index = 0;
  for (const text of segments) {
    if (SEPARATORS.test(text)) {
      parts.push({ text, kind: 'separator', secret: false });
      continue;
    }
    index += 1;
    before = classify(text, before, index === words && index > 1);
    parts.push(before);
  }
  return parts;
}

function classify(text: string, before: KeyPart | undefined, last: boolean): KeyPart {
  // A masked segment counts as well: `user:session:…` is followed by a session.
  const parent = singular(before?.text.toLowerCase() ?? '');
  // What comes after a secret is taken for more of it.
  const secret = before?.secret === true || BEFORE_SECRETS.has(parent) || SECRET_PREFIX.test(text);
  // A last word below a word may be a name (`colour:alice`); below an id it is a field (`user:*:profile`).
  const named =
    BEFORE_IDS.has(parent) || (last && before?.kind === 'word' && !FIELDS.has(text.toLowerCase()));
  return { text, kind: secret || named || !readsLikeWord(text) ? 'id' : 'word', secret };
}

function singular(word: string): string {
  const last = word.split(/[-_.]/).at(-1) ?? word;
  return last.length > 3 && last.endsWith('s') ? last.slice(0, -1) : last;
}

/** Letters with vowels among them, in pieces of a natural length; random ids hardly ever pass. */
function readsLikeWord(text: string): boolean {
  if (text.length > 24 || !/^[A-Za-z]+(?:[-_.][A-Za-z]+)*(?:[-_.]?v?\d)?$/.test(text)) return false;
  const pieces = text.replace(/[-_.]?v?\d$/, '').split(/[-_.]|(?<=[a-z])(?=[A-Z])/);
  return pieces.every(
    (piece) =>
      /^(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)$/.test(piece) &&
      piece.length <= 14 &&
      !/[bcdfghjklmnpqrstvwxz]{5}/i.test(piece) &&
      (piece.length < 5 || /[aeiouy]/i.test(piece)),
  );
}

/** The family: `taproot:{thread:*}:log`. */
export function templateOf(parts: readonly KeyPart[]): string {
  return show(parts, () => '*');
}

/** One key, told apart from its siblings but not disclosed: `taproot:{thread:ab12…}:log`. */
export function shortKeyOf(parts: readonly KeyPart[]): string {
  return show(parts, (part) => (part.secret ? '*' : shortId(part.text)));
}

/** The first characters of a long id; a short one is masked as a whole. */
export function shortId(id: string): string {
  return id.length >= MIN_SHORTENED && /^[\w-]+$/.test(id) ? `${id.slice(0, 4)}…` : '*';
}

function show(parts: readonly KeyPart[], mask: (part: KeyPart) => string): string {
  const shown = parts.slice(0, MAX_PARTS).map((part) => (part.kind === 'id' ? mask(part) : part.text));
  return shown.join('') + (parts.length > MAX_PARTS ? '…' : '');
}
