import { figure, type Info, readConfig, readInfo } from '../redis/replies.ts';
import { code, facts, paragraphs } from '../text/markdown.ts';
import { bytes, count, duration, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface PersistenceResult {
  readonly aof: boolean;
  /** `always`, `everysec`, `no`; absent where the server does not tell its settings. */
  readonly fsync?: string;
  readonly aofBytes?: number;
  readonly aofWriteStatus?: string;
  /** Times an fsync took so long that a write had to wait for it. */
  readonly delayedFsyncs?: number;
  readonly rewriteStatus?: string;
  readonly rewriting: boolean;
  readonly rewrites?: number;
  readonly lastRewriteSeconds?: number;
  readonly snapshots: boolean;
  readonly snapshotStatus?: string;
  readonly snapshotAgoMs?: number;
  readonly changesSinceSnapshot?: number;
}

export const persistence: ToolTopic<PersistenceResult> = toolTopic({
  name: 'persistence',
  title: 'Persistence',
  about: 'what is on disk: append-only file, fsync, snapshots, and what a crash could lose',
  examples: [
    'Is my data safe on disk?',
    'persistence',
    'is the AOF on?',
    'when was the last rewrite?',
    'fsync setting',
    'what durability do we have?',
    'append only file status',
    'persistance state',
    'last rdb snapshot',
    'Would we lose data in a crash?',
    'when was redis last saved?',
    'is appendonly enabled',
  ],
  cues: [
    ['persistence', 4],
    ['persistent', 3],
    ['persisted', 3],
    ['aof', 4],
    ['append only', 4],
    ['appendonly', 4],
    ['appendfsync', 4],
    ['fsync', 4],
    ['durability', 4],
    ['durable', 3],
    ['rdb', 4],
    ['snapshot', 3],
    ['rewrite', 3],
    ['disk', 3],
    ['on disk', 1],
    ['lose data', 3],
    ['data loss', 3],
    ['data safe', 2],
    ['last saved', 3],
    ['bgsave', 3],
    ['survive a crash', 3],
    ['survive a restart', 3],
    ['crash', 0.5],
    ['status', 0.5],
    ['state', 0.5],
  ],
  tool: {
    name: 'read_persistence',
    operatorOnly: true,
    input: {},
    async run({ redis }) {
      const [info, config] = await Promise.all([
        readInfo(redis, 'persistence', 'server'),
        readConfig(redis, 'appendfsync', 'save'),
      ]);
      return { ...aofOf(info, config), ...snapshotsOf(info, config) };
    },
  },
  render(result) {
    const { aof, snapshots } = result;
    const files = [
      aof
        ? `the append-only file is **on**${result.fsync === undefined ? '' : ` with fsync **${result.fsync}**`}`
        : '',
      snapshots ? 'snapshots (RDB) are **on**' : '',
    ].filter((line) => line !== '');
    return paragraphs(
      files.length === 0
        ? '**Nothing is kept on disk**: no append-only file, no snapshots.'
        : `${capital(files.join(', and '))}.`,
      facts([...aofFacts(result), ...snapshotFacts(result)]),
      verdict(result),
    );
  },
});

type AofResult = Pick<
  PersistenceResult,
  | 'aof'
  | 'fsync'
  | 'aofBytes'
  | 'aofWriteStatus'
  | 'delayedFsyncs'
  | 'rewriteStatus'
  | 'rewriting'
  | 'rewrites'
  | 'lastRewriteSeconds'
>;

function aofOf(info: Info, config: Info): AofResult {
  const aof = info.aof_enabled === '1';
  const rewriteSeconds = figure(info, 'aof_last_rewrite_time_sec');
  const optional = {
    fsync: config.appendfsync,
    aofBytes: figure(info, 'aof_current_size'),
    aofWriteStatus: info.aof_last_write_status,
    delayedFsyncs: figure(info, 'aof_delayed_fsync'),
    rewriteStatus: info.aof_last_bgrewrite_status,
    rewrites: figure(info, 'aof_rewrites'),
    // -1: there was none since the server started.
    lastRewriteSeconds: rewriteSeconds !== undefined && rewriteSeconds >= 0 ? rewriteSeconds : undefined,
  };
  return { aof, rewriting: info.aof_rewrite_in_progress === '1', ...(aof ? known(optional) : {}) };
}

type SnapshotResult = Pick<
  PersistenceResult,
  'snapshots' | 'snapshotStatus' | 'snapshotAgoMs' | 'changesSinceSnapshot'
>;

function snapshotsOf(info: Info, config: Info): SnapshotResult {
  const saved = figure(info, 'rdb_last_save_time');
  const serverMs = (figure(info, 'server_time_usec') ?? Date.now() * 1000) / 1000;
  const optional = {
    snapshotStatus: info.rdb_last_bgsave_status,
    snapshotAgoMs: saved === undefined ? undefined : Math.max(0, Math.round(serverMs - saved * 1000)),
    changesSinceSnapshot: figure(info, 'rdb_changes_since_last_save'),
  };
  const snapshots = config.save === undefined ? (figure(info, 'rdb_saves') ?? 0) > 0 : config.save !== '';
  return { snapshots, ...(snapshots ? known(optional) : {}) };
}

/** The fields that have a value. */
function known<T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function aofFacts(result: PersistenceResult): [string, string | undefined][] {
  if (!result.aof) return [['Append-only file', 'off']];
  const { aofBytes, delayedFsyncs, lastRewriteSeconds, rewrites } = result;
  return [
    ['Append-only file', aofBytes === undefined ? 'on' : bytes(aofBytes)],
    ['Last write to it', result.aofWriteStatus && code(result.aofWriteStatus)],
    ['Writes that waited for a slow fsync', delayedFsyncs === undefined ? undefined : count(delayedFsyncs)],
    [
      'Last rewrite',
      result.rewriting
        ? 'running now'
        : lastRewriteSeconds === undefined
          ? 'none since the server started'
          : `${code(result.rewriteStatus ?? '')}, took ${duration(lastRewriteSeconds * 1000)}${rewrites === undefined ? '' : `, ${count(rewrites)} in all`}`,
    ],
  ];
}

function snapshotFacts(result: PersistenceResult): [string, string | undefined][] {
  if (!result.snapshots) return [['Snapshots (RDB)', 'off']];
  const { snapshotAgoMs, changesSinceSnapshot } = result;
  return [
    [
      'Last snapshot',
      snapshotAgoMs === undefined
        ? undefined
        : `${duration(snapshotAgoMs)} ago, ${code(result.snapshotStatus ?? '')}`,
    ],
    [
      'Changes since then',
      changesSinceSnapshot === undefined ? undefined : plural(changesSinceSnapshot, 'write'),
    ],
  ];
}

function verdict(result: PersistenceResult): string {
  const broken = [
    result.aofWriteStatus === 'err' ? 'Redis **cannot write its append-only file**' : '',
    result.snapshotStatus === 'err' ? 'the last snapshot **failed**' : '',
  ].filter((line) => line !== '');
  if (broken.length > 0)
    return `${capital(broken.join(' and '))}: look at the disk and at the log of Redis now.`;
  if (!result.aof) {
    return result.snapshots
      ? 'A crash loses everything since the last snapshot. `appendonly yes` with `appendfsync always` keeps every accepted message.'
      : 'A restart loses everything, accepted messages included. Set `appendonly yes` and `appendfsync always`.';
  }
  switch (result.fsync) {
    case 'always':
      return 'Every accepted write is on disk before it is answered, so a crash loses none.';
    case 'everysec':
      return 'A crash of the machine can lose the last second; `appendfsync always` loses nothing and is slower.';
    case 'no':
      return 'The operating system decides when to write, so a crash of the machine can lose half a minute. `appendfsync always` loses nothing.';
    default:
      return 'This server does not tell how often it calls fsync, so what a crash could lose is not known here.';
  }
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
