import { performance } from 'node:perf_hooks';
import { RESP_TYPES } from 'redis';
import { atMost, riskOf } from '../commands/risk.ts';
import type { RedisManagerError, RedisRole } from '../errors.ts';
import { fullJitter } from './backoff.ts';
import { Breaker } from './breaker.ts';
import type { Call } from './call.ts';
import type { RedisClient } from './connection.ts';
import type { CallLoad } from './load.ts';
import { OpenCalls } from './open-calls.ts';
import { toManagerError } from './reply-errors.ts';
import { RetryBudget } from './retry-budget.ts';

/** The connection as its calls see it. */
export interface Link {
  readonly role: RedisRole;
  readonly node: string;
  /** Undefined while there is no connection. */
  readonly client: RedisClient | undefined;
  /** The node was chosen as a master, so a read-only reply means that it is none any more. */
  readonly master: boolean;
  drop(reason: string): void;
  error(
    message: string,
    code: RedisManagerError['code'],
    retryable: boolean,
    applied: RedisManagerError['applied'],
  ): RedisManagerError;
  closedError(): RedisManagerError;
}

export interface QueueLimits {
  readonly maxQueuedCalls: number;
  readonly maxQueuedBytes: number;
}

const BUFFERS = { [RESP_TYPES.BLOB_STRING]: Buffer } as const;
/** Errors that pass by themselves: the call is sent again within its deadline. */
const RETRY_INSIDE = new Set(['connection-lost', 'loading', 'maxclients', 'clusterdown', 'moved']);

/** Brings each call to its outcome: queue, deadline, retries, budget and breaker of one connection. */
export class Dispatcher {
  readonly #link: Link;
  readonly #options: QueueLimits;
  readonly #open = new OpenCalls((call) => this.#look(call));
  readonly #budget = new RetryBudget();
  readonly #breaker = new Breaker();
  #waiting = 0;
  #waitingBytes = 0;
  #closed = false;

  constructor(link: Link, limits: QueueLimits) {
    this.#link = link;
    this.#options = limits;
  }

  get load(): CallLoad {
    return {
      open: this.#open.size,
      waiting: this.#waiting,
      waitingBytes: this.#waitingBytes,
      breakerOpen: this.#breaker.open,
    };
  }

  /** A connection is there: what waited is sent. */
  connected(): void {
    this.#open.each((call) => this.#look(call));
  }

  /** The connection ended: what it had not written was not applied, and may be sent on the next one. */
  disconnected(): void {
    this.#open.each((call) => call.phase === 'sent' && call.withdraw());
  }

  /** A probe was answered. */
  proven(): void {
    this.#breaker.close();
  }

  close(): void {
    this.#closed = true;
    this.#open.each((call) => this.#finish(call, this.#link.closedError()));
  }

  /** Takes a call on and resolves with its outcome. */
  dispatch(call: Call): Promise<unknown> {
    const { signal } = call.options;
    if (this.#closed) call.reject(this.#link.closedError());
    else if (signal !== undefined) this.#admitAbortable(call, signal);
    else this.#admit(call);
    return call.promise;
  }

  #admit(call: Call): void {
    const refusal = this.#refusal(call);
    if (refusal !== undefined) {
      call.reject(refusal);
      return;
    }
    this.#budget.earn();
    this.#open.add(call);
    if (this.#link.client === undefined) this.#wait(call);
    else this.#send(call, this.#link.client);
  }

  #refusal(call: Call): RedisManagerError | undefined {
    if (call.options.breaker && this.#breaker.open) {
      return this.#link.error(`${this.#link.node} answers too few calls now`, 'circuit-open', true, 'no');
    }
    if (this.#link.client !== undefined) return undefined;
    const { maxQueuedCalls, maxQueuedBytes } = this.#options;
    if (this.#waiting < maxQueuedCalls && this.#waitingBytes + call.bytes <= maxQueuedBytes) return undefined;
    return this.#link.error('Too many calls wait for a connection to Redis', 'queue-full', true, 'no');
  }

  #wait(call: Call): void {
    call.phase = 'waiting';
    this.#waiting++;
    this.#waitingBytes += call.bytes;
  }

  #stopWaiting(call: Call): void {
    this.#waiting--;
    this.#waitingBytes -= call.bytes;
  }

