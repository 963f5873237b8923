import { figure, readInfo } from '../redis/replies.ts';
import { code, facts, paragraphs } from '../text/markdown.ts';
import { bytes, percent } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface MemoryResult {
  readonly usedBytes: number;
  /** 0: no limit. */
  readonly maxBytes: number;
  readonly peakBytes?: number;
  readonly rssBytes?: number;
  readonly datasetBytes?: number;
  readonly clientsBytes?: number;
  readonly fragmentation?: number;
  readonly policy?: string;
  readonly systemBytes?: number;
}

/** Below this the ratio says nothing: the process itself is larger than its data. */
const FRAGMENTATION_FROM_BYTES = 64 * 2 ** 20;
const CLOSE_TO_MAX = 0.85;

export const memory: ToolTopic<MemoryResult> = toolTopic({
  name: 'memory',
  title: 'Memory',
  about: 'memory used, its limit, fragmentation and eviction policy',
  examples: [
    'How much memory does Redis use?',
    'memory',
    'memory usage',
    'what is the maxmemory setting?',
    'how much RAM is used',
    'is redis running out of memory?',
    'fragmentation ratio',
    'which eviction policy is set?',
    'memroy overview',
    'how close are we to the memory limit?',
    'used memory and peak',
    'is the memory full?',
    'max memory',
  ],
  cues: [
    ['memory', 3],
    ['ram', 3],
    ['maxmemory', 4],
    ['fragmentation', 3],
    ['fragmented', 3],
    ['eviction policy', 3],
    ['policy', 1],
    ['eviction', 2],
    ['footprint', 3],
    ['rss', 3],
    ['oom', 3],
    ['memory usage', 1],
    ['how much memory', 1],
    ['out memory', 1],
    ['memory limit', 1],
    ['limit', 0.5],
    ['peak', 1],
    ['used', 0.5],
    ['max', 0.5],
    ['ratio', 0.5],
    ['full', 1],
    ['how full', 3],
    ['space left', 3],
    ['space is left', 3],
    ['is redis running out', 5],
  ],
  tool: {
    name: 'read_memory',
    operatorOnly: true,
    input: {},
    async run({ redis }) {
      const info = await readInfo(redis, 'memory');
      return Object.fromEntries(
        Object.entries({
          usedBytes: figure(info, 'used_memory') ?? 0,
          maxBytes: figure(info, 'maxmemory') ?? 0,
          peakBytes: figure(info, 'used_memory_peak'),
          rssBytes: figure(info, 'used_memory_rss'),
          datasetBytes: figure(info, 'used_memory_dataset'),
          clientsBytes: figure(info, 'mem_clients_normal'),
          fragmentation: figure(info, 'mem_fragmentation_ratio'),
          policy: info.maxmemory_policy,
          systemBytes: figure(info, 'total_system_memory'),
        }).filter(([, value]) => value !== undefined),
      ) as unknown as MemoryResult;
    },
  },
  render(result) {
    const { usedBytes, maxBytes, fragmentation, policy } = result;
    const optional = (value: number | undefined): string | undefined =>
      value === undefined ? undefined : bytes(value);
    return paragraphs(
      maxBytes > 0
        ? `Redis uses **${bytes(usedBytes)}** of at most **${bytes(maxBytes)}** (${percent(usedBytes / maxBytes)}).`
        : `Redis uses **${bytes(usedBytes)}** and has **no limit** (\`maxmemory\` is 0).`,
      facts([
        ['Data', optional(result.datasetBytes)],
        ['Buffers of connections', optional(result.clientsBytes)],
        ['Highest so far', optional(result.peakBytes)],
        ['As the operating system sees it', optional(result.rssBytes)],
        ['Memory of the machine', optional(result.systemBytes)],
        ['Fragmentation', fragmentation === undefined ? undefined : `${fragmentation}${remark(result)}`],
        ['Eviction policy', policy === undefined ? undefined : code(policy)],
      ]),
      verdict(result),
    );
  },
});

function remark({ usedBytes, fragmentation }: MemoryResult): string {
  if (usedBytes < FRAGMENTATION_FROM_BYTES) return ' (says little while so little is stored)';
  return fragmentation !== undefined && fragmentation > 1.5
    ? ' (high: `activedefrag yes` or a restart gives memory back)'
    : '';
}

function verdict({ usedBytes, maxBytes, policy }: MemoryResult): string {
  if (maxBytes === 0)
    return 'Without a limit a growing data set ends in the operating system killing Redis: set `maxmemory`.';
  const full =
    policy === undefined || policy === 'noeviction'
      ? 'writes are refused and nothing is thrown away'
      : 'Redis throws keys away to make room, threads among them; `noeviction` is the policy for data that must stay';
  return usedBytes / maxBytes > CLOSE_TO_MAX
    ? `That is close to the limit; when it is reached, ${full}. Raise \`maxmemory\` or delete threads.`
    : `When the limit is reached, ${full}.`;
}
