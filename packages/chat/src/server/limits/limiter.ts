import type { IncomingMessage } from 'node:http';
import { type MetricFamily, RateLimit, type RateLimitResult, type RedisManager } from '@taproot/redis';
import { ChatError } from '../errors.ts';
import { userThreadsKey } from '../threads/keys.ts';
import { type AddressOf, addressKey } from './address.ts';
import { Buckets } from './buckets.ts';
import { OpenCount } from './open-count.ts';
import type { ChatLimits } from './options.ts';

/** Which limit refused something; a label of `taproot_refused_total`. */
export type LimitName =
  | 'sockets'
  | 'sockets-user'
  | 'sockets-address'
  | 'frames'
  | 'bytes'
  | 'requests'
  | 'sends'
  | 'searches'
  | 'sign-ins'
  | 'threads'
  | 'outgoing-bytes'
  | 'outgoing-age'
  | 'outgoing-total';

export interface LimiterOptions {
  readonly manager: RedisManager;
  readonly limits: ChatLimits;
  readonly addressOf: AddressOf;
}

/** Who does something: a user, an address that is counted, or both. */
export interface Source {
  readonly user?: string | undefined;
  readonly address?: string | undefined;
}

const REQUEST_BURST_S = 10;
const FRAME_BURST_S = 10;
const BYTES_BURST_S = 16;
const MINUTE_MS = 60_000;
/** After this somebody who has as many as may be open tries again. */
const RETRY_OPEN_MS = 5000;

interface Pair<T> {
  readonly user: T;
  readonly address: T;
}

/** The limits of users and addresses: rates and open sockets of this process, and what is counted in Redis for all of them. */
export class Limiter {
  readonly limits: ChatLimits;
  readonly #manager: RedisManager;
  readonly #addressOf: AddressOf;
  readonly #sockets: Pair<OpenCount>;
  readonly #frames: Pair<Buckets>;
  readonly #bytes: Pair<Buckets>;
  readonly #requests: Pair<Buckets>;
  readonly #sends: Pair<RateLimit>;
  readonly #searches: Pair<RateLimit>;
  readonly #signIns: Pair<RateLimit>;
  readonly #refused = new Map<LimitName, number>();

  constructor({ manager, limits, addressOf }: LimiterOptions) {
    this.#manager = manager;
    this.limits = limits;
    this.#addressOf = addressOf;
    const { addressFactor, framesPerSecond, bytesPerSecond, requestsPerSecond } = limits;
    const pair = <T>(make: (factor: number) => T): Pair<T> => ({
      user: make(1),
      address: make(addressFactor),
    });
    const buckets = (rate: number, burstS: number): Pair<Buckets> =>
      pair((factor) => new Buckets({ perSecond: rate * factor, burst: rate * factor * burstS }));
    this.#sockets = pair((factor) => new OpenCount(limits.maxSocketsPerUser * factor));
    this.#frames = buckets(framesPerSecond, FRAME_BURST_S);
    this.#bytes = buckets(bytesPerSecond, BYTES_BURST_S);
    this.#requests = buckets(requestsPerSecond, REQUEST_BURST_S);
    this.#sends = perMinute(manager, 'sends', limits.sendsPerMinute, addressFactor);
    this.#searches = perMinute(manager, 'searches', limits.searchesPerMinute, addressFactor);
    this.#signIns = perMinute(manager, 'sign-ins', limits.signInsPerMinute, addressFactor);
  }

