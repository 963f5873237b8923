import type { RunContext, User } from '@taproot/chat/server';
import { GuideError } from './errors.ts';
import type { Cue } from './language/recognise.ts';
import type { Sources } from './sources.ts';
import { code } from './text/markdown.ts';

/** Whether the agent `model` can be switched on in this release. */
export type ModelAgent = 'available' | 'later';

/** What a topic answers from. Its text may depend on nothing else, so that a replay gives the same text. */
export interface Ask {
  /** The user's message. */
  readonly text: string;
  readonly user: User;
  readonly topics: readonly Topic[];
  readonly modelAgent: ModelAgent;
  /** Runs a tool as a durable step. */
  use<R extends object>(tool: Tool<R>): Promise<Outcome<R>>;
}

/** Something the guide can answer: one file in topics/, and a line in topics/index.ts. */
export interface Topic {
  readonly name: string;
  /** Heading where several topics are answered at once. */
  readonly title: string;
  /** What it tells, for the list of what the guide can do. */
  readonly about: string;
  /** Questions it must recognise; the first one is shown as its example. Tests ask all of them. */
  readonly examples: readonly [string, ...string[]];
  readonly cues: readonly Cue[];
  /** Not in the list of what the guide can do. */
  readonly unlisted?: boolean;
  readonly aside?: boolean;
  readonly wholeClause?: boolean;
  /** Answers in markdown. */
  answer(ask: Ask): Promise<string>;
}

/** A read that runs as a durable step; its result is JSON and kept in the thread's log. */
export interface Tool<R extends object> {
  readonly name: string;
  /** Shows the system itself, so it refuses everybody but operators, whatever was asked. */
  readonly operatorOnly: boolean;
  readonly input: Readonly<Record<string, string | number>>;
  run(sources: Sources): Promise<R>;
}

/** The recorded result of a tool that did not run. */
export interface Refusal {
  readonly refused: 'operator role needed';
}

export type Outcome<R extends object> = R | Refusal | { readonly failed: string };

/** Executes a tool as a step. */
export function execute<R extends object>(
  tool: Tool<R>,
  context: Pick<RunContext, 'step'>,
  sources: (signal: AbortSignal) => Sources,
): Promise<R | Refusal> {
  return context.step(tool.name, tool.input, ({ signal }) => perform(tool, sources(signal)));
}

/** What a tool's step does. The role is checked here, where no prompt reaches. */
export async function perform<R extends object>(tool: Tool<R>, sources: Sources): Promise<R | Refusal> {
  if (tool.operatorOnly && !sources.user.operator) return { refused: 'operator role needed' };
  try {
    return await tool.run(sources);
  } catch (error) {
    sources.signal.throwIfAborted();
    throw new GuideError('tool-failed', reasonOf(error), { cause: error });
  }
}

/** The log keeps a tool's failure, so its words must not tell of addresses, keys or arguments, as errors of Redis may. */
function reasonOf(error: unknown): string {
  if (error instanceof GuideError) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? `Something went wrong${/^[a-z-]{1,40}$/.test(code) ? ` (${code})` : ''}`;
}

const REASONS: Readonly<Record<string, string>> = {
  'connection-lost': 'Redis went away',
  timeout: 'Redis does not answer',
  loading: 'Redis is still reading its data',
  noauth: 'Redis refuses our sign-in',
  noperm: 'Redis does not allow us this command',
  'reply-error': 'Redis does not know this command',
};

/** A topic that is answered from one tool's result. */
export interface ToolTopic<R extends object> extends Topic {
  readonly tool: Tool<R>;
  render(result: R): string;
}

/** Makes the usual topic: run the tool, render what it found, or say plainly why there is nothing. */
export function toolTopic<R extends object>(definition: Omit<ToolTopic<R>, 'answer'>): ToolTopic<R> {
  const { tool, render } = definition;
  return {
    ...definition,
    async answer(ask) {
      const outcome = await ask.use(tool);
      return settled(outcome) ? render(outcome) : explain(tool, outcome);
    },
  };
}

/** Whether the tool ran and has a result. */
export function settled<R extends object>(outcome: Outcome<R>): outcome is R {
  return !('refused' in outcome) && !('failed' in outcome);
}

/** Why a tool has no result. */
export function explain(tool: { readonly name: string }, outcome: object): string {
  return 'failed' in outcome
    ? `I could not find out: the tool \`${tool.name}\` failed with ${code(String(outcome.failed), 200)}.`
    : `The tool \`${tool.name}\` refused: it shows the system itself, and that needs the operator role, which you are signed in without. Nothing was read.`;
}
