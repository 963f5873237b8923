import { performance } from 'node:perf_hooks';
import { RedisManagerError } from '../errors.ts';

/** What is needed to see that a connection is dead although its socket lives. */
export interface Watched {
  /** How long a PING may stay unanswered; 0: no PING is sent. */
  readonly silentMs: number;
  /** How long a handshake may take. */
  readonly handshakeMs: number;
  ready(): boolean;
  ping(): Promise<unknown>;
  /** Ends the socket and has a new one made. */
  drop(what: string): void;
}

interface Due {
  readonly at: number;
  readonly what: string;
}

/**
 * Sends a PING now and then, and ends the connection when one stays unanswered; the same for a handshake.
 *
 * The drivers' own socket timeouts do not do: node-redis' starts anew with each write, so that a busy client never notices a
 * server that is frozen; an idle one of ioredis has nothing that times out; neither has a bound for its handshake.
 */
export class Watch {
  readonly #watched: Watched;
  #timer: NodeJS.Timeout | undefined;
  #due: Due | undefined;
  #askedAt = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Idempotent. */
  start(): void {
    const { silentMs, handshakeMs } = this.#watched;
    // After the sockets were read: a process that was itself stopped for a while must not blame Redis.
    this.#timer ??= setInterval(
      () => setImmediate(() => this.#look()),
      Math.min(silentMs || handshakeMs, handshakeMs) / 4,
    );
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#due = undefined;
  }

  /** The handshake has begun, or Redis has said something in it. */
  handshake(): void {
    this.#expect('handshake', this.#watched.handshakeMs);
  }

  /** Nothing is owed any more: the connection is ready, or gone. */
  settled(): void {
    this.#due = undefined;
  }

  #expect(what: string, ms: number): Due {
    const due = { at: performance.now() + ms, what: `a ${what} unanswered for ${ms} ms` };
    this.#due = due;
    return due;
  }

  #look(): void {
    if (this.#timer === undefined) return;
    const now = performance.now();
    if (this.#due === undefined) this.#ask(now);
    else if (now >= this.#due.at) {
      const { what } = this.#due;
      this.#due = undefined;
      this.#watched.drop(what);
    }
  }

  #ask(now: number): void {
    const { silentMs, ready, ping } = this.#watched;
    if (silentMs === 0 || !ready() || now - this.#askedAt < silentMs / 4) return;
    this.#askedAt = now;
    const asked = this.#expect('PING', silentMs);
    const answered = (): void => {
      // The answer to an older PING, of a connection that was dropped, says nothing about this one.
      if (this.#due === asked) this.#due = undefined;
    };
    ping().then(answered, answered);
  }
}

/** What a loan's listeners hear when its connection is given up. */
export function unanswered(node: string, what: string): RedisManagerError {
  return new RedisManagerError(`Redis at ${node} left ${what}`, {
    code: 'connection-lost',
    retryable: true,
    applied: 'unknown',
    node,
  });
}
