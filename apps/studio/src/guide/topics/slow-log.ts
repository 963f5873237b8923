import { list, number, readConfig, text } from '../redis/replies.ts';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { count, duration, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface SlowEntry {
  readonly command: string;
  readonly ms: number;
  readonly agoMs: number;
  /** The connection's name. */
  readonly client?: string;
}

export interface SlowLogResult {
  readonly entries: number;
  /** Newest first, at most {@link MAX_ENTRIES}. */
  readonly newest: readonly SlowEntry[];
  /** Commands slower than this are logged; below 0 none is. */
  readonly thresholdMs?: number;
}

const MAX_ENTRIES = 10;

export const slowLog: ToolTopic<SlowLogResult> = toolTopic({
  name: 'slow-log',
  title: 'Slow log',
  about: 'the slowest commands, without their arguments',
  examples: [
    'Is anything in the slow log?',
    'slowlog',
    'show slow commands',
    'which commands were slow recently?',
    'Are there slow queries?',
    'what took so long in redis',
    'slow queries pls',
    'any slow operations lately?',
    'show me the solw log',
    'what is the slowest command?',
  ],
  cues: [
    ['slow log', 3],
    ['slowlog', 5],
    ['slow', 3],
    ['slowest', 3],
    ['slow command', 2],
    ['slow query', 2],
    ['slow queries', 2],
    ['command', 0.5],
    ['query', 0.5],
    ['operation', 0.5],
    ['took so long', 3],
    ['take so long', 3],
    ['too long', 2],
    ['why is redis slow', 4],
    ['why is redis so slow', 4],
    ['log', 0.5],
  ],
  tool: {
    name: 'read_slow_log',
    operatorOnly: true,
    input: { entries: MAX_ENTRIES },
    async run({ redis }) {
      const [length, reply, time, config] = await Promise.all([
        redis.call(['SLOWLOG', 'LEN']),
        redis.call(['SLOWLOG', 'GET', String(MAX_ENTRIES)]),
        redis.call(['TIME']),
        readConfig(redis, 'slowlog-log-slower-than'),
      ]);
      const nowMs = number(list(time)[0]) * 1000;
      const threshold = config['slowlog-log-slower-than'];
      return {
        entries: number(length),
        newest: list(reply).map((entry) => withoutArguments(list(entry), nowMs)),
        ...(threshold !== undefined && { thresholdMs: Number(threshold) / 1000 }),
      };
    },
  },
  render({ entries, newest, thresholdMs }) {
    const slower = thresholdMs === undefined ? '' : ` slower than ${duration(thresholdMs)}`;
    if (thresholdMs !== undefined && thresholdMs < 0) {
      return 'The slow log is **switched off** (`slowlog-log-slower-than` is negative), so nothing is known about slow commands.';
    }
    const slowest = newest.reduce<SlowEntry | undefined>(
      (a, b) => (a === undefined || b.ms > a.ms ? b : a),
      undefined,
    );
    if (slowest === undefined)
      return `The slow log is **empty**: no command was${slower || ' slow'} since it was last cleared.`;
    return paragraphs(
      `The slow log has **${plural(entries, 'entry', 'entries')}**${slower}. ${
        newest.length < entries ? `Of the newest ${count(newest.length)}, the` : 'The'
      } slowest is ${code(slowest.command)} with ${duration(slowest.ms)}.`,
      table(
        ['Command', figures('Took'), figures('Ago'), 'Connection'],
        newest.map((entry) => [
          code(entry.command),
          duration(entry.ms),
          duration(entry.agoMs),
          entry.client === undefined ? '—' : code(entry.client, 40),
        ]),
      ),
      'While such a command runs, every other one waits. Arguments are not read, because they hold data.',
    );
  },
});

/** `[id, seconds, microseconds, [command, ...arguments], address, name]`: only what tells no data is taken over. */
function withoutArguments(entry: readonly unknown[], nowMs: number): SlowEntry {
  const name = text(list(entry[3])[0] ?? '');
  const client = entry[5] === undefined ? '' : text(entry[5]).slice(0, 80);
  return {
    command: /^[A-Za-z][\w.-]{0,31}$/.test(name) ? name.toUpperCase() : '(not a command name)',
    ms: number(entry[2]) / 1000,
    agoMs: Math.max(0, nowMs - number(entry[1]) * 1000),
    ...(client !== '' && { client }),
  };
}
