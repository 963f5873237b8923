import { RedisManagerError } from '../errors.ts';
import type { Codec } from '../keyspaces/index.ts';

/** Somebody who is signed in. */
export interface Session<Data> {
  /** Public name of the session: the SHA-256 of its token. Nobody can sign in with it. */
  readonly id: string;
  readonly user: string;
  readonly data: Data;
  /** 1, and one more with each update. */
  readonly version: number;
  /** By Redis' clock, as all times here, in ms since 1970. */
  readonly createdAt: number;
  /** When it ends unless it is touched. */
  readonly expiresAt: number;
  /** When it ends however often it is touched. */
  readonly endsAt: number;
}

/** The fields of a session's hash, in the order of {@link sessionFromReply}. */
export const SESSION_FIELDS = ['user', 'data', 'version', 'created', 'expires', 'ends'] as const;

/** Undefined if the session is over. Rejects `protocol` for a hash that is no session's, and what the codec throws. */
export function sessionFromReply<Data>(
  id: string,
  reply: unknown,
  codec: Codec<Data>,
): Session<Data> | undefined {
  if (!Array.isArray(reply) || reply.every((field) => field === null)) return undefined;
  if (reply.length !== SESSION_FIELDS.length || !reply.every((field) => typeof field === 'string'))
    throw damaged();
  const [user, data, ...numbers] = reply as [string, string, ...string[]];
  const [version, createdAt, expiresAt, endsAt] = numbers.map(Number) as [number, number, number, number];
  return {
    id,
    user: userFrom(user),
    data: codec.decode(Buffer.from(data)),
    ...{ version, createdAt, expiresAt, endsAt },
  };
}

function userFrom(json: string): string {
  try {
    return JSON.parse(json) as string;
  } catch {
    throw damaged();
  }
}

function damaged(): RedisManagerError {
  const details = { code: 'protocol', retryable: false, applied: 'no' } as const;
  return new RedisManagerError('What is stored is not a session', details);
}
