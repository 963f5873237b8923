import { fields, figure, readConfig, readInfo } from '../redis/replies.ts';
import { code, paragraphs, table } from '../text/markdown.ts';
import { bytes, count, duration, percent } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface OverviewResult {
  readonly state: string;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly keys: number;
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly connections: number;
  readonly opsPerSecond: number;
  readonly hits: number;
  readonly misses: number;
  readonly aof: boolean;
  readonly fsync?: string;
}

/** Each of these alone; "memory overview" is about memory. */
const NAMES = ['overview', 'summary', 'dashboard', 'stats', 'statistics', 'figures', 'metrics'];
const WAYS = [
  '^_$',
  '^an _$',
  '^a _$',
  '^key _$',
  'me _$',
  'me an _$',
  'me a _$',
  'show _$',
  'redis _',
  '_ redis',
  '_ for redis',
];

export const overview: ToolTopic<OverviewResult> = toolTopic({
  name: 'overview',
  title: 'Overview',
  about: 'the most important figures at a glance',
  examples: [
    'How is Redis doing?',
    'overview',
    'give me a summary',
    'stats',
    'redis statistics',
    'what is going on in redis right now',
    'how is everything?',
    'show me everything',
    "what's up",
    'dashboard',
    'what is happening',
    'overveiw please',
  ],
  cues: [
    ...NAMES.flatMap((name) => WAYS.map((way) => [way.replace('_', name), 4] as const)),
    ['redis doing', 4],
    ['is redis doing', 1],
    ['is it doing', 3],
    ['going on', 4],
    ['how is everything', 4],
    ['^everything$', 3],
    ['show me everything', 4],
    ['show everything', 4],
    ['what is up', 4],
    ['happening', 4],
    ['at a glance', 4],
    ['redis', 0.5],
  ],
  tool: {
    name: 'read_overview',
    operatorOnly: true,
    input: {},
    async run({ redis }) {
      const [info, databases, config] = await Promise.all([
        readInfo(redis, 'server', 'memory', 'clients', 'stats', 'persistence'),
        readInfo(redis, 'keyspace'),
        readConfig(redis, 'appendfsync'),
      ]);
      const of = (name: string): number => figure(info, name) ?? 0;
      return {
        state: redis.health().state,
        version: info.valkey_version ?? info.redis_version ?? 'unknown',
        uptimeSeconds: of('uptime_in_seconds'),
        keys: Object.values(databases).reduce((sum, db) => sum + (figure(fields(db), 'keys') ?? 0), 0),
        usedBytes: of('used_memory'),
        maxBytes: of('maxmemory'),
        connections: of('connected_clients'),
        opsPerSecond: of('instantaneous_ops_per_sec'),
        hits: of('keyspace_hits'),
        misses: of('keyspace_misses'),
        aof: info.aof_enabled === '1',
        ...(config.appendfsync !== undefined && { fsync: config.appendfsync }),
      };
    },
  },
  render(result) {
    const { usedBytes, maxBytes, hits, misses, fsync } = result;
    return paragraphs(
      `Redis is **${result.state}**, holds **${count(result.keys)}** ${result.keys === 1 ? 'key' : 'keys'} and uses **${bytes(usedBytes)}**.`,
      table(
        ['What', 'Now'],
        [
          ['Version', code(result.version)],
          ['Running for', duration(result.uptimeSeconds * 1000)],
          [
            'Memory',
            `${bytes(usedBytes)}${maxBytes > 0 ? ` of ${bytes(maxBytes)} (${percent(usedBytes / maxBytes)})` : ', no limit'}`,
          ],
          ['Connections', count(result.connections)],
          ['Operations per second', count(result.opsPerSecond)],
          [
            'Lookups that found their key',
            hits + misses === 0 ? 'none looked up yet' : percent(hits / (hits + misses)),
          ],
          [
            'Append-only file',
            result.aof ? `on${fsync === undefined ? '' : `, fsync ${code(fsync)}`}` : 'off',
          ],
        ],
      ),
      'Ask for any line of it to see more.',
    );
  },
});
