import { attempt, fields, figure, readInfo } from '../redis/replies.ts';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { count, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface ErrorsResult {
  readonly total: number;
  /** Absent on servers before 6.2, which do not count by kind. */
  readonly kinds?: readonly { readonly kind: string; readonly count: number }[];
  readonly rejectedConnections: number;
}

const MAX_ROWS = 10;
/** Kinds that need somebody to act. */
const MEANINGS: Readonly<Record<string, string>> = {
  OOM: 'memory is full: raise `maxmemory`',
  NOAUTH: 'a client sends commands without signing in',
  WRONGPASS: 'a client has a wrong password',
  NOPERM: 'a client may not do what it tries',
  READONLY: 'somebody writes to a replica',
  MISCONF: 'Redis cannot write to its disk',
  BUSY: 'a script ran for too long',
  LOADING: 'Redis was still reading its data',
  NOSCRIPT: 'normal after a restart: scripts are sent anew',
  WRONGTYPE: 'two parts of a program use one key for different things',
  CROSSSLOT: 'a command touches keys of several slots',
};

export const errors: ToolTopic<ErrorsResult> = toolTopic({
  name: 'errors',
  title: 'Errors',
  about: 'error replies that Redis gave, by kind, and refused connections',
  examples: [
    'Are there any errors in Redis?',
    'errors',
    'error stats',
    'what went wrong lately',
    'did redis reject anything?',
    'failed commands',
    'how many error replies were there?',
    'any problems with redis?',
    'erorrs?',
  ],
  cues: [
    ['error', 4],
    ['errorstat', 4],
    ['error stat', 1],
    ['went wrong', 3],
    ['go wrong', 2],
    ['rejected', 3],
    ['reject', 3],
    ['refused', 3],
    ['failed', 3],
    ['failure', 3],
    ['failing', 3],
    ['problem', 3],
    ['command', 1],
    ['which command', 0.5],
    ['replies', 0.5],
  ],
  tool: {
    name: 'read_errors',
    operatorOnly: true,
    input: {},
    async run({ redis }) {
      const [stats, byKind] = await Promise.all([
        readInfo(redis, 'stats'),
        attempt(() => readInfo(redis, 'errorstats')),
      ]);
      const kinds = Object.entries(byKind ?? {})
        .map(([name, line]) => ({
          kind: name.replace(/^errorstat_/, '').slice(0, 40),
          count: figure(fields(line), 'count') ?? 0,
        }))
        .sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1));
      const sum = kinds.reduce((total, kind) => total + kind.count, 0);
      return {
        total: figure(stats, 'total_error_replies') ?? sum,
        ...(kinds.length > 0 && { kinds: kinds.slice(0, MAX_ROWS) }),
        rejectedConnections: figure(stats, 'rejected_connections') ?? 0,
      };
    },
  },
  render({ total, kinds, rejectedConnections }) {
    const rejected =
      rejectedConnections > 0 &&
      `${plural(rejectedConnections, 'connection was', 'connections were')} refused because \`maxclients\` was reached.`;
    if (total === 0) return paragraphs('Redis has given **no error replies** since it started.', rejected);
    return paragraphs(
      `Redis has given **${plural(total, 'error reply', 'error replies')}** since it started.`,
      kinds &&
        table(
          ['Kind', figures('Replies'), 'What it means'],
          kinds.map(({ kind, count: replies }) => [
            code(kind),
            count(replies),
            MEANINGS[kind] ?? 'a command was refused',
          ]),
        ),
      rejected,
      'A small number of `ERR` and `NOSCRIPT` is normal; a number that grows is not. Ask again in a minute to see.',
    );
  },
});
