import type { RedisManagerError } from '../errors.ts';

/** Why it could not look, in one sentence for whoever typed the command. Holds no credentials. */
export function sentenceFor(error: RedisManagerError): string {
  const node = error.node === undefined ? 'Redis' : `Redis at ${error.node}`;
  const text = error.message.endsWith('(NOAUTH)')
    ? `${node} wants a password: put it into the URL (redis://user:password@host) or into REDIS_URL`
    : error.message.endsWith('(WRONGPASS)')
      ? `${node} refuses the user name or the password`
      : error.code === 'loading'
        ? `${node} is still loading its data; try again when it has`
        : error.message;
  // A server can say anything in its errors.
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 400);
}
