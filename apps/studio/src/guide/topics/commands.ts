import { fields, figure, readInfo } from '../redis/replies.ts';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { count, duration, percent, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface CommandStat {
  readonly command: string;
  readonly calls: number;
  readonly totalMs: number;
  readonly failed: number;
}

export interface CommandsResult {
  readonly calls: number;
  readonly totalMs: number;
  readonly commands: number;
  /** By time, most first. */
  readonly top: readonly CommandStat[];
}

const MAX_ROWS = 10;

export const commands: ToolTopic<CommandsResult> = toolTopic({
  name: 'commands',
  title: 'Commands',
  about: 'which commands take the most time, with their number of calls',
  examples: [
    'Which commands are used most?',
    'command statistics',
    'commandstats',
    'top commands',
    'what commands does redis run?',
    'where does redis spend its time?',
    'most frequent commands',
    'which command takes the most time',
    'comand stats',
  ],
  cues: [
    ['command', 2.5],
    ['commandstat', 4],
    ['command stat', 1],
    ['command statistic', 1],
    ['statistic', 1],
    ['most', 0.5],
    ['top', 1],
    ['frequent', 1],
    ['run', 0.5],
    ['spend its time', 3],
    ['spend time', 3],
    ['spent', 2],
    ['most time', 2],
    ['what command', 1],
    ['which command', 1],
  ],
  tool: {
    name: 'read_command_stats',
    operatorOnly: true,
    input: {},
    async run({ redis }) {
      const info = await readInfo(redis, 'commandstats');
      const all = Object.entries(info).map(([name, line]): CommandStat => {
        const stat = fields(line);
        return {
          command: name
            .replace(/^cmdstat_/, '')
            .replace('|', ' ')
            .toUpperCase()
            .slice(0, 40),
          calls: figure(stat, 'calls') ?? 0,
          totalMs: (figure(stat, 'usec') ?? 0) / 1000,
          failed: (figure(stat, 'failed_calls') ?? 0) + (figure(stat, 'rejected_calls') ?? 0),
        };
      });
      all.sort((a, b) => b.totalMs - a.totalMs || (a.command < b.command ? -1 : 1));
      return {
        calls: all.reduce((sum, { calls }) => sum + calls, 0),
        totalMs: all.reduce((sum, { totalMs }) => sum + totalMs, 0),
        commands: all.length,
        top: all.slice(0, MAX_ROWS),
      };
    },
  },
  render({ calls, totalMs, commands: kinds, top }) {
    const first = top[0];
    if (first === undefined) return 'Redis has **executed no command** since its statistics were reset.';
    return paragraphs(
      `Most of Redis' time goes to ${code(first.command)}: **${percent(totalMs === 0 ? 0 : first.totalMs / totalMs)}** of ${duration(totalMs)} for ${plural(calls, 'call')} in all.`,
      table(
        ['Command', figures('Calls'), figures('Time'), figures('Per call'), figures('Failed')],
        top.map((stat) => [
          code(stat.command),
          count(stat.calls),
          duration(stat.totalMs),
          duration(stat.calls === 0 ? 0 : stat.totalMs / stat.calls),
          count(stat.failed),
        ]),
      ),
      kinds > top.length && `${plural(kinds - top.length, 'further command')} took less.`,
      'Time is what Redis spent executing, without network and waiting. What stands at the top is the first place to save some.',
    );
  },
});
