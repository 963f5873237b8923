import { fields, figure, readInfo } from '../redis/replies.ts';
import { sampleKeys } from '../redis/sample.ts';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { bytes, count, percent, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface NoExpiryResult {
  /** Exact, of the whole server. */
  readonly keys: number;
  readonly withoutExpiry: number;
  readonly sampled: number;
  readonly complete: boolean;
  /** Keyspaces with keys that never expire, most keys first; figures are those of the sample. */
  readonly keyspaces: readonly {
    readonly template: string;
    readonly keys: number;
    readonly withoutExpiry: number;
    readonly bytes: number;
  }[];
}

const MAX_ROWS = 10;

export const noExpiry: ToolTopic<NoExpiryResult> = toolTopic({
  name: 'no-expiry',
  title: 'Keys that never expire',
  about: 'keys without a TTL, by keyspace',
  examples: [
    'Which keys have no TTL?',
    'keys without ttl',
    'what never expires?',
    'keys without expiry',
    'are there keys with no expiration?',
    'how many keys do not expire',
    'list persistent keys without an expiration date',
    'missing TTLs',
    'which keys live forever?',
    'keys whithout expiry',
    "find keys that don't expire",
  ],
  cues: [
    ['ttl', 3],
    ['time to live', 3],
    ['expire', 3],
    ['expiry', 3],
    ['expiration', 3],
    ['never expire', 2],
    ['not expire', 2],
    ['no ttl', 1],
    ['without ttl', 1],
    ['without', 1],
    ['no', 0.5],
    ['live forever', 3],
    ['forever', 2],
    ['persistent key', 4],
    ['persistent', 0.5],
    ['missing', 1],
    ['how many key', 1.5],
    ['key', 1],
    ['list', 0.5],
    ['date', 0.5],
  ],
  tool: {
    name: 'find_keys_without_expiry',
    operatorOnly: true,
    input: { maxKeys: 1000 },
    async run({ redis }) {
      const [sample, info] = await Promise.all([sampleKeys(redis), readInfo(redis, 'keyspace')]);
      const databases = Object.values(info).map(fields);
      const sum = (name: string): number =>
        databases.reduce((total, db) => total + (figure(db, name) ?? 0), 0);
      const spaces = [...Map.groupBy(sample.keys, (key) => key.template)].map(([template, keys]) => {
        const lasting = keys.filter((key) => key.ttlMs === undefined);
        return {
          template,
          keys: keys.length,
          withoutExpiry: lasting.length,
          bytes: lasting.reduce((total, key) => total + (key.bytes ?? 0), 0),
        };
      });
      return {
        keys: sum('keys'),
        withoutExpiry: sum('keys') - sum('expires'),
        sampled: sample.keys.length,
        complete: sample.complete,
        keyspaces: spaces
          .filter((space) => space.withoutExpiry > 0)
          .sort((a, b) => b.withoutExpiry - a.withoutExpiry || (a.template < b.template ? -1 : 1))
          .slice(0, MAX_ROWS),
      };
    },
  },
  render({ keys, withoutExpiry, sampled, complete, keyspaces }) {
    if (keys === 0) return 'Redis holds **no keys**.';
    if (withoutExpiry === 0) return `**Every one** of the ${plural(keys, 'key')} expires some day.`;
    return paragraphs(
      `**${count(withoutExpiry)} of ${plural(keys, 'key')}** (${percent(withoutExpiry / keys)}) never ${withoutExpiry === 1 ? 'expires' : 'expire'}.`,
      table(
        ['Keyspace', figures('Without TTL'), figures('Of'), figures('Memory')],
        keyspaces.map((space) => [
          code(space.template),
          count(space.withoutExpiry),
          count(space.keys),
          bytes(space.bytes),
        ]),
      ),
      !complete && `The total is exact; the table is a sample of ${count(sampled)} keys.`,
      'Threads and their runs are meant to stay until they are deleted. Caches and sessions should have a TTL: without one they only ever grow.',
    );
  },
});
