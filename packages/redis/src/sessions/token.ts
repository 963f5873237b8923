import { createHash, randomBytes } from 'node:crypto';
import { RedisManagerError } from '../errors.ts';

/** Where a session lies: its user's tag and its id. */
export interface SessionPlace {
  /** 22 characters of the SHA-256 of the user: all sessions of a user lie in one slot of a Cluster. */
  readonly tag: string;
  readonly id: string;
}

const TAG_CHARS = 22;
const TOKEN = /^[\w-]{65}$/;
const ID = /^[\w-]{43}$/;

/** The tag of the user, then 256 random bits. */
export function newToken(user: string): string {
  return userTag(user) + randomBytes(32).toString('base64url');
}

/** Where a token's session would lie; undefined for what cannot be a token. Kept is its hash, so no comparison depends on how much of it is right. */
export function placeOf(token: string): SessionPlace | undefined {
  if (typeof token !== 'string' || !TOKEN.test(token)) return undefined;
  return { tag: token.slice(0, TAG_CHARS), id: sha256(token) };
}

/** An id may come from outside, and no other key may be made of it. */
export function isId(id: string): boolean {
  return typeof id === 'string' && ID.test(id);
}

/** Throws `invalid-options` for no text. Of the JSON, which is another for each text, also where that is no well-formed Unicode. */
export function userTag(user: string): string {
  if (typeof user === 'string' && user !== '') return sha256(JSON.stringify(user)).slice(0, TAG_CHARS);
  throw new RedisManagerError('A session needs a user: expected a text that is not empty', {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
