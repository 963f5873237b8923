import { performance } from 'node:perf_hooks';
import { RESP_TYPES } from 'redis';
import { atMost, riskOf } from '../commands/risk.ts';
import type { RedisManagerError } from '../errors.ts';
import { fullJitter } from './backoff.ts';
import { Breaker } from './breaker.ts';
import type { Call, CallHome } from './call.ts';
import type { RedisClient } from './driver.ts';
import { Hold, holdsAll } from './hold.ts';
import type { Link } from './link.ts';
import type { CallLoad } from './load.ts';
import { OpenCalls } from './open-calls.ts';
import { toManagerError } from './reply-errors.ts';
import { RetryBudget } from './retry-budget.ts';
import { sendTogether } from './send-together.ts';
import { type QueueLimits, WaitingRoom } from './waiting-room.ts';

const BUFFERS = { [RESP_TYPES.BLOB_STRING]: Buffer } as const;
/** Errors that pass by themselves: the call is sent again within its deadline. */
const RETRY_INSIDE = new Set(['connection-lost', 'loading', 'maxclients', 'clusterdown']);

/** Brings each call to its outcome: queue, deadline, retries, budget and breaker of one connection. */
export class Dispatcher implements CallHome {
  readonly #link: Link;
  readonly #waiting: WaitingRoom;
  readonly #open = new OpenCalls((call) => this.#look(call));
  readonly #budget = new RetryBudget();
  readonly #breaker = new Breaker();
  readonly #hold = new Hold();
  #closed = false;

  constructor(link: Link, limits: QueueLimits) {
    this.#link = link;
    this.#waiting = new WaitingRoom(limits);
  }

  get load(): CallLoad {
    return {
      open: this.#open.size,
      waiting: this.#waiting.calls,
      waitingBytes: this.#waiting.bytes,
      breakerOpen: this.#breaker.open,
    };
  }

  /** A connection is there: what waited is sent. */
  connected(): void {
    this.#open.each((call) => this.#look(call));
  }

  /** The connection ended: what it had not written was not applied, and may be sent on the next one. */
  disconnected(): void {
    this.#hold.end();
    this.#open.each((call) => call.phase === 'sent' && call.withdraw());
  }

