import { attempt, fields, figure, type Info, readInfo, text } from '../redis/replies.ts';
import { code, facts, paragraphs } from '../text/markdown.ts';
import { count, duration, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface ServerResult {
  readonly product: 'Redis' | 'Valkey';
  readonly version: string;
  readonly mode: string;
  readonly uptimeSeconds: number;
  readonly os?: string;
  readonly role: string;
  readonly replicas: readonly { readonly state: string; readonly lagSeconds?: number }[];
  /** On a replica: whether it hears its primary. */
  readonly primaryLink?: string;
  readonly cluster?: {
    readonly state: string;
    readonly nodes: number;
    readonly masters: number;
    readonly slotsOk: number;
  };
}

const SLOTS = 16384;

export const server: ToolTopic<ServerResult> = toolTopic({
  name: 'server',
  title: 'Server',
  about: 'version, uptime and topology: standalone, replicas, Cluster',
  examples: [
    'Which version of Redis is running, and since when?',
    'redis version',
    'uptime',
    'what version are we on?',
    'how long has redis been running',
    'is it a cluster?',
    'topology',
    'are there replicas?',
    'standalone or cluster?',
    'server info',
    'replication status',
    'is this Valkey or Redis?',
    'upitme of the server',
    'when was redis last restarted?',
  ],
  cues: [
    ['version', 4],
    ['uptime', 4],
    ['topology', 4],
    ['replica', 3],
    ['replication', 4],
    ['cluster', 3],
    ['sentinel', 3],
    ['standalone', 3],
    ['valkey', 3],
    ['server info', 3],
    ['info', 2],
    ['redis info', 2],
    ['how long', 1],
    ['redis up', 2.5],
    ['build', 1],
    ['been running', 3],
    ['been up', 3],
    ['running since', 3],
    ['since when', 2],
    ['restarted', 3],
    ['last restart', 3],
    ['started', 2],
    ['primary', 2],
    ['master', 2],
    ['status', 0.5],
    ['server', 0.5],
    ['redis', 0.5],
    ['running', 0.5],
  ],
  tool: {
    name: 'read_server',
    operatorOnly: true,
    input: {},
    async run({ redis }) {
      const info = await readInfo(redis, 'server', 'replication');
      const cluster =
        (info.redis_mode ?? info.server_mode) === 'cluster'
          ? await attempt(() => redis.call(['CLUSTER', 'INFO']))
          : undefined;
      const isValkey = info.server_name === 'valkey' || info.valkey_version !== undefined;
      return {
        product: isValkey ? 'Valkey' : 'Redis',
        version: (isValkey ? info.valkey_version : undefined) ?? info.redis_version ?? 'unknown',
        mode: info.redis_mode ?? info.server_mode ?? 'unknown',
        uptimeSeconds: figure(info, 'uptime_in_seconds') ?? 0,
        ...(info.os !== undefined && { os: info.os }),
        role:
          info.role === 'slave' ? 'replica' : info.role === 'master' ? 'primary' : (info.role ?? 'unknown'),
        replicas: replicasOf(info),
        ...(info.master_link_status !== undefined && { primaryLink: info.master_link_status }),
        ...(cluster !== undefined && { cluster: clusterOf(text(cluster)) }),
      };
    },
  },
  render(result) {
    const { product, version, mode, role, replicas, cluster } = result;
    return paragraphs(
      `**${product} ${code(version)}**, ${mode}, up for **${duration(result.uptimeSeconds * 1000)}**.`,
      facts([
        ['Role', role],
        [
          'Replicas',
          replicas.length === 0
            ? 'none'
            : `${count(replicas.length)} (${replicas.map(({ state, lagSeconds }) => `${code(state)}${lagSeconds === undefined ? '' : `, ${duration(lagSeconds * 1000)} behind`}`).join('; ')})`,
        ],
        ['Link to the primary', result.primaryLink && code(result.primaryLink)],
        [
          'Cluster',
          cluster &&
            `${code(cluster.state)}, ${plural(cluster.masters, 'master')} among ${plural(cluster.nodes, 'node')}, ${count(cluster.slotsOk)} of ${count(SLOTS)} slots served`,
        ],
        ['System', result.os && code(result.os)],
      ]),
      verdict(result),
    );
  },
});

function replicasOf(info: Info): ServerResult['replicas'] {
  return Object.entries(info)
    .filter(([name]) => /^slave\d+$/.test(name))
    .slice(0, 20)
    .map(([, line]) => {
      const replica = fields(line);
      const lagSeconds = figure(replica, 'lag');
      return {
        state: replica.state ?? 'unknown',
        ...(lagSeconds !== undefined && lagSeconds >= 0 && { lagSeconds }),
      };
    });
}

function clusterOf(reply: string): NonNullable<ServerResult['cluster']> {
  const info: Info = Object.fromEntries(
    reply.split('\r\n').map((line) => line.split(':') as [string, string]),
  );
  return {
    state: info.cluster_state ?? 'unknown',
    nodes: figure(info, 'cluster_known_nodes') ?? 0,
    masters: figure(info, 'cluster_size') ?? 0,
    slotsOk: figure(info, 'cluster_slots_ok') ?? 0,
  };
}

function verdict({ cluster, role, replicas, primaryLink }: ServerResult): string {
  if (cluster !== undefined) {
    return cluster.slotsOk < SLOTS
      ? 'Threads whose slots are not served wait until they are; the others go on.'
      : 'Figures of the other tools are those of one node of this Cluster.';
  }
  if (role === 'replica') {
    return primaryLink === 'up'
      ? 'A replica refuses writes: point `REDIS_URL` at the primary.'
      : 'This replica has lost its primary and refuses writes: point `REDIS_URL` at the primary.';
  }
  return replicas.length > 0
    ? 'Replicas follow asynchronously: what a failover loses is noticed and told by a `reset`.'
    : 'There is no second copy: while this server is away, the chat waits for it.';
}
