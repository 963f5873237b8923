import { figure, readInfo } from '../redis/replies.ts';
import { facts, paragraphs } from '../text/markdown.ts';
import { bytes, count, duration, percent, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface ThroughputResult {
  readonly opsPerSecond: number;
  readonly commands: number;
  readonly uptimeSeconds: number;
  readonly hits: number;
  readonly misses: number;
  readonly expired: number;
  readonly evicted: number;
  readonly inBytesPerSecond: number;
  readonly outBytesPerSecond: number;
}

export const throughput: ToolTopic<ThroughputResult> = toolTopic({
  name: 'throughput',
  title: 'Throughput',
  about: 'operations per second, hits and misses, expired and evicted keys',
  examples: [
    'How many operations per second does Redis do?',
    'throughput',
    'ops/s',
    'hit rate',
    'hits and misses',
    'how busy is redis',
    'commands per second',
    'what is the load on redis?',
    'were any keys evicted?',
    'thruoghput',
    'cache hit ratio',
    'how much traffic is there',
    'how many requests per second are we serving',
  ],
  cues: [
    ['throughput', 4],
    ['per second', 4],
    ['ops', 3],
    ['sec', 2],
    ['second', 1],
    ['evict', 3],
    ['ops s', 2],
    ['ops sec', 2],
    ['qps', 4],
    ['rps', 4],
    ['operation', 1],
    ['request', 1],
    ['command', 0.5],
    ['hit', 3],
    ['miss', 3],
    ['hit rate', 1],
    ['hit ratio', 1],
    ['ratio', 0.5],
    ['rate', 1],
    ['busy', 3],
    ['load', 3],
    ['traffic', 3],
    ['bandwidth', 3],
    ['evicted', 3],
    ['expired', 3],
    ['key', 0.5],
    ['many', 0.5],
  ],
  tool: {
    name: 'read_throughput',
    operatorOnly: true,
    input: {},
    async run({ redis }) {
      const info = await readInfo(redis, 'stats', 'server');
      const of = (name: string): number => figure(info, name) ?? 0;
      return {
        opsPerSecond: of('instantaneous_ops_per_sec'),
        commands: of('total_commands_processed'),
        uptimeSeconds: of('uptime_in_seconds'),
        hits: of('keyspace_hits'),
        misses: of('keyspace_misses'),
        expired: of('expired_keys'),
        evicted: of('evicted_keys'),
        inBytesPerSecond: Math.round(of('instantaneous_input_kbps') * 1024),
        outBytesPerSecond: Math.round(of('instantaneous_output_kbps') * 1024),
      };
    },
  },
  render(result) {
    const { hits, misses, commands, uptimeSeconds, evicted } = result;
    const lookups = hits + misses;
    return paragraphs(
      `Redis does **${count(result.opsPerSecond)} operations per second** at the moment${
        lookups === 0 ? '' : `, and **${percent(hits / lookups)}** of all lookups so far found their key`
      }.`,
      facts([
        [
          'Commands since it started',
          `${count(commands)} in ${duration(uptimeSeconds * 1000)}${average(commands, uptimeSeconds)}`,
        ],
        [
          'Lookups',
          lookups === 0 ? 'none yet' : `${plural(hits, 'hit')}, ${plural(misses, 'miss', 'misses')}`,
        ],
        ['Traffic now', `${bytes(result.inBytesPerSecond)}/s in, ${bytes(result.outBytesPerSecond)}/s out`],
        ['Expired keys', count(result.expired)],
        ['Evicted keys', count(evicted)],
      ]),
      evicted > 0
        ? 'Evicted keys were thrown away because memory was full: raise `maxmemory`, or set `noeviction` if they were not meant to go.'
        : 'No key was thrown away for lack of memory.',
    );
  },
});

function average(commands: number, seconds: number): string {
  return seconds < 1 ? '' : ` (${count(Math.round((commands / seconds) * 10) / 10)} per second on average)`;
}