  /** What a request's address is counted by; undefined for this machine's own. */
  addressOf(request: IncomingMessage): string | undefined {
    return addressKey(this.#addressOf(request));
  }

  /** Room for one socket of a user or an address, until the returned function is called; undefined if there is none. */
  openSocket(kind: keyof Pair<unknown>, key: string | undefined): (() => void) | undefined {
    const leave = this.#sockets[kind].open(key);
    if (leave === undefined) this.refuse(`sockets-${kind}`);
    return leave;
  }

  /** 0, or how long to wait, in ms. */
  frame(source: Source, bytes: number): number {
    return this.#take('frames', this.#frames, source, 1) || this.#take('bytes', this.#bytes, source, bytes);
  }

  /** An HTTP request or an upgrade: 0, or how long to wait, in ms. */
  request(source: Source): number {
    return this.#take('requests', this.#requests, source, 1);
  }

  /** As {@link request}; throws `too-many-requests`. */
  requireRequest(source: Source): void {
    const waitMs = this.request(source);
    if (waitMs > 0) throw tooMany('Too many requests', waitMs);
  }

  /** A new run. Rejects `too-many-requests`. If Redis does not decide it is let through: storing it will tell. */
  requireSend(source: Source): Promise<void> {
    return this.#require('sends', this.#sends, source, 'Too many messages in one minute');
  }

  /** A search of a user. Rejects `too-many-requests`. */
  requireSearch(user: string): Promise<void> {
    return this.#require('searches', this.#searches, { user }, 'Too many searches in one minute');
  }

  /** A sign-in from an address, or of a user. Rejects `too-many-requests`, and `redis-unavailable` if Redis does not decide. */
  requireSignIn(source: Source): Promise<void> {
    return this.#require('sign-ins', this.#signIns, source, 'Too many sign-ins in one minute');
  }

  /** One more thread of a user. Rejects `too-many-threads`. Those that are made at the same moment may pass it by a few. */
  async requireThread(user: string): Promise<void> {
    const { maxThreads } = this.limits;
    if (Number(await this.#manager.call(['ZCARD', userThreadsKey(user)])) < maxThreads) return;
    this.refuse('threads');
    throw new ChatError('too-many-threads', `A user may have ${maxThreads} threads; delete some first`);
  }

  /** Counts something that was refused. */
  refuse(limit: LimitName): void {
    this.#refused.set(limit, (this.#refused.get(limit) ?? 0) + 1);
  }

  metrics(): MetricFamily[] {
    const limits = Object.entries(this.limits).map(([limit, value]) => ({
      labels: { limit },
      value: Number(value),
    }));
    const refused = [...this.#refused].map(([limit, value]) => ({ labels: { limit }, value }));
    const tables = {
      frames: this.#frames,
      bytes: this.#bytes,
      requests: this.#requests,
      sockets: this.#sockets,
    };
    const known = Object.entries(tables).flatMap(([limit, pair]) =>
      (['user', 'address'] as const).map((of) => ({ labels: { limit, of }, value: pair[of].size })),
    );
    return [
      { name: 'taproot_limit', help: 'Limits that hold', type: 'gauge', samples: limits },
      { name: 'taproot_refused_total', help: 'What a limit refused', type: 'counter', samples: refused },
      {
        name: 'taproot_limit_keys',
        help: 'Users and addresses that are counted',
        type: 'gauge',
        samples: known,
      },
    ];
  }

  #take(limit: LimitName, { user, address }: Pair<Buckets>, source: Source, cost: number): number {
    const waitMs = Math.max(
      source.user === undefined ? 0 : user.take(source.user, cost),
      source.address === undefined ? 0 : address.take(source.address, cost),
    );
    if (waitMs > 0) this.refuse(limit);
    return waitMs;
  }

  async #require(limit: LimitName, rates: Pair<RateLimit>, source: Source, message: string): Promise<void> {
    const asked: Promise<RateLimitResult>[] = [];
    if (source.user !== undefined) asked.push(rates.user.take(source.user));
    if (source.address !== undefined) asked.push(rates.address.take(source.address));
    const refused = (await Promise.all(asked)).filter(({ allowed }) => !allowed);
    const failed = refused.find(({ failure }) => failure !== undefined);
    if (failed?.failure !== undefined) throw failed.failure;
    if (refused.length === 0) return;
    this.refuse(limit);
    throw tooMany(message, Math.max(...refused.map(({ retryAfterMs }) => retryAfterMs)));
  }
}

/** Why a socket was refused that would be one too many. */
export function tooManySockets(): ChatError {
  return tooMany('Too many sockets are open', RETRY_OPEN_MS);
}

function tooMany(message: string, retryAfterMs: number): ChatError {
  return new ChatError('too-many-requests', message, { retryAfterMs });
}

function perMinute(
  manager: RedisManager,
  name: 'sends' | 'searches' | 'sign-ins',
  count: number,
  addressFactor: number,
): Pair<RateLimit> {
  const make = (of: string, factor: number): RateLimit =>
    new RateLimit(manager, {
      name: `${name}-${of}`,
      prefix: 'taproot:rate',
      fails: name === 'sign-ins' ? 'closed' : 'open',
      limits: { minute: { count: count * factor, periodMs: MINUTE_MS } },
    });
  return { user: make('user', 1), address: make('address', addressFactor) };
}
