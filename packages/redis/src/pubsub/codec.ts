import { RedisManagerError } from '../errors.ts';

/** How a channel's messages are written. `decode` throws for what it cannot read. */
export interface MessageCodec<T> {
  encode(value: T): string;
  decode(text: string): T;
}

/** JSON; `parse` checks what was read, e.g. `schema.parse`. */
export function jsonMessages<T>(parse: (value: unknown) => T = (value) => value as T): MessageCodec<T> {
  return {
    encode: (value) => {
      const text = JSON.stringify(value);
      if (text !== undefined) return text;
      const details = { code: 'codec', retryable: false, applied: 'no' } as const;
      throw new RedisManagerError('The value cannot be written as JSON', details);
    },
    decode: (text) => parse(JSON.parse(text)),
  };
}
