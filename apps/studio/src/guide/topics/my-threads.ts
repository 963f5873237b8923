import { shortId } from '@taproot/redis';
import { code, figures, paragraphs, table } from '../text/markdown.ts';
import { duration, plural } from '../text/units.ts';
import { type ToolTopic, toolTopic } from '../topic.ts';

export interface MyThreadsResult {
  /** Absent where the guide was made without a list of threads. */
  readonly threads?: number;
  /** Threads whose agent works or waits at present. */
  readonly active: number;
  readonly newest: readonly {
    readonly id: string;
    readonly title: string;
    readonly status: string;
    readonly agoMs: number;
  }[];
}

const MAX_ROWS = 10;
const MAX_TITLE_CHARS = 60;
const ACTIVE = new Set(['queued', 'running', 'waiting']);

export const myThreads: ToolTopic<MyThreadsResult> = toolTopic({
  name: 'my-threads',
  title: 'Your threads',
  about: 'your own threads, and which of them have a run under way',
  examples: [
    'Which threads do I have?',
    'my threads',
    'list my conversations',
    'my runs',
    'how many chats do I have?',
    'show my recent chats',
    'is a run still going?',
    'what are my threads doing',
    'my treads',
    'my last conversations please',
    'running runs',
  ],
  cues: [
    ['my thread', 4],
    ['my conversation', 4],
    ['my chat', 4],
    ['my run', 4],
    ['my recent chat', 4],
    ['thread do i have', 4],
    ['chat do i have', 4],
    ['conversation do i have', 4],
    ['conversation', 2],
    ['chat', 1],
    ['thread', 2],
    ['tread', 2],
    ['my', 1],
    ['run', 1],
    ['run still', 2],
    ['running run', 2],
    ['recent', 0.5],
    ['i have', 1],
  ],
  tool: {
    name: 'list_my_threads',
    operatorOnly: false,
    input: { newest: MAX_ROWS },
    async run({ listThreads, user, signal }) {
      if (listThreads === undefined) return { active: 0, newest: [] };
      const threads = await listThreads(user, signal);
      const now = Date.now();
      return {
        threads: threads.length,
        active: threads.filter(({ status }) => ACTIVE.has(status)).length,
        newest: threads.slice(0, MAX_ROWS).map(({ id, title, status, updatedAt }) => ({
          id: shortId(id),
          title: title.slice(0, 2 * MAX_TITLE_CHARS),
          status,
          agoMs: Math.max(0, now - new Date(updatedAt).getTime()),
        })),
      };
    },
  },
  render({ threads, active, newest }) {
    if (threads === undefined)
      return 'This guide was started **without access to the list of threads**; the page shows it on the left.';
    if (threads === 0) return 'You have **no threads** yet.';
    const under = active === 0 ? 'no run is under way' : `${plural(active, 'run is', 'runs are')} under way`;
    return paragraphs(
      `You have **${plural(threads, 'thread')}**, and ${under}.`,
      table(
        ['Thread', 'Title', 'Status', figures('Last change')],
        newest.map((thread) => [
          code(thread.id),
          code(thread.title, MAX_TITLE_CHARS),
          code(thread.status, 20),
          `${duration(thread.agoMs)} ago`,
        ]),
      ),
      threads > newest.length && `These are the newest ${newest.length}.`,
      active > 0 && 'A run ends by itself; it survives a reload of this page and a restart of the server.',
    );
  },
});
