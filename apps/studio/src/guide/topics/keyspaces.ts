import { figure, readInfo } from '../redis/replies.ts';
import { type SampledKey, sampleKeys } from '../redis/sample.ts';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { bytes, count, percent, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface Keyspace {
  readonly template: string;
  readonly types: readonly string[];
  /** Scaled up from the sample, unless that was complete; so are `bytes`. */
  readonly keys: number;
  readonly bytes: number;
  /** Share of its keys that expire, 0 to 1. */
  readonly expiring: number;
}

export interface KeyspacesResult {
  readonly keys: number;
  readonly sampled: number;
  readonly complete: boolean;
  readonly usedMemoryBytes: number;
  /** Largest first. */
  readonly keyspaces: readonly Keyspace[];
  /** Keyspaces left out of the list. */
  readonly more: number;
}

const MAX_ROWS = 12;

export const keyspaces: ToolTopic<KeyspacesResult> = toolTopic({
  name: 'keyspaces',
  title: 'Keyspaces',
  about: 'what is stored, by keyspace, with its memory',
  examples: [
    'What is in Redis right now?',
    "what's in redis",
    'Which keyspaces are there and how much memory does each take?',
    'keyspaces',
    'show me the keys by prefix',
    'what does redis store',
    'What data do we keep in Redis?',
    'how many keys are there?',
    'list all keyspaces and their memory',
    'Break down the memory by keyspace',
    'what kind of keys exist',
    'whats stored in the database',
    'show keyspcaes pls',
  ],
  cues: [
    ['keyspace', 4],
    ['what is in redis', 4],
    ['what is inside redis', 4],
    ['in redis', 1],
    ['inside redis', 2],
    ['what does redis', 1],
    ['stored', 2],
    ['store', 2],
    ['contents', 3],
    ['what data', 3],
    ['data', 1],
    ['keep', 1],
    ['key', 2],
    ['how many keys', 2],
    ['key count', 2],
    ['number keys', 2],
    ['list', 1],
    ['show', 1],
    ['kind', 1],
    ['exist', 1],
    ['prefix', 2],
    ['dbsize', 4],
    ['database', 1],
    ['by keyspace', 1],
    ['how much memory does each', 1],
    ['each', 0.5],
    ['biggest keyspace', 4],
    ['largest keyspace', 4],
    ['thread', 1.5],
    ['memory by', 1],
    ['memory', 0.5],
    ['their memory', 0.5],
  ],
  tool: {
    name: 'read_keyspaces',
    operatorOnly: true,
    input: { maxKeys: 1000 },
    async run({ redis }) {
      const [sample, info] = await Promise.all([sampleKeys(redis), readInfo(redis, 'memory')]);
      const scale = sample.complete || sample.keys.length === 0 ? 1 : sample.total / sample.keys.length;
      const all = [...Map.groupBy(sample.keys, (key) => key.template)]
        .map(([template, keys]) => summarise(template, keys, scale))
        .sort((a, b) => b.bytes - a.bytes || b.keys - a.keys || (a.template < b.template ? -1 : 1));
      return {
        keys: sample.complete ? sample.keys.length : sample.total,
        sampled: sample.keys.length,
        complete: sample.complete,
        usedMemoryBytes: figure(info, 'used_memory') ?? 0,
        keyspaces: all.slice(0, MAX_ROWS),
        more: Math.max(0, all.length - MAX_ROWS),
      };
    },
  },
  render(result) {
    const { keyspaces: spaces, more, complete } = result;
    const memory = bytes(result.usedMemoryBytes);
    if (spaces.length === 0) return `Redis holds **no keys**. The server itself uses ${memory} of memory.`;
    const total = spaces.reduce((sum, space) => sum + space.bytes, 0);
    const about = complete ? '' : '≈ ';
    const first = spaces[0];
    return paragraphs(
      `Redis holds **${plural(result.keys, 'key')}** in ${plural(spaces.length + more, 'keyspace')} and uses ${memory} in all.`,
      table(
        ['Keyspace', 'Type', figures('Keys'), figures('Memory'), figures('Expiring')],
        spaces.map((space) => [
          code(space.template),
          space.types.join(', '),
          about + count(space.keys),
          about + bytes(space.bytes),
          percent(space.expiring),
        ]),
      ),
      more > 0 && `${plural(more, 'smaller keyspace is', 'smaller keyspaces are')} left out.`,
      !complete &&
        `These are estimates from a sample of ${count(result.sampled)} keys; only the number of keys is exact.`,
      first !== undefined &&
        total > 0 &&
        spaces.length > 1 &&
        `${code(first.template)} takes ${percent(first.bytes / total)} of what the listed keys take. Ids in keys are masked as \`*\`.`,
    );
  },
});

function summarise(template: string, keys: readonly SampledKey[], scale: number): Keyspace {
  return {
    template,
    types: [...new Set(keys.map((key) => key.type))].sort(),
    keys: Math.round(keys.length * scale),
    bytes: Math.round(keys.reduce((sum, key) => sum + (key.bytes ?? 0), 0) * scale),
    expiring: keys.filter((key) => key.ttlMs !== undefined).length / keys.length,
  };
}
