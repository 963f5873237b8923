import { pause, type RedisManager } from '@taproot/redis';
import type { RunOutcome } from '../../protocol/index.ts';
import { ChatError } from '../errors.ts';
import { DISPATCH_CHANNEL, pendingKey, pendingPartition, threadKeys } from '../threads/keys.ts';
import type { Actor } from '../threads/turns.ts';
import { STOP } from './scripts.ts';
import { ANSWER } from './waiting-scripts.ts';

/** Which run: by itself, or by the id under which its message, edit or regeneration was sent. */
export type RunTarget = { readonly run: string } | { readonly id: string };

/** What `stopped` says. */
export interface Stopped {
  readonly run: string;
  readonly outcome: RunOutcome;
}

/** The user's answer to a call that waits. */
export interface Answer {
  readonly run: string;
  readonly callId: string;
  readonly approve: boolean;
}

/** What users do to runs that are under way. Any gateway can, wherever the run is executed. */
export class RunControl {
  readonly #manager: RedisManager;

  constructor(manager: RedisManager) {
    this.#manager = manager;
  }

  /** Ends an open run as `stopped`, or tells how it ended before. Rejects `unknown-target`. */
  async stop({ owner }: Actor, thread: string, target: RunTarget): Promise<Stopped> {
    const keys = threadKeys(thread);
    const run = 'run' in target ? target.run : await this.#runOf(owner, thread, target.id);
    const reply = (await this.#manager.script(STOP, {
      keys: [keys.log.stream, keys.log.head, keys.meta, keys.queue, keys.outcomes, keys.run(run)],
      args: [
        keys.log.channel,
        this.#manager.deployment.publish,
        run,
        owner,
        JSON.stringify({ run, data: { type: 'run-ended', outcome: 'stopped' } }).slice(1),
      ],
    })) as string[];
    const [status, outcome, next = ''] = reply;
    if (status !== 'ended') throw refusal(status);
    await this.#tell(thread, run, next);
    return { run, outcome: outcome as RunOutcome };
  }

  /** Records the answer; its run goes on at once. Resolves with the `seq` of the record. Rejects `not-waiting`, `unknown-target`. */
  async answer(
    { user, owner }: Actor,
    thread: string,
    { run, callId, approve }: Answer,
  ): Promise<{ readonly seq: number }> {
    const keys = threadKeys(thread);
    const by = { id: user.id, name: user.name };
    const reply = (await this.#manager.script(ANSWER, {
      keys: [keys.log.stream, keys.log.head, keys.meta, keys.run(run)],
      args: [
        keys.log.channel,
        this.#manager.deployment.publish,
        run,
        owner,
        callId,
        approve ? 'yes' : 'no',
        JSON.stringify({ run, data: { type: 'tool_answered', callId, approve, by } }).slice(1),
      ],
    })) as string[];
    const [status, seq] = reply;
    if (status !== 'ok' && status !== 'dup') throw refusal(status);
    await this.#wake([`${thread}/${run}`]);
    return { seq: Number(seq) };
  }

  async #runOf(owner: string, thread: string, id: string): Promise<string> {
    const keys = threadKeys(thread);
    const [run, stored] = await Promise.all([
      this.#manager.call(['HGET', keys.runs, id]),
      this.#manager.call(['HGET', keys.meta, 'owner']),
    ]);
    if (stored !== owner) throw refusal('missing');
    if (typeof run !== 'string') throw refusal('unknown');
    return run;
  }

  /** The run's owner aborts its agent, and the next run need not wait for a sweep. */
  async #tell(thread: string, run: string, next: string): Promise<void> {
    const done = this.#manager.call(['ZREM', pendingKey(pendingPartition(thread)), `${thread}/${run}`]);
    const names = [run, next].filter((name) => name !== '').map((name) => `${thread}/${name}`);
    await Promise.all([settled(done), this.#wake(names)]);
  }

  #wake(names: readonly string[]): Promise<void> {
    const told = names.map((name) => this.#manager.call(['PUBLISH', DISPATCH_CHANNEL, name]));
    return settled(Promise.allSettled(told));
  }
}

/** What is recorded must be answered, also if Redis has gone away by now; workers find out by themselves. */
async function settled(work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => undefined), pause(100)]);
}

function refusal(status: string | undefined): ChatError {
  switch (status) {
    case 'unknown':
      return new ChatError('unknown-target', 'This thread has no such run, or no such message yet');
    case 'settled':
      return new ChatError('not-waiting', 'This call does not wait for an answer any more');
    default:
      return new ChatError('not-found', 'There is no such thread');
  }
}