  /** The server serves again: what waited is sent. */
  #resume(): void {
    this.#hold.end();
    this.connected();
  }

  /** A probe was answered. */
  proven(): void {
    this.#breaker.close();
  }

  /** Ends all calls. Those whose reply is still to come may have been applied. */
  close(reason: RedisManagerError = this.#link.closedError()): void {
    this.#closed = true;
    const { message, code } = reason;
    const unknown = this.#link.error(`${message}; the reply had not come`, code, false, 'unknown');
    this.#open.each((call) => this.#finish(call, untouched(call) ? reason : unknown));
  }

  /** Takes over a call from another connection of the Cluster. */
  adopt(call: Call): void {
    const refusal = this.#closed ? this.#link.closedError() : this.#refusal(call);
    if (refusal !== undefined) {
      call.reject(call.lastError?.applied === 'unknown' ? call.lastError : refusal);
      return;
    }
    call.home = this;
    this.#open.add(call);
    this.#sendOrWait(call);
  }

  /** Hands over each call that waits here and belongs elsewhere by now. */
  rehome(): void {
    this.#open.each((call) => {
      if (call.phase !== 'waiting') return;
      const home = this.#link.placement?.homeOf(call) ?? this;
      if (home === this) return;
      this.#waiting.leave(call);
      this.#open.delete(call);
      home.adopt(call);
    });
  }

  /** Ends the calls that wait here for no connection but for a sign, which this is. */
  release(): void {
    this.#open.each((call) => {
      if (call.route !== undefined) return;
      this.#waiting.leave(call);
      this.#open.delete(call);
      call.resolve(undefined);
    });
  }

  abort(call: Call): void {
    if (call.phase === 'settled') return;
    const applied = untouched(call) ? 'no' : 'unknown';
    this.#finish(call, this.#link.error('The call was aborted by its caller', 'aborted', false, applied));
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
    call.home = this;
    this.#open.add(call);
    this.#sendOrWait(call);
  }

  #sendOrWait(call: Call): void {
    const { client } = this.#link;
    const ready = client !== undefined && (this.#hold.reason === undefined || call.options.once === true);
    if (ready && (call.notBefore === 0 || performance.now() >= call.notBefore)) this.#send(call, client);
    else this.#waiting.enter(call);
  }

  #refusal(call: Call): RedisManagerError | undefined {
    if (call.expired) return this.#link.error('The deadline of the call has passed', 'timeout', true, 'no');
    if (call.options.breaker && this.#breaker.open) {
      return this.#link.error(`${this.#link.node} answers too few calls now`, 'circuit-open', true, 'no');
    }
    if (this.#link.client !== undefined && this.#hold.reason === undefined) return undefined;
    if (this.#waiting.admits(call)) return undefined;
    return this.#link.error('Too many calls wait for a connection to Redis', 'queue-full', true, 'no');
  }

  #admitAbortable(call: Call, signal: AbortSignal): void {
    const onAbort = (): void => call.home?.abort(call);
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
      call.batch === undefined && call.route?.ask === undefined
        ? client.sendCommand(call.args, { abortSignal: call.signal, ...typeMapping })
        : sendTogether(call, client, typeMapping);
    reply.then(
      (value) => {
        if (call.phase === 'settled') return;
        this.#breaker.answered();
        this.#open.delete(call);
        call.resolve(value);
        if (this.#hold.reason !== undefined) this.#resume();
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
    if (holdsAll(error)) this.#hold.begin(error);
    if (error.code === 'readonly' && this.#link.master) this.#link.drop('has become a replica');
    const redirectMs = this.#link.placement?.redirected(call, error, cause);
    const pauseMs = redirectMs ?? this.#retryMs(call, error);
    const notBefore = performance.now() + (pauseMs ?? Infinity);
    if (notBefore >= call.options.deadlineAt) {
      this.#finish(call, error);
      return;
    }
    call.notBefore = notBefore;
    if (redirectMs === undefined) call.lastError = error;
    const home = this.#link.placement?.homeOf(call) ?? this;
    if (home === this) this.#waiting.enter(call);
    else {
      this.#open.delete(call);
      home.adopt(call);
    }
  }

  /** How long to wait before it is sent again, in ms; undefined: not at all. */
  #retryMs(call: Call, error: RedisManagerError): number | undefined {
    if (!this.#mayRetry(call, error)) return undefined;
    // The hold decides when.
    if (holdsAll(error)) return 0;
    if (!this.#budget.spend()) return undefined;
    return error.code === 'connection-lost' ? 0 : fullJitter(call.attempts, 5, 200);
  }

  #mayRetry(call: Call, error: RedisManagerError): boolean {
    const passing = RETRY_INSIDE.has(error.code) || (error.code === 'readonly' && this.#link.master);
    if (!passing || call.options.once) return false;
    if (error.applied === 'no') return true;
    return call.batch === undefined && atMost(riskOf(call.args), call.options.retryUpTo ?? 'none');
  }

  /** What a call needs now: its end, at its deadline or when it has waited long enough, or its next attempt. */
  #look(call: Call): void {
    if (call.expired) this.#expire(call);
    else if (call.phase === 'waiting') this.#lookAtWaiting(call);
  }

  #lookAtWaiting(call: Call): void {
    const { client } = this.#link;
    const { reason } = this.#hold;
    if (call.impatient && (client === undefined || reason !== undefined)) {
      this.#finish(call, reason ?? this.#absent());
    } else if (client !== undefined && performance.now() >= call.notBefore && this.#hold.passes()) {
      this.#waiting.leave(call);
      this.#send(call, client);
    }
  }

  #expire(call: Call): void {
    const sent = call.phase === 'sent';
    const applied = call.withdraw() ? 'no' : 'unknown';
    if (sent) this.#breaker.unanswered();
    const what = sent ? 'did not answer' : 'had no connection';
    // An attempt whose fate is unknown stays so, whatever became of the later ones.
    const known = call.lastError ?? (sent ? undefined : this.#hold.reason);
    const late = this.#link.error(
      `${this.#link.node} ${what} within the deadline`,
      'timeout',
      applied === 'no',
      applied,
    );
    this.#finish(call, known === undefined || (sent && known.applied === 'no') ? late : known);
  }

  #absent(): RedisManagerError {
    return this.#link.error('There is no connection to Redis', 'not-ready', true, 'no');
  }

  #finish(call: Call, error: RedisManagerError): void {
    if (call.phase === 'settled') return;
    if (call.phase === 'waiting') this.#waiting.leave(call);
    this.#open.delete(call);
    call.reject(error);
  }
}

/** Takes a call back. True if Redis certainly never got it. */
function untouched(call: Call): boolean {
  return (call.withdraw() || call.aborted) && call.lastError?.applied !== 'unknown';
}
