import { evictable, keysFindings } from './keys-findings.ts';
import type { InspectReport } from './report.ts';
import type { ServerReport } from './server.ts';
import { bytes, count, percent, plural } from './units.ts';

/** Every thing that deserves attention, one sentence each; {@link Finding.message} has the figures. */
export const FINDING_CODES = {
  unreachable: 'A master did not answer, so the report leaves it out.',
  'unowned-keys': 'Keys that no declared keyspace owns.',
  'missing-ttl': 'Keys without a TTL in a keyspace that declares one.',
  'wrong-type': 'Keys of another type than their keyspace declares.',
  'may-be-evicted': 'Redis may throw keys away that their keyspace declares it must not.',
  'save-failed': 'The last write to disk failed.',
  'replica-cut-off': 'A replica has no link to its master.',
  'memory-near-limit': 'More than 85 % of maxmemory is used.',
  'no-memory-limit': 'maxmemory is not set.',
  'keys-evicted': 'Redis threw keys away to make room.',
  fragmented: 'The process holds half as much memory again as it uses, or more.',
  'not-persistent': 'Nothing is kept on disk.',
  'connections-near-limit': 'More than 80 % of maxclients are connected.',
  'connections-rejected': 'Redis refused connections, because there were too many.',
  'unnamed-connections': 'Connections without a name: nobody can tell whose they are.',
  'huge-keys': 'Keys over 10 MiB: deleting or reading one holds up everybody else.',
} as const;

export type FindingCode = keyof typeof FINDING_CODES;

export interface Finding {
  readonly code: FindingCode;
  /** One sentence with figures; names in it are masked unless asked otherwise. */
  readonly message: string;
}

const NEAR_MEMORY_LIMIT = 0.85;
const NEAR_CLIENT_LIMIT = 0.8;
const FRAGMENTED = 1.5;
/** Below this the ratio says nothing: the process itself is larger than its data. */
const FRAGMENTED_FROM_BYTES = 64 * 2 ** 20;

/** Gravest first, in the order of {@link FINDING_CODES}. */
export function findingsOf(report: Omit<InspectReport, 'findings'>): Finding[] {
  const found = [
    ...report.unreachable.map(
      (node): Finding => ({
        code: 'unreachable',
        message: `${node} did not answer, so this report leaves it out.`,
      }),
    ),
    ...keysFindings(report.keys),
    ...report.servers.flatMap((server) => serverFindings(server, report.servers.length > 1)),
    ...evictionFindings(report),
    ...connectionFindings(report.connections),
  ];
  const order = Object.keys(FINDING_CODES);
  return found.sort((a, b) => order.indexOf(a.code) - order.indexOf(b.code));
}

function serverFindings(server: ServerReport, several: boolean): Finding[] {
  const { persistence, evictedKeys = 0, role, masterLink } = server;
  const where = several ? `${server.node}: ` : '';
  const found: (Finding | false)[] = [
    !persistence.ok && {
      code: 'save-failed',
      message: 'The last write to disk failed; its log says why. What is newer is in memory only.',
    },
    role === 'replica' &&
      masterLink !== undefined &&
      masterLink !== 'up' && {
        code: 'replica-cut-off',
        message: 'This replica has no link to its master: what it holds may be old.',
      },
    ...memoryFindings(server),
    evictedKeys > 0 && {
      code: 'keys-evicted',
      message: `Redis threw ${plural(evictedKeys, 'key')} away since it started, to make room.`,
    },
    persistence.aof === false &&
      persistence.save === '' && {
        code: 'not-persistent',
        message: 'Neither an append-only file nor snapshots are on: a restart loses everything.',
      },
  ];
  return found
    .filter((finding) => finding !== false)
    .map(({ code, message }) => ({ code, message: where + message }));
}

function memoryFindings({
  memory: { usedBytes = 0, maxBytes, fragmentation, policy },
}: ServerReport): Finding[] {
  const found: (Finding | false)[] = [
    maxBytes === 0 && {
      code: 'no-memory-limit',
      message: 'maxmemory is not set: a growing data set ends in the operating system killing Redis.',
    },
    maxBytes !== undefined &&
      maxBytes > 0 &&
      usedBytes / maxBytes > NEAR_MEMORY_LIMIT && {
        code: 'memory-near-limit',
        message: `${percent(usedBytes / maxBytes)} of maxmemory (${bytes(maxBytes)}) is used; at the limit, ${
          policy === undefined || policy === 'noeviction'
            ? 'writes are refused'
            : `keys are thrown away (${policy})`
        }.`,
      },
    fragmentation !== undefined &&
      fragmentation > FRAGMENTED &&
      usedBytes > FRAGMENTED_FROM_BYTES && {
        code: 'fragmented',
        message: `Fragmentation is ${fragmentation}: activedefrag or a restart gives memory back.`,
      },
  ];
  return found.filter((finding) => finding !== false);
}

/** Where a limit is set, its policy decides what goes when it is reached. */
function evictionFindings({ servers, keys }: Pick<InspectReport, 'servers' | 'keys'>): Finding[] {
  const policies = servers.flatMap(({ memory: { maxBytes = 0, policy = '' } }) =>
    maxBytes > 0 ? policy : [],
  );
  return [...new Set(policies)].flatMap((policy): Finding[] => {
    const names = evictable(keys, policy).map(({ name }) => name);
    const more = names.length > 3 ? ` and ${plural(names.length - 3, 'other')}` : '';
    const message = `maxmemory-policy ${policy} may throw away keys of ${names.slice(0, 3).join(', ')}${more}, which are declared as not evictable.`;
    return names.length === 0 ? [] : [{ code: 'may-be-evicted', message }];
  });
}

function connectionFindings(connections: InspectReport['connections']): Finding[] {
  if (connections === undefined) return [];
  const { mostOnOneServer, maxClients = Infinity, rejected, unnamed } = connections;
  const found: (Finding | false)[] = [
    mostOnOneServer > NEAR_CLIENT_LIMIT * maxClients && {
      code: 'connections-near-limit',
      message: `${count(mostOnOneServer)} of ${count(maxClients)} possible connections are open.`,
    },
    rejected > 0 && {
      code: 'connections-rejected',
      message: `Redis refused ${plural(rejected, 'connection')} since it started.`,
    },
    unnamed > 0 && {
      code: 'unnamed-connections',
      message: `${plural(unnamed, 'connection has', 'connections have')} no name, so nobody can tell whose ${
        unnamed === 1 ? 'it is' : 'they are'
      }.`,
    },
  ];
  return found.filter((finding) => finding !== false);
}