  #admitAbortable(call: Call, signal: AbortSignal): void {
    const onAbort = (): void => {
      if (call.phase === 'settled') return;
      const applied = call.withdraw() ? 'no' : 'unknown';
      this.#finish(call, this.#link.error('The call was aborted by its caller', 'aborted', false, applied));
    };
    this.#admit(call);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const forget = (): void => signal.removeEventListener('abort', onAbort);
    call.promise.then(forget, forget);
  }

  #send(call: Call, client: RedisClient): void {
    call.phase = 'sent';
    call.aborted = false;
    call.attempts++;
    const typeMapping = call.options.buffers ? { typeMapping: BUFFERS } : undefined;
    const reply =
      call.batch === undefined
        ? client.sendCommand(call.args, { abortSignal: call.signal, ...typeMapping })
        : // In one tick, so that they are neighbours in the driver's queue. Nothing of a batch can be taken back.
          Promise.all(call.batch.map((args) => client.sendCommand(args, typeMapping)));
    reply.then(
      (value) => {
        if (call.phase === 'settled') return;
        this.#breaker.answered();
        this.#open.delete(call);
        call.resolve(value);
      },
      (error: unknown) => this.#failed(call, error),
    );
  }

  /** Sends again what was certainly not applied, or does no harm twice, after a pause, while deadline and budget allow. */
  #failed(call: Call, cause: unknown): void {
    if (call.phase === 'settled') return;
    const { role, node } = this.#link;
    const error = toManagerError(cause, { role, node, written: !call.aborted });
    if (error.code === 'connection-lost') this.#breaker.unanswered();
    else this.#breaker.answered();
    if (error.code === 'readonly' && this.#link.master) this.#link.drop('has become a replica');
    const pauseMs = error.code === 'connection-lost' ? 0 : fullJitter(call.attempts, 5, 200);
    const notBefore = performance.now() + pauseMs;
    if (!this.#mayRetry(call, error) || notBefore >= call.options.deadlineAt || !this.#budget.spend()) {
      this.#finish(call, error);
      return;
    }
    call.notBefore = notBefore;
    call.lastError = error;
    this.#wait(call);
  }

  #mayRetry(call: Call, error: RedisManagerError): boolean {
    const passing = RETRY_INSIDE.has(error.code) || (error.code === 'readonly' && this.#link.master);
    if (!passing) return false;
    if (error.applied === 'no') return true;
    return call.batch === undefined && atMost(riskOf(call.args), call.options.retryUpTo ?? 'none');
  }

  /** What a call needs now: its end, at its deadline or when it has waited long enough, or its next attempt. */
  #look(call: Call): void {
    if (call.expired) this.#expire(call);
    else if (call.phase !== 'waiting') return;
    else if (this.#link.client === undefined) {
      if (call.impatient)
        this.#finish(call, this.#link.error('There is no connection to Redis', 'not-ready', true, 'no'));
    } else if (performance.now() >= call.notBefore) {
      this.#stopWaiting(call);
      this.#send(call, this.#link.client);
    }
  }

  #expire(call: Call): void {
    const sent = call.phase === 'sent';
    const applied = call.withdraw() ? 'no' : 'unknown';
    if (sent) this.#breaker.unanswered();
    const what = sent ? 'did not answer' : 'had no connection';
    // An attempt whose fate is unknown stays so, whatever became of the later ones.
    const known = call.lastError;
    const late = this.#link.error(
      `${this.#link.node} ${what} within the deadline`,
      'timeout',
      applied === 'no',
      applied,
    );
    this.#finish(call, known === undefined || (sent && known.applied === 'no') ? late : known);
  }

  #finish(call: Call, error: RedisManagerError): void {
    if (call.phase === 'settled') return;
    if (call.phase === 'waiting') this.#stopWaiting(call);
    this.#open.delete(call);
    call.reject(error);
  }
}
