import { RedisManagerError } from '../errors.ts';
import type { Codec } from '../keyspaces/index.ts';

/** A version of a document. */
export interface StateDocument<Value> {
  readonly value: Value;
  /** Grows with each write, not by one; names this value and no other. */
  readonly version: number;
  /** When it was written, by Redis' clock, in ms since 1970. */
  readonly updatedAt: number;
}

/** What a write made. */
export type StateWritten = Omit<StateDocument<unknown>, 'value'>;

/** Versions are Redis' clock in µs. */
export function written(version: number): StateWritten {
  return { version, updatedAt: Math.floor(version / 1000) };
}

/** Entries of the Stream of versions, as XRANGE gives them with Buffers. Throws `codec`, `codec-newer`, `protocol`. */
export function documentsFromReply<Value>(reply: unknown, codec: Codec<Value>): StateDocument<Value>[] {
  if (!Array.isArray(reply)) throw unexpected();
  return reply.map((entry: unknown) => {
    const [id, fields] = entry as [Buffer, Buffer[]];
    const value = fields[1];
    if (value === undefined) throw unexpected();
    return { value: codec.decode(value), ...written(Number.parseInt(id.toString(), 10)) };
  });
}

function unexpected(): RedisManagerError {
  return new RedisManagerError('The key holds no versions of a document', {
    code: 'protocol',
    retryable: false,
    applied: 'no',
  });
}
