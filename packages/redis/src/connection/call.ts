import { performance } from 'node:perf_hooks';
import type { Risk } from '../commands/risk.ts';
import type { RedisManagerError } from '../errors.ts';
import { surface } from '../surface.ts';
import { type CallObserver, commandName, type ObservedCall } from '../telemetry/index.ts';

/** One argument of a command. */
export type RedisArgument = string | Buffer;

/** How long and until when a call may take. */
export interface SendOptions {
  /** By the monotonic clock (`performance.now()`), in ms. */
  readonly deadlineAt: number;
  /** When it was made, by the same clock. @default now */
  readonly startedAt?: number | undefined;
  /** Hear of it, see {@link CallObserver}. */
  readonly observers?: readonly CallObserver[] | undefined;
  /** Name of the script that it runs. */
  readonly script?: string | undefined;
  /** Until when it may wait for a connection, by the monotonic clock. @default the deadline */
  readonly connectBy?: number | undefined;
  /** Commands up to this risk are sent again although they may have been applied. @default 'none' */
  readonly retryUpTo?: Risk | undefined;
  /** Is sent at once, also to a server that serves nobody now, and not sent again; for who wants to know how it stands now. @default false */
  readonly once?: boolean | undefined;
  /** Is refused while the breaker is open. @default false */
  readonly breaker?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Replies hold Buffers instead of strings. */
  readonly buffers?: boolean | undefined;
}

/** Who has a call at the moment. */
export interface CallHome {
  /** Takes a new call on and resolves with its outcome. */
  dispatch(call: Call): Promise<unknown>;
  /** Takes over a call that another began. */
  adopt(call: Call): void;
  /** Its caller wants it no more. */
  abort(call: Call): void;
}

/** Where a call belongs on a Cluster. */
export interface Route {
  /** Of its keys; undefined: any master will do. */
  slot: number | undefined;
  /** How often a node sent it elsewhere. */
  redirects: number;
  /** Where it is to be tried next although its slot is still elsewhere (ASK). */
  ask: CallHome | undefined;
}

/** Where a call is: not given to a connection; given to one; over. */
type Phase = 'waiting' | 'sent' | 'settled';

/**
 * One call from its caller's request to its outcome, over as many attempts as its deadline allows.
 *
 * It also stands in for the AbortSignal that node-redis takes with a command: node-redis takes its listener off at the moment
 * when it writes the command, so the call knows whether it was written. That is what `applied: 'no'` rests on.
 */
export class Call implements ObservedCall {
  readonly args: readonly RedisArgument[];
  /** Commands that are sent in one go, with replies as one array; `args` is then empty. */
  readonly batch: readonly (readonly RedisArgument[])[] | undefined;
  readonly options: SendOptions;
  readonly promise: Promise<unknown>;
  attempts = 0;
  /** Not to be sent again before this, by the monotonic clock. */
  notBefore = 0;
  phase: Phase = 'waiting';
  /** Why its last attempt failed, of which it is certain that it was not applied. */
  lastError: RedisManagerError | undefined;
  home: CallHome | undefined;
  /** Undefined: it stays with the connection to which it was given. */
  route: Route | undefined;
  /** Neighbours in the connection's list of open calls. */
  previous: Call | undefined;
  next: Call | undefined;
  /** Read by node-redis. */
  aborted = false;
  readonly reason: undefined = undefined;
  #bytes: number | undefined;
  #withdraw: (() => void) | undefined;
  #resolve: (reply: unknown) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(args: readonly RedisArgument[], options: SendOptions, batch?: Call['batch']) {
    this.args = args;
    this.batch = batch;
    this.options = options;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#begin();
  }

  get command(): string {
    return commandName(this.batch?.[0] ?? this.args);
  }

  get batchSize(): number | undefined {
    const { batch } = this;
    // MULTI and EXEC around it are ours.
    return batch?.[0]?.[0] === 'MULTI' ? batch.length - 2 : batch?.length;
  }

  get script(): string | undefined {
    return this.options.script;
  }

  get startedAt(): number {
    return this.options.startedAt ?? 0;
  }

  get expired(): boolean {
    return performance.now() >= this.options.deadlineAt;
  }

  /** It has waited for a connection as long as it may. */
  get impatient(): boolean {
    const { connectBy } = this.options;
    return connectBy !== undefined && this.attempts === 0 && performance.now() >= connectBy;
  }

  /** Bytes of its arguments, counted when it has to wait. */
  get bytes(): number {
    this.#bytes ??= bytesOf(this.batch ?? [this.args]);
    return this.#bytes;
  }

  /** For node-redis. */
  addEventListener(_type: 'abort', listener: () => void): void {
    this.#withdraw = listener;
  }

  /** For node-redis. */
  removeEventListener(): void {
    this.#withdraw = undefined;
  }

  /** As node-redis takes it: it reads `aborted` and the two listener methods, nothing else. */
  get signal(): AbortSignal {
    return this as unknown as AbortSignal;
  }

  /** Takes the command back from node-redis. True if it had not been written and never will be. */
  withdraw(): boolean {
    const withdraw = this.#withdraw;
    if (withdraw === undefined) return this.phase === 'waiting';
    this.#withdraw = undefined;
    this.aborted = true;
    withdraw();
    return true;
  }

  #begin(): void {
    const { observers } = this.options;
    if (observers === undefined) return;
    for (const observer of observers) {
      try {
        observer.started?.(this);
      } catch (fault) {
        surface(fault);
      }
    }
  }

  resolve(reply: unknown): void {
    this.#resolve(reply);
    this.#end(undefined);
  }

  reject(error: RedisManagerError): void {
    this.#reject(error);
    this.#end(error);
  }

  #end(error: RedisManagerError | undefined): void {
    this.phase = 'settled';
    const { observers } = this.options;
    if (observers === undefined) return;
    for (const observer of observers) {
      try {
        observer.ended(this, error);
      } catch (fault) {
        surface(fault);
      }
    }
  }
}

function bytesOf(commands: readonly (readonly RedisArgument[])[]): number {
  let bytes = 0;
  for (const args of commands) for (const arg of args) bytes += Buffer.byteLength(arg);
  return bytes;
}
