import type { RedisManager } from '@taproot/redis';
import type { UIMessage } from 'ai';
import type { MessagePart, RunError, RunOutcome } from '../../protocol/index.ts';
import type { Agent, RunContext, User } from '../agent.ts';
import type { ThreadKeys } from '../threads/keys.ts';
import { abortable } from './abortable.ts';
import { Appender } from './appender.ts';
import { Deadline } from './deadline.ts';
import { Lease } from './lease.ts';
import { ModelCalls } from './model-calls.ts';
import { ModelFailure } from './model-failure.ts';
import { OpenTexts } from './open-texts.ts';
import { Question } from './question.ts';
import { NOTHING_LOGGED, type Replay } from './replay.ts';
import { END } from './scripts.ts';
import { RunAborted } from './step-error.ts';
import { StepOrder } from './step-order.ts';
import { Steps } from './steps.ts';

/** A run that this worker owns. */
export interface OwnedRun {
  readonly thread: string;
  readonly run: string;
  readonly keys: ThreadKeys;
  readonly fence: number;
  readonly message: { readonly id: string; readonly parts: readonly MessagePart[] };
  readonly user: User;
  /** What former owners logged; absent for a run that nobody had before. */
  readonly replay?: Replay;
  /** How long it may still take, in ms. */
  readonly deadlineMs: number;
}

/** Keys of the scripts that may end a run, in their order. */
export function endKeys({ log, meta, queue, outcomes, run }: ThreadKeys, id: string): readonly string[] {
  return [log.stream, log.head, meta, queue, outcomes, run(id)];
}

export interface ExecutionOptions {
  readonly manager: RedisManager;
  readonly agent: Agent;
  readonly leaseMs: number;
  readonly maxBufferedBytes: number;
  /** How long a call waits for the user, in ms. */
  readonly answerDeadlineMs: number;
  readonly history: (run: OwnedRun) => Promise<readonly UIMessage[]>;
  /** Told of what an agent threw, which clients never see. */
  readonly onAgentError: (error: unknown, run: OwnedRun) => void;
}

/** How an execution left its run: ended (with the run that waits next), or open; `again`: it can go on at once. */
export type Left =
  | { readonly ended: true; readonly next: string }
  | { readonly ended: false; readonly again: boolean };

/** Executes one run under its lease and fence, from agent_started to run-ended. */
export class Execution {
  readonly #options: ExecutionOptions;
  readonly #run: OwnedRun;
  readonly #abort = new AbortController();
  readonly #lease: Lease;
  readonly #appender: Appender;
  readonly #question: Question;
  readonly #texts: OpenTexts;

