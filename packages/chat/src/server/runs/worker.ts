import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { pause } from '@taproot/redis';
import type { RunError } from '../../protocol/index.ts';
import type { User } from '../agent.ts';
import { DISPATCH_CHANNEL, threadKeys } from '../threads/keys.ts';
import { LONGEST_TIMER_MS } from './deadline.ts';
import { Execution, type ExecutionOptions, endKeys, type OwnedRun } from './execution.ts';
import { PendingIndex } from './pending-index.ts';
import { readReplay } from './replay.ts';
import { CLAIM } from './scripts.ts';

export interface WorkerOptions extends ExecutionOptions {
  /** How long a run may take from its start, in ms. */
  readonly runDeadlineMs: number;
  /** How long a run may wait for its turn, in ms. */
  readonly queueDeadlineMs: number;
  /** Takeovers after which a run ends as `orphaned`. */
  readonly maxTakeovers: number;
  /** Runs that this worker executes at once. */
  readonly maxRuns: number;
  /** After a run of the thread has ended; until it resolves the run counts as pending, so that a crash leaves it to others. */
  readonly ended: (thread: string) => Promise<void>;
  /** Told of failures that no client sees. */
  readonly onError: (error: unknown) => void;
}

const SWEEP_EVERY_MS = 1000;

