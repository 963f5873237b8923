import { RedisManagerError } from '../errors.ts';

/** A stored record: what describes it, as JSON, and its parts as they are. */
export interface Frame<Head> {
  readonly head: Head;
  readonly parts: readonly Uint8Array[];
}

const LENGTH_BYTES = 4;

/** One buffer: length of the head, head with the parts' lengths, parts. */
export function packFrame<Head>({ head, parts }: Frame<Head>): Buffer {
  const description = Buffer.from(JSON.stringify([head, parts.map(({ byteLength }) => byteLength)]));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(description.length);
  return Buffer.concat([length, description, ...parts]);
}

/** The parts are copies, which do not keep the whole reply of Redis in memory. Throws `codec`. */
export function unpackFrame<Head>(stored: Buffer): Frame<Head> {
  try {
    const from = LENGTH_BYTES + stored.readUInt32BE();
    const description: unknown = JSON.parse(stored.toString('utf8', LENGTH_BYTES, from));
    const [head, lengths] = description as [Head, number[]];
    let end = from;
    const parts = lengths.map((length) => {
      end += length;
      return new Uint8Array(stored.subarray(end - length, end));
    });
    return { head, parts };
  } catch {
    throw new RedisManagerError('A stored checkpoint is damaged', {
      code: 'codec',
      retryable: false,
      applied: 'no',
    });
  }
}
