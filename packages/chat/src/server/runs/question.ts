import { appendedFromReply, type RedisManager } from '@taproot/redis';
import type { Appender } from './appender.ts';
import type { OwnedRun } from './execution.ts';
import type { Call } from './steps.ts';
import { ASK, SUSPEND } from './waiting-scripts.ts';

export interface QuestionOptions {
  readonly manager: RedisManager;
  readonly run: OwnedRun;
  readonly appender: Appender;
  readonly answerDeadlineMs: number;
}

/** Asks the user about calls of one run, and lets go of the run until somebody answers. */
export class Question {
  /** The calls for which the run waits. */
  callIds: readonly string[] = [];
  readonly #options: QuestionOptions;

  constructor(options: QuestionOptions) {
    this.#options = options;
  }

  /** Resolves when the question is in the log. */
  ask({ tool, callId, input }: Call): Promise<void> {
    const { manager, run, appender, answerDeadlineMs } = this.#options;
    const { log } = run.keys;
    const data = { type: 'tool_waiting', tool, callId, input };
    const rest = JSON.stringify({ run: run.run, data }).slice(1, -2);
    return appender.write(async (n) => {
      const reply = (await manager.script(ASK, {
        keys: [log.stream, log.head, run.keys.run(run.run)],
        args: [
          log.channel,
          manager.deployment.publish,
          String(run.fence),
          String(n),
          `${rest},"expiresAt":`,
          callId,
          String(answerDeadlineMs),
        ],
      })) as string[];
      appendedFromReply(reply, log);
    });
  }

  /** Resolves with whether the run can go on at once, because somebody has answered by now. */
  async suspend(): Promise<boolean> {
    const { manager, run } = this.#options;
    const reply = await manager.script(SUSPEND, {
      keys: [run.keys.meta, run.keys.run(run.run)],
      args: [String(run.fence), run.run, ...this.callIds],
    });
    return reply === 'answered';
  }
}