  constructor(options: ExecutionOptions, run: OwnedRun) {
    this.#options = options;
    this.#run = run;
    const record = run.keys.run(run.run);
    const { manager, leaseMs, maxBufferedBytes, answerDeadlineMs } = options;
    this.#lease = new Lease({
      manager,
      record,
      fence: run.fence,
      leaseMs,
      lost: (why) => this.#abort.abort(why),
    });
    this.#appender = new Appender({
      manager,
      log: run.keys.log,
      record,
      run: run.run,
      fence: run.fence,
      signal: this.#abort.signal,
      maxBufferedBytes,
    });
    this.#texts = new OpenTexts(this.#appender);
    this.#question = new Question({ manager, run, appender: this.#appender, answerDeadlineMs });
  }

  /** Leaves the run to others: its agent is told to stop, and the lease is given back. */
  stop(): void {
    this.#abort.abort(new RunAborted('stopping', 'This worker stops'));
  }

  /** Somebody spoke of this run: it may have been stopped. */
  look(): void {
    this.#lease.look();
  }

  async execute(): Promise<Left> {
    // Missed when its end could not be stored either; that is left to whoever can.
    const missed = new RunAborted('deadline', 'The end of this run could not be stored');
    const { leaseMs } = this.#options;
    const deadline = new Deadline(this.#run.deadlineMs, leaseMs, () => this.#abort.abort(missed));
    try {
      await this.#preamble();
      const failure = await this.#answer(deadline.signal);
      return await this.#end(failure);
    } catch (error) {
      if (!(error instanceof RunAborted)) throw error;
      return await this.#leave(error);
    } finally {
      deadline.stop();
      this.#lease.stop();
    }
  }

  async #preamble(): Promise<void> {
    const { replay = NOTHING_LOGGED, fence } = this.#run;
    const { supersedes } = replay;
    if (this.#run.replay !== undefined) {
      await this.#appender.event({ type: 'run-resumed', fence, ...(supersedes && { supersedes }) });
    }
    if (!replay.agentStarted)
      await this.#appender.event({ type: 'agent_started', agent: this.#options.agent.name });
    if (!replay.agentThinking) await this.#appender.event({ type: 'agent_thinking' });
  }

  /** Runs the agent. Resolves with what went wrong in it, if anything did. */
  async #answer(deadline: AbortSignal): Promise<RunError | undefined> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, deadline, over.signal]);
    const order = new StepOrder(this.#run.run, this.#run.replay ?? NOTHING_LOGGED);
    try {
      const answer = this.#options.agent.run(this.#context(order, signal));
      try {
        for await (const chunk of abortable(answer, signal))
          if (!order.replaying) await this.#texts.chunk(chunk);
      } finally {
        // Steps that are still under way are no part of the answer any more.
        over.abort(new RunAborted('ended', 'The agent is through'));
      }
      await this.#texts.end();
      await this.#appender.event({ type: 'agent_completed' });
      return undefined;
    } catch (error) {
      if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
      if (deadline.aborted) return { code: 'deadline', message: 'The answer took too long' };
      if (error instanceof RunAborted && error.code === 'nondeterministic') {
        return {
          code: 'nondeterministic',
          message: 'The agent did not repeat its steps, so it could not be continued',
        };
      }
      if (error instanceof RunAborted) throw error;
      this.#options.onAgentError(error, this.#run);
      return error instanceof ModelFailure
        ? { code: 'model', message: error.message }
        : { code: 'agent', message: 'The agent failed' };
    }
  }

  #steps(order: StepOrder, signal: AbortSignal): Steps {
    return new Steps({
      order,
      replay: this.#run.replay ?? NOTHING_LOGGED,
      signal,
      endText: () => this.#texts.end(),
      append: (event) => this.#appender.event(event),
      ask: (call) => this.#question.ask(call),
      suspend: (callIds) => {
        this.#question.callIds = callIds;
        this.#abort.abort(new RunAborted('waiting', 'This run waits for the user'));
      },
    });
  }

  #modelCalls(order: StepOrder, signal: AbortSignal): ModelCalls {
    return new ModelCalls({
      order,
      replay: this.#run.replay ?? NOTHING_LOGGED,
      signal,
      endText: () => this.#texts.end(),
      append: (event) => this.#appender.event(event),
      lastSeq: () => this.#appender.lastSeq,
    });
  }

  #context(order: StepOrder, signal: AbortSignal): RunContext {
    const { thread, run, user, message } = this.#run;
    const steps = this.#steps(order, signal);
    const modelCalls = this.#modelCalls(order, signal);
    return {
      thread,
      run,
      user,
      message: { ...message, text: message.parts.map((part) => part.text).join('\n') },
      history: () => this.#options.history(this.#run),
      signal,
      step: (tool, input, fn, options) => mayBeLeft(steps.step(tool, input, fn, options)),
      modelCall: (model, attempt) => modelCalls.call(model, attempt),
    };
  }

  async #end(error: RunError | undefined): Promise<Left> {
    const outcome: RunOutcome = error === undefined ? 'done' : 'error';
    await this.#texts.end();
    const { keys, run, fence } = this.#run;
    const { manager } = this.#options;
    const data = { type: 'run-ended', outcome, ...(error && { error }) };
    let next = '';
    await this.#appender.end(async (n) => {
      const reply = (await manager.script(END, {
        keys: endKeys(keys, run),
        args: [
          keys.log.channel,
          manager.deployment.publish,
          run,
          String(fence),
          String(n),
          JSON.stringify({ run, data }).slice(1),
          outcome,
        ],
      })) as string[];
      if (reply[0] === 'fence') throw new RunAborted('fence', 'Another worker owns this run by now');
      next = reply[3] ?? '';
    });
    return { ended: true, next };
  }

  async #leave(why: RunAborted): Promise<Left> {
    this.#abort.abort(why);
    this.#lease.stop();
    // What fails here is made good by the end of the lease: then the next owner finds the run as it is.
    if (why.code === 'waiting') {
      return { ended: false, again: await this.#question.suspend().catch(() => false) };
    }
    // After a lost fence there is nothing to give back; otherwise the next owner need not wait for the lease to end.
    if (why.code !== 'fence') await this.#lease.release().catch(() => undefined);
    return { ended: false, again: false };
  }
}

/** A step that its agent does not wait for fails when the run ends, which is no bug of this process. */
function mayBeLeft<T>(step: Promise<T>): Promise<T> {
  step.catch(() => undefined);
  return step;
}
