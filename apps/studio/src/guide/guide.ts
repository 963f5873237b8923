import { type Agent, type RunContext, StepError } from '@taproot/chat/server';
import type { DocsIndex } from './docs/index.ts';
import { GuideError } from './errors.ts';
import { Recogniser } from './language/recognise.ts';
import { patient } from './redis/patient.ts';
import type { RedisReader } from './redis/reader.ts';
import type { ListThreads, Sources } from './sources.ts';
import { paragraphs } from './text/markdown.ts';
import { streamText } from './text/stream.ts';
import { type Ask, execute, type ModelAgent, type Topic } from './topic.ts';
import { TOPICS } from './topics/index.ts';
import { answerUnknown, PARTLY } from './unknown.ts';

/** Options of {@link createGuide}. */
export interface GuideOptions {
  /** Reads Redis; the studio gives its manager. */
  readonly manager: RedisReader;
  /** The project's documentation, see `loadDocs`. */
  readonly docs: DocsIndex;
  /** Lists a user's own threads. Absent: the guide says that it cannot. */
  readonly listThreads?: ListThreads;
  /** Whether to say that the agent `model` can be switched on or that it is yet to come. @default 'later' */
  readonly modelAgent?: ModelAgent;
  /** Pause before each piece of text, in ms, so that the answer is seen to arrive; 0 for none. @default 20 */
  readonly paceMs?: number;
  /** How long a tool waits for Redis to come back before it fails, in ms, at least 0. @default 15000 */
  readonly patienceMs?: number;
}

export const DEFAULT_GUIDE_OPTIONS = { modelAgent: 'later', paceMs: 20, patienceMs: 15_000 } as const;

/** The agent that answers about this very system, with real tools and without a model. Throws `invalid-options`. */
export function createGuide(options: GuideOptions): Agent {
  const paceMs = duration('paceMs', options.paceMs);
  const patienceMs = duration('patienceMs', options.patienceMs);
  const recogniser = new Recogniser<Topic>(TOPICS);
  return {
    name: 'guide',
    async *run(context) {
      const sources = (signal: AbortSignal): Sources => ({
        redis: patient(options.manager, signal, patienceMs),
        docs: options.docs,
        listThreads: options.listThreads,
        user: context.user,
        signal,
      });
      const ask: Ask = {
        text: context.message.text,
        user: context.user,
        topics: TOPICS,
        modelAgent: options.modelAgent ?? DEFAULT_GUIDE_OPTIONS.modelAgent,
        use: (tool) => outcomeOf(context, execute(tool, context, sources)),
      };
      yield* streamText('t1', await compose(ask, recogniser), paceMs, context.signal);
    },
  };
}

/** All tools first, one after the other, so that a replay meets the same steps in the same order; then the text. */
async function compose(ask: Ask, recogniser: Recogniser<Topic>): Promise<string> {
  const { topics, unknown } = recogniser.recognise(ask.text);
  if (topics.length === 0) return answerUnknown(ask);
  const answers: string[] = [];
  for (const topic of topics) {
    const answer = await topic.answer(ask);
    answers.push(topics.length === 1 ? answer : paragraphs(`### ${topic.title}`, answer));
  }
  return paragraphs(...answers, unknown && topics.some((topic) => topic.aside !== true) && PARTLY);
}

/** A step that failed becomes part of the answer; everything else (stopped, lease lost) ends the run. */
async function outcomeOf<R>(context: RunContext, step: Promise<R>): Promise<R | { readonly failed: string }> {
  try {
    return await step;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof StepError) return { failed: error.message };
    throw error;
  }
}

function duration(option: 'paceMs' | 'patienceMs', value: number = DEFAULT_GUIDE_OPTIONS[option]): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new GuideError('invalid-options', `Option ${option}: expected a number of at least 0, got ${value}`);
}
