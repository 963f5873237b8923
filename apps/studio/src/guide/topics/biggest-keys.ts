import { sampleKeys } from '../redis/sample.ts';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { bytes, count, duration, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface BigKey {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly ttlMs?: number;
}

export interface BiggestKeysResult {
  readonly keys: number;
  readonly sampled: number;
  readonly complete: boolean;
  readonly biggest: readonly BigKey[];
}

const MAX_ROWS = 10;
const MAX_KEYS = 2000;
/** A key of this size blocks the server noticeably when it is deleted or read as a whole. */
const HEAVY_BYTES = 10 * 2 ** 20;

export const biggestKeys: ToolTopic<BiggestKeysResult> = toolTopic({
  name: 'biggest-keys',
  title: 'Biggest keys',
  about: 'the keys that take the most memory, from a bounded sample',
  examples: [
    'Which keys take the most memory?',
    'biggest keys',
    'bigkeys',
    'what are the largest keys?',
    'top 10 keys by size',
    'what eats our memory',
    'find the heaviest keys',
    'largest threads in redis',
    'big keys please',
    'bigest keys',
    'show huge keys',
    'which key uses the most ram',
  ],
  cues: [
    ['biggest', 3],
    ['bigkey', 4],
    ['big key', 4],
    ['largest', 3],
    ['heaviest', 3],
    ['huge', 2],
    ['hugest', 3],
    ['key by size', 3],
    ['top', 1],
    ['top key', 2],
    ['size', 1],
    ['most memory', 4],
    ['most ram', 4],
    ['most space', 4],
    ['eat', 3],
    ['key', 1.5],
    ['thread', 1],
    ['memory', 0.5],
    ['show', 0.5],
  ],
  tool: {
    name: 'find_biggest_keys',
    operatorOnly: true,
    input: { maxKeys: MAX_KEYS },
    async run({ redis }) {
      const sample = await sampleKeys(redis, { maxKeys: MAX_KEYS });
      const biggest = sample.keys
        .flatMap(({ shortKey, type, bytes: size, ttlMs }) =>
          size === undefined
            ? []
            : [{ key: shortKey, type, bytes: size, ...(ttlMs !== undefined && { ttlMs }) }],
        )
        .sort((a, b) => b.bytes - a.bytes || (a.key < b.key ? -1 : 1));
      return {
        keys: sample.complete ? sample.keys.length : sample.total,
        sampled: sample.keys.length,
        complete: sample.complete,
        biggest: biggest.slice(0, MAX_ROWS),
      };
    },
  },
  render({ keys, sampled, complete, biggest }) {
    const first = biggest[0];
    if (first === undefined) {
      return keys === 0
        ? 'Redis holds **no keys**.'
        : 'This server does not tell the memory of a key (`MEMORY USAGE`).';
    }
    return paragraphs(
      `The biggest key ${complete ? '' : 'of the sample '}is ${code(first.key)} with **${bytes(first.bytes)}**.`,
      table(
        ['Key', 'Type', figures('Memory'), figures('Expires in')],
        biggest.map((key) => [
          code(key.key),
          key.type,
          bytes(key.bytes),
          key.ttlMs === undefined ? 'never' : duration(key.ttlMs),
        ]),
      ),
      complete
        ? `All ${plural(keys, 'key')} were looked at. Ids are shortened.`
        : `A sample: ${count(sampled)} of ${count(keys)} keys were looked at, so there may be bigger ones. Ids are shortened.`,
      first.bytes > HEAVY_BYTES
        ? 'Reading or deleting a key of that size as a whole holds up every other command: trim it, or delete it with `UNLINK`.'
        : 'None of them is large enough to hold up other commands.',
    );
  },
});
