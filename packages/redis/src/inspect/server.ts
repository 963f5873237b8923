import { fields, figure, type Info, readConfig, readInfo } from './info.ts';
import type { Reader } from './reader.ts';

/** What a server tells about itself. Undefined: it does not tell. */
export interface ServerReport {
  readonly node: string;
  readonly product: 'Redis' | 'Valkey';
  readonly version: string;
  readonly mode: string;
  readonly role: 'master' | 'replica' | 'unknown';
  /** Of a master: how many replicas follow it. */
  readonly replicas: number;
  /** Of a replica: whether it has a link to its master. */
  readonly masterLink: string | undefined;
  readonly uptimeSeconds: number | undefined;
  readonly memory: MemoryReport;
  readonly persistence: PersistenceReport;
  /** Keys by database, as Redis counts them. The keys of one database are inspected. */
  readonly databases: readonly DatabaseReport[];
  /** Since the server started. */
  readonly evictedKeys: number | undefined;
}

export interface MemoryReport {
  readonly usedBytes: number | undefined;
  readonly peakBytes: number | undefined;
  /** What the operating system counts for the server's process. */
  readonly rssBytes: number | undefined;
  readonly datasetBytes: number | undefined;
  /** 0: no limit. */
  readonly maxBytes: number | undefined;
  /** What happens at the limit, e.g. `noeviction`. */
  readonly policy: string | undefined;
  readonly fragmentation: number | undefined;
}

export interface PersistenceReport {
  readonly aof: boolean | undefined;
  /** When the append-only file is forced to the disk: `always`, `everysec`, `no`. */
  readonly fsync: string | undefined;
  /** The schedule of snapshots, `''` for none, as the setting `save` has it. */
  readonly save: string | undefined;
  /** Of the last snapshot, or of the server's start. */
  readonly lastSaveAt: string | undefined;
  readonly changesSinceSave: number | undefined;
  /** Whether the last snapshot, append and rewrite went well. */
  readonly ok: boolean;
}

export interface DatabaseReport {
  readonly index: number;
  readonly keys: number;
  /** Keys with a TTL. */
  readonly expires: number;
}

export async function serverReport(reader: Reader): Promise<ServerReport> {
  const [info, config] = await Promise.all([
    readInfo(reader, 'server', 'replication', 'memory', 'persistence', 'stats', 'keyspace'),
    readConfig(reader, 'save', 'appendfsync'),
  ]);
  const valkey = info.server_name === 'valkey' || info.valkey_version !== undefined;
  return {
    node: reader.node,
    product: valkey ? 'Valkey' : 'Redis',
    version: (valkey ? info.valkey_version : undefined) ?? info.redis_version ?? 'unknown',
    mode: info.redis_mode ?? info.server_mode ?? 'unknown',
    role: info.role === 'slave' ? 'replica' : info.role === 'master' ? 'master' : 'unknown',
    replicas: figure(info, 'connected_slaves') ?? 0,
    masterLink: info.master_link_status,
    uptimeSeconds: figure(info, 'uptime_in_seconds'),
    memory: memory(info),
    persistence: persistence(info, config),
    databases: databases(info),
    evictedKeys: figure(info, 'evicted_keys'),
  };
}

function memory(info: Info): MemoryReport {
  return {
    usedBytes: figure(info, 'used_memory'),
    peakBytes: figure(info, 'used_memory_peak'),
    rssBytes: figure(info, 'used_memory_rss'),
    datasetBytes: figure(info, 'used_memory_dataset'),
    maxBytes: figure(info, 'maxmemory'),
    policy: info.maxmemory_policy,
    fragmentation: figure(info, 'mem_fragmentation_ratio'),
  };
}

function persistence(info: Info, config: Info): PersistenceReport {
  const saved = figure(info, 'rdb_last_save_time');
  const states = [info.rdb_last_bgsave_status, info.aof_last_write_status, info.aof_last_bgrewrite_status];
  return {
    aof: info.aof_enabled === undefined ? undefined : info.aof_enabled === '1',
    fsync: config.appendfsync,
    save: config.save,
    lastSaveAt: saved === undefined ? undefined : new Date(saved * 1000).toISOString(),
    changesSinceSave: figure(info, 'rdb_changes_since_last_save'),
    ok: states.every((state) => state === undefined || state === 'ok'),
  };
}

/** `db0:keys=2,expires=1,avg_ttl=0` */
function databases(info: Info): DatabaseReport[] {
  return Object.entries(info).flatMap(([name, line]) => {
    const index = /^db(\d+)$/.exec(name)?.[1];
    if (index === undefined) return [];
    const counts = fields(line);
    return [
      { index: Number(index), keys: figure(counts, 'keys') ?? 0, expires: figure(counts, 'expires') ?? 0 },
    ];
  });
}