/**
 * Executes runs: hears of new ones on the dispatch channel, and sweeps the pending index for those that nobody heard of
 * or whose owner died.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #pending: PendingIndex;
  readonly #id = randomUUID();
  readonly #stopping = new AbortController();
  readonly #executions = new Map<string, Execution>();
  readonly #busy = new Set<Promise<void>>();
  readonly #claiming = new Set<string>();
  /** Spoken of while this worker was busy with them: looked at again afterwards. */
  readonly #heard = new Set<string>();
  readonly #alarms = new Map<string, NodeJS.Timeout>();
  #unsubscribe: (() => Promise<void>) | undefined;
  #sweeping: Promise<void> | undefined;
  #redisBackAt = Number.NEGATIVE_INFINITY;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#pending = new PendingIndex(options.manager);
  }

  get running(): number {
    return this.#executions.size;
  }

  start(): void {
    const { manager } = this.#options;
    this.#unsubscribe = manager.subscribe(DISPATCH_CHANNEL, { message: (name) => this.#hear(name) });
    let outage = false;
    const off = manager.on('state', ({ state }) => {
      if (state === 'down') outage = true;
      if (state !== 'ready' || !outage) return;
      outage = false;
      // Owners that were cut off need one lease to renew before others may take over.
      this.#redisBackAt = performance.now();
    });
    this.#stopping.signal.addEventListener('abort', off, { once: true });
    this.#sweeping = this.#sweep();
  }

  /** Leaves all runs to others and waits until they are left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const execution of this.#executions.values()) execution.stop();
    for (const alarm of this.#alarms.values()) clearTimeout(alarm);
    // Not waited for: nothing is taken on any more, and a frozen Redis would never confirm.
    void this.#unsubscribe?.();
    await this.#sweeping;
    await Promise.all(this.#busy);
  }

  /** A run that is new, stopped or answered; the word of the channel is not trusted, only looked into. */
  #hear(name: string): void {
    if (this.#claiming.has(name)) this.#heard.add(name);
    this.#executions.get(name)?.look();
    this.#consider(name);
  }

  #consider(name: string): void {
    if (this.#stopping.signal.aborted || this.#claiming.has(name)) return;
    if (this.#claiming.size >= this.#options.maxRuns) return;
    this.#claiming.add(name);
    const work = this.#work(name).finally(() => {
      this.#claiming.delete(name);
      this.#busy.delete(work);
      if (this.#heard.delete(name)) this.#consider(name);
    });
    this.#busy.add(work);
  }

  async #work(name: string): Promise<void> {
    try {
      const owned = await this.#claim(name);
      if (owned === undefined) return;
      const execution = new Execution(this.#options, owned);
      this.#executions.set(name, execution);
      // It was being claimed when the others were told.
      if (this.#stopping.signal.aborted) execution.stop();
      try {
        const left = await execution.execute();
        if (left.ended) await this.#forget(name, left.next);
        else if (left.again) this.#heard.add(name);
      } finally {
        this.#executions.delete(name);
      }
    } catch (error) {
      // The run stays in the index and its lease ends, so the sweep comes by again.
      this.#options.onError(error);
    }
  }

  /** Goes on with the thread's next run, and takes the intent of the ended one off the index. */
  async #forget(name: string, next: string): Promise<void> {
    const { thread } = split(name);
    if (next !== '') queueMicrotask(() => this.#consider(`${thread}/${next}`));
    await this.#options.ended(thread);
    await this.#pending.remove(name);
  }

  async #claim(name: string): Promise<OwnedRun | undefined> {
    const { thread, run } = split(name);
    const keys = threadKeys(thread);
    const { manager, leaseMs, runDeadlineMs, queueDeadlineMs, maxTakeovers } = this.#options;
    const reply = (await manager.script(CLAIM, {
      keys: endKeys(keys, run),
      args: [
        keys.log.channel,
        manager.deployment.publish,
        run,
        this.#id,
        ...[leaseMs, runDeadlineMs, queueDeadlineMs, maxTakeovers].map(String),
        this.#mayTakeOver() ? '1' : '0',
        endedEntry(run, 'error', {
          code: 'queue-deadline',
          message: 'The message waited too long for its turn',
        }),
        endedEntry(run, 'error', { code: 'deadline', message: 'The answer took too long' }),
        endedEntry(run, 'orphaned', {
          code: 'max-takeovers',
          message: 'Every worker that tried to answer was lost',
        }),
        endedEntry(run, 'error', {
          code: 'unanswered',
          message: 'Nobody allowed or refused the call in time',
        }),
        endedEntry(run, 'orphaned', { code: 'lost', message: 'What was stored of this run is gone' }),
      ],
    })) as string[];
    const [what, detail, elapsed] = reply;
    if (what === 'run' || what === 'takeover') return this.#own(name, what, Number(detail), Number(elapsed));
    if (what === 'ended') await this.#forget(name, detail ?? '');
    if (what === 'gone') await this.#pending.removeGone(name);
    // The one before it may be lost, and in no index.
    if (what === 'wait' && detail) this.#consider(`${thread}/${detail}`);
    if (what === 'leased') this.#lookAgain(name, Number(detail));
    return undefined;
  }

  async #own(name: string, what: 'run' | 'takeover', fence: number, elapsedMs: number): Promise<OwnedRun> {
    const { thread, run } = split(name);
    const keys = threadKeys(thread);
    const { manager, runDeadlineMs } = this.#options;
    const record = await manager.call(['HMGET', keys.run(run), 'message', 'user', 'seq']);
    const [message = '{}', user = '{}', seq = '1'] = record as string[];
    return {
      thread,
      run,
      keys,
      fence,
      message: JSON.parse(message) as OwnedRun['message'],
      user: JSON.parse(user) as User,
      deadlineMs: runDeadlineMs - elapsedMs,
      ...(what === 'takeover' && {
        replay: await readReplay(manager.log.readAll(keys.log, Number(seq)), run),
      }),
    };
  }

  /** At the moment when a lease ends that is not renewed, instead of at the next sweep. */
  #lookAgain(name: string, inMs: number): void {
    if (this.#alarms.has(name)) return;
    const alarm = setTimeout(
      () => {
        this.#alarms.delete(name);
        this.#consider(name);
      },
      Math.min(inMs + 5, LONGEST_TIMER_MS),
    );
    this.#alarms.set(name, alarm);
  }

  #mayTakeOver(): boolean {
    return performance.now() - this.#redisBackAt > this.#options.leaseMs;
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stopping;
    const { manager } = this.#options;
    while (!signal.aborted) {
      if (manager.state === 'ready') {
        for (const name of await this.#pending.page()) this.#consider(name);
      }
      await pause(SWEEP_EVERY_MS * (0.75 + Math.random() / 2), signal);
    }
  }
}

function split(name: string): { thread: string; run: string } {
  const [thread = '', run = ''] = name.split('/');
  return { thread, run };
}

function endedEntry(run: string, outcome: string, error: RunError): string {
  return JSON.stringify({ run, data: { type: 'run-ended', outcome, error } }).slice(1);
}
