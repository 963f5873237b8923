import { createHash } from 'node:crypto';
import { invalidOption } from './invalid.ts';

/** A value for a parameter of a template. */
export type KeyParameter = string | number;

/** How a parameter stands in a key: `encoded` is safe for any text; `raw` is for keys that exist already. */
export type ParameterEncoding = 'encoded' | 'raw';

/** What is longer when it is encoded stands in the key as its SHA-256. */
const MAX_ENCODED_CHARS = 200;
const HASHED = '~';

/** What an encoded parameter looks like: nothing that ends a segment, moves the slot or means something in a glob. */
export const PARAMETER_PATTERN: Readonly<Record<ParameterEncoding, string>> = {
  encoded: `[\\w\\-.!'()%]+|${HASHED}[\\w-]{43}`,
  raw: '[^:{}]+',
};

/** A parameter's place in a key. Throws `invalid-options` for what no key can be made of. */
export function encodeParameter(name: string, value: KeyParameter, encoding: ParameterEncoding): string {
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  // Of callers without types: `undefined` is the id that is most often missing.
  if (typeof text !== 'string') throw invalid(name, 'a text or a finite number', typeof value);
  if (text === '') throw invalid(name, 'a text', 'an empty one');
  if (!text.isWellFormed()) throw invalid(name, 'well-formed Unicode', 'a lone surrogate');
  if (encoding === 'raw') {
    if (/[:{}]/.test(text)) throw invalid(name, 'a text without : { }', 'one of them');
    return text;
  }
  const encoded = encodeURIComponent(text).replaceAll('*', '%2A').replaceAll(HASHED, '%7E');
  return encoded.length > MAX_ENCODED_CHARS ? HASHED + digest(text) : encoded;
}

/** The parameter at a place in a key; undefined where only its digest is there. Null: it was not encoded by us. */
export function decodeParameter(text: string, encoding: ParameterEncoding): string | undefined | null {
  if (encoding === 'raw') return text;
  if (text.startsWith(HASHED)) return undefined;
  try {
    const decoded = decodeURIComponent(text);
    // `%41` is also an `A`, but not one of ours.
    return encodeParameter('', decoded, encoding) === text ? decoded : null;
  } catch {
    return null;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function invalid(name: string, expected: string, got: string): Error {
  return invalidOption(`Parameter ${name} of a key`, expected, got);
}
