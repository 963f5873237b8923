import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { pause } from '@taproot/redis';
import type { RunError } from '../../protocol/index.ts';
import type { User } from '../agent.ts';
import {
  DISPATCH_CHANNEL,
  PENDING_PARTITIONS,
  pendingKey,
  pendingPartition,
  threadKeys,
} from '../threads/keys.ts';
import { Execution, type ExecutionOptions, type Left, type OwnedRun } from './execution.ts';
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
  /** Told of failures that no client sees. */
  readonly onError: (error: unknown) => void;
}

const SWEEP_EVERY_MS = 1000;
const SWEEP_PAGE = 200;

/**
 * Executes runs: hears of new ones on the dispatch channel, and sweeps the pending index for those that nobody heard of
 * or whose owner died.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #id = randomUUID();
  readonly #stopping = new AbortController();
  readonly #executions = new Map<string, Execution>();
  readonly #busy = new Set<Promise<void>>();
  readonly #claiming = new Set<string>();
  readonly #alarms = new Map<string, NodeJS.Timeout>();
  #unsubscribe: (() => Promise<void>) | undefined;
  #sweeping: Promise<void> | undefined;
  #redisBackAt = Number.NEGATIVE_INFINITY;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#executions.size;
  }

  start(): void {
    const { manager } = this.#options;
    this.#unsubscribe = manager.subscribe(DISPATCH_CHANNEL, { message: (name) => this.#consider(name) });
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

  #consider(name: string): void {
    if (this.#stopping.signal.aborted || this.#executions.has(name) || this.#claiming.has(name)) return;
    if (this.#executions.size + this.#claiming.size >= this.#options.maxRuns) return;
    this.#claiming.add(name);
    const work = this.#work(name).finally(() => {
      this.#claiming.delete(name);
      this.#busy.delete(work);
    });
    this.#busy.add(work);
  }

  async #work(name: string): Promise<void> {
    try {
      const owned = await this.#claim(name);
      if (owned === undefined) return;
      const execution = new Execution(this.#options, owned);
      this.#executions.set(name, execution);
      try {
        await this.#finished(name, await execution.execute());
      } finally {
        this.#executions.delete(name);
      }
    } catch (error) {
      // The run stays in the index and its lease ends, so the sweep comes by again.
      this.#options.onError(error);
    }
  }

  async #finished(name: string, left: Left): Promise<void> {
    if (left.ended) await this.#forget(name, left.next);
  }

  /** Takes the intent of an ended run off the index and goes on with the thread's next run. */
  async #forget(name: string, next: string): Promise<void> {
    const { thread } = split(name);
    await this.#options.manager.call(['ZREM', pendingKey(pendingPartition(thread)), name]);
    if (next !== '') queueMicrotask(() => this.#consider(`${thread}/${next}`));
  }

  async #claim(name: string): Promise<OwnedRun | undefined> {
    const { thread, run } = split(name);
    const keys = threadKeys(thread);
    const { manager, leaseMs, runDeadlineMs, queueDeadlineMs, maxTakeovers } = this.#options;
    const reply = (await manager.script(CLAIM, {
      keys: [keys.log.stream, keys.log.head, keys.queue, keys.run(run)],
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
      ],
    })) as string[];
    const [what, detail, elapsed] = reply;
    if (what === 'run' || what === 'takeover') return this.#own(name, what, Number(detail), Number(elapsed));
    if (what === 'ended') await this.#forget(name, detail ?? '');
    if (what === 'gone') await this.#forgetGone(name);
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
    const alarm = setTimeout(() => {
      this.#alarms.delete(name);
      this.#consider(name);
    }, inMs + 5);
    this.#alarms.set(name, alarm);
  }

  /** An intent whose message was never stored. A send that is on its way right now gets a minute. */
  async #forgetGone(name: string): Promise<void> {
    const { manager } = this.#options;
    const pending = pendingKey(pendingPartition(split(name).thread));
    const since = Number(await manager.call(['ZSCORE', pending, name]));
    if (Date.now() - since > 60_000) await manager.call(['ZREM', pending, name]);
  }

  #mayTakeOver(): boolean {
    return performance.now() - this.#redisBackAt > this.#options.leaseMs;
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stopping;
    const { manager } = this.#options;
    while (!signal.aborted) {
      if (manager.state === 'ready') {
        const partitions = Array.from({ length: PENDING_PARTITIONS }, (_, index) => pendingKey(index));
        const found = await Promise.allSettled(
          partitions.map((key) => manager.call(['ZRANGE', key, '0', String(SWEEP_PAGE - 1)])),
        );
        for (const result of found) {
          if (result.status === 'fulfilled')
            for (const name of result.value as string[]) this.#consider(name);
        }
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
