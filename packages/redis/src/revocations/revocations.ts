import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { pause } from '../connection/backoff.ts';
import { RedisManagerError } from '../errors.ts';
import { claimKeyspaces, KeyTemplate } from '../keyspaces/index.ts';
import type { RedisManager } from '../manager.ts';
import { numberOption } from '../number-option.ts';
import { LocalList, type Revoked } from './local-list.ts';
import { REVOKE, SYNC } from './scripts.ts';

/** Options of {@link Revocations}. */
export interface RevocationsOptions {
  /** What its keys begin with. @default 'revoked' */
  readonly prefix?: string;
  /** How old the knowledge may be on which a token passes without a question to Redis, in ms, at least 30. @default 5000 */
  readonly maxStalenessMs?: number;
}

export const DEFAULT_REVOCATIONS = { prefix: 'revoked', maxStalenessMs: 5000 } as const;

/** Clocks differ: a revocation counts so much longer than its token says that it lives. */
const GRACE_MS = 60_000;
/** The last moment that JavaScript has a Date for. */
const END_OF_TIME = 8_640_000_000_000_000;
/** What Redis lost is given back in portions. */
const BATCH = 1000;

/**
 * Tokens that were revoked before they ran out, of which every process keeps a list. A token passes only on knowledge that
 * is at most `maxStalenessMs` old; where there is none and Redis does not answer, nobody passes.
 */
export class Revocations {
  readonly #manager: RedisManager;
  readonly #maxStalenessMs: number;
  readonly #keys: string[];
  readonly #channel: string;
  readonly #list = new LocalList();
  readonly #closing = new AbortController();
  readonly #unsubscribe: () => Promise<void>;
  readonly #offState: () => void;
  readonly #loop: Promise<void>;
  #wake = new AbortController();
  /** All that was revoked before this moment of the monotonic clock is in the list. */
  #knownUntil = Number.NEGATIVE_INFINITY;

  /** Begins to follow the shared list at once. Throws `invalid-options`. */
  constructor(manager: RedisManager, options: RevocationsOptions = {}) {
    const { prefix, maxStalenessMs } = { ...DEFAULT_REVOCATIONS, ...options };
    this.#manager = manager;
    this.#maxStalenessMs = numberOption('maxStalenessMs', maxStalenessMs, 30, 2 ** 31 - 1);
    this.#keys = ['list', 'version'].map((part) =>
      new KeyTemplate(`${prefix}:{of}:${part}`).key({ of: 'all' }),
    );
    this.#channel = `${prefix}:new`;
    claimKeyspaces('revocations', prefix);
    this.#unsubscribe = manager.subscribe(this.#channel, {
      message: (text) => this.#list.hear(text) || this.#wake.abort(),
      active: () => this.#wake.abort(),
    });
    this.#offState = manager.on('state', ({ state }) => state === 'closing' && void this.close());
    this.#loop = this.#follow();
  }

  /** Tokens that this process knows to be revoked. */
  get size(): number {
    return this.#list.size;
  }

  /**
   * Revokes a token until it would have run out. Resolves when Redis has it; other processes refuse the token within
   * milliseconds, and at the latest after `maxStalenessMs`. Rejects if Redis does not take it: then it may still pass.
   */
  async revoke(token: string, { expiresAt }: { readonly expiresAt: number | Date }): Promise<void> {
    const until = Math.ceil(numberOption('expiresAt', Number(expiresAt), 0, END_OF_TIME)) + GRACE_MS;
    const entry: Revoked = [hashOf(token), until];
    await this.#send([entry]);
    this.#list.add(entry);
  }

  /**
   * Whether a token was revoked. Asks Redis only if what this process knows is older than `maxStalenessMs`, and rejects if it
   * then does not answer: whoever asks must take that for a yes.
   */
  async isRevoked(token: string): Promise<boolean> {
    const hash = hashOf(token);
    if (this.#list.has(hash)) return true;
    if (performance.now() - this.#knownUntil <= this.#maxStalenessMs) return false;
    const until = await this.#manager.call(['ZSCORE', this.#keys[0] ?? '', hash], { profile: 'critical' });
    return until !== null;
  }

  /** Stops following the shared list. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    this.#offState();
    // Not waited for: on a connection that is silent it could take long.
    void this.#unsubscribe();
    await this.#loop;
  }

  async #follow(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.#sync();
      } catch (error) {
        // Redis is away. What is known grows old, and isRevoked() asks for itself.
        if (!(error instanceof RedisManagerError)) throw error;
        if (error.code === 'closed') return;
      }
      if (!this.#closing.signal.aborted) await pause(this.#maxStalenessMs / 3, this.#wake.signal);
    }
  }

  async #sync(): Promise<void> {
    const askedAt = performance.now();
    const input = { keys: this.#keys, args: [this.#list.version] };
    const options = {
      profile: 'critical',
      deadlineMs: this.#maxStalenessMs / 3,
      signal: this.#closing.signal,
    } as const;
    const reply = await this.#manager.script(SYNC, input, options);
    const [version, now, entries] = reply as [string, string, string[]];
    const lost = version === this.#list.version ? [] : this.#list.merge(version, entries);
    this.#knownUntil = askedAt;
    // By Redis' clock: one here that jumps forth and back would forget what still counts.
    this.#list.prune(Number(now));
    // A failover or a restore lost them; every process that knows of one gives it back.
    for (let from = 0; from < lost.length; from += BATCH) await this.#send(lost.slice(from, from + BATCH));
  }

  async #send(entries: readonly Revoked[]): Promise<void> {
    const args = [this.#channel, ...entries.flatMap(([hash, until]) => [hash, String(until)])];
    await this.#manager.script(REVOKE, { keys: this.#keys, args });
  }
}

/** Tokens are looked up by their hashes, so no comparison depends on how much of one is right. */
function hashOf(token: string): string {
  // Of callers without types: the token that is not there is the one most often asked about.
  if (typeof token !== 'string')
    throw new RedisManagerError(`A token is a text, not ${typeof token}`, {
      code: 'invalid-options',
      retryable: false,
      applied: 'no',
    });
  return createHash('sha256').update(token).digest('base64url');
}
