import { RedisManagerError } from '../errors.ts';
import { type Codec, type CodecOptions, claimKeyspaces, jsonCodec, KeyTemplate } from '../keyspaces/index.ts';
import type { CallOptions, RedisManager } from '../manager.ts';
import { numberOption } from '../number-option.ts';
import { CREATE, DESTROY, TOUCH, UPDATE } from './scripts.ts';
import { SESSION_FIELDS, type Session, sessionFromReply } from './session.ts';
import { isId, newToken, placeOf, type SessionPlace, userTag } from './token.ts';

/** Options of {@link Sessions}. */
export interface SessionsOptions<Data> {
  /** What its keys begin with. @default 'session' */
  readonly prefix?: string;
  /** How long a session lives after it was created or touched, in ms, at least 1. @default 7 days */
  readonly ttlMs?: number;
  /** How long a session lives at most, in ms, at least 1. @default 30 days */
  readonly maxLifetimeMs?: number;
  /** Sessions that one user may have, from 1 to 1000; the next ends the one that expires soonest. @default 100 */
  readonly maxPerUser?: number;
  /** Bytes that a session's data and the name of its user may have, as JSON. @default 65_536 */
  readonly maxDataBytes?: number;
  /** Version, migrations and check of the data, which is stored as JSON. @default { version: 1 } */
  readonly data?: CodecOptions<Data>;
  /** How long its calls wait. None ever takes a failure for an answer. @default { profile: 'request' } */
  readonly call?: Pick<CallOptions, 'profile' | 'deadlineMs'>;
}

/** What a process that holds somebody's sockets hears. */
export interface SessionListener {
  /** A session was destroyed: by its owner, or because the user had too many. Expiry is not told. */
  revoked(id: string): void;
  /** From now on revocations are heard. What was told before may have been missed: look at the sessions that you hold. */
  recheck(): void;
}

export const DEFAULT_SESSIONS = {
  prefix: 'session',
  ttlMs: 604_800_000,
  maxLifetimeMs: 2_592_000_000,
  maxPerUser: 100,
  maxDataBytes: 65_536,
} as const;

/** Keys that one script takes. */
const BATCH = 200;

/** Which session, where its token is not at hand. */
export type SessionName = Pick<Session<unknown>, 'user' | 'id'>;

/** Sessions of signed-in users. Stored are the hashes of their tokens, never the tokens. */
export class Sessions<Data = unknown> {
  readonly #manager: RedisManager;
  readonly #options: Required<Omit<SessionsOptions<Data>, 'prefix' | 'data'>>;
  readonly #codec: Codec<Data>;
  readonly #record: KeyTemplate;
  readonly #index: KeyTemplate;
  readonly #channel: string;

  /** Throws `invalid-options`, `keyspace-taken`. */
  constructor(manager: RedisManager, options: SessionsOptions<Data> = {}) {
    const { prefix, ttlMs, maxLifetimeMs, maxPerUser, maxDataBytes } = { ...DEFAULT_SESSIONS, ...options };
    this.#manager = manager;
    this.#options = {
      ttlMs: Math.ceil(numberOption('ttlMs', ttlMs, 1)),
      maxLifetimeMs: Math.ceil(numberOption('maxLifetimeMs', maxLifetimeMs, 1)),
      maxPerUser: Math.floor(numberOption('maxPerUser', maxPerUser, 1, 1000)),
      maxDataBytes: numberOption('maxDataBytes', maxDataBytes, 1),
      call: options.call ?? { profile: 'request' },
    };
    this.#codec = jsonCodec(options.data ?? { version: 1 });
    this.#record = new KeyTemplate(`${prefix}:{user}:<id>`);
    this.#index = new KeyTemplate(`${prefix}:{user}:index`);
    this.#channel = `${prefix}:revoked`;
    claimKeyspaces('sessions', prefix);
  }

  /**
   * Signs a user in. The token is told once and is not kept. Rejects `too-large` for the data. After a failure of unknown
   * effect there may be a session whose token nobody has; it ends by itself.
   */
  async create(
    user: string,
    data: Data,
  ): Promise<{ readonly token: string; readonly session: Session<Data> }> {
    const token = newToken(user);
    const name = JSON.stringify(user);
    const place = placeOf(token) as SessionPlace;
    const { ttlMs, maxLifetimeMs, maxPerUser, call } = this.#options;
    const bounds = [ttlMs, maxLifetimeMs, maxPerUser].map(String);
    const args = [place.id, name, this.#encode(data, name), ...bounds];
    for (;;) {
      const reply = await this.#manager.script(CREATE, { keys: this.#keys(place), args }, call);
      const [status, ...rest] = reply as string[];
      if (status === 'ok') return { token, session: this.#read(place, rest) as Session<Data> };
      await this.#destroy(place.tag, rest);
    }
  }

  /** The session of a token; undefined if there is none, or it is over. */
  async get(token: string): Promise<Session<Data> | undefined> {
    const place = placeOf(token);
    return place && this.#load(place);
  }

  /** The session of that name; for who has authenticated its user by other means. */
  async find({ user, id }: SessionName): Promise<Session<Data> | undefined> {
    return isId(id) ? this.#load({ tag: userTag(user), id }) : undefined;
  }

  /** As {@link get}, and the session lives `ttlMs` from now, at most to its end. It writes; once a minute is often enough. */
  async touch(token: string): Promise<Session<Data> | undefined> {
    const place = placeOf(token);
    if (place === undefined) return undefined;
    const input = { keys: this.#keys(place), args: [place.id, String(this.#options.ttlMs)] };
    return this.#read(place, await this.#manager.script(TOUCH, input, this.#options.call));
  }

  /**
   * Replaces a session's data if it still has this version; its life is not prolonged. Undefined if it is over. Rejects
   * `version-conflict`, `too-large`.
   */
  async update(token: string, data: Data, version: number): Promise<Session<Data> | undefined> {
    const place = placeOf(token);
    if (place === undefined) return undefined;
    const input = { keys: [this.#recordKey(place)], args: [String(version), this.#encode(data)] };
    const reply = await this.#manager.script(UPDATE, input, this.#options.call);
    const [status, ...rest] = reply as string[];
    if (status === 'conflict')
      throw refused('The session has another version by now', 'version-conflict', true);
    return status === 'ok' ? this.#read(place, rest) : undefined;
  }

  /** Signs out, and tells it to all listeners. False if there was no such session. */
  async destroy(token: string): Promise<boolean> {
    const place = placeOf(token);
    return place !== undefined && (await this.#destroy(place.tag, [place.id])) === 1;
  }

  /** As {@link destroy}, for who has authenticated the user by other means: signs out another of his devices. */
  async revoke({ user, id }: SessionName): Promise<boolean> {
    return isId(id) && (await this.#destroy(userTag(user), [id])) === 1;
  }

  /** Ends all sessions that a user has at this moment, except one id. How many there were. */
  async destroyAll(user: string, options: { readonly except?: string } = {}): Promise<number> {
    const tag = userTag(user);
    const ids = (await this.#ids(tag)).filter((id) => id !== options.except);
    return this.#destroy(tag, ids);
  }

  /** A user's sessions, those that expire soonest first. */
  async list(user: string): Promise<Session<Data>[]> {
    const tag = userTag(user);
    const ids = await this.#ids(tag);
    const found = await Promise.all(ids.map((id) => this.#load({ tag, id })));
    const gone = ids.filter((_, index) => found[index] === undefined);
    // A session that is over never comes back, so this cannot meet a new one.
    if (gone.length > 0)
      await this.#manager.call(['ZREM', this.#index.key({ user: tag }), ...gone], this.#options.call);
    return found.filter((session) => session !== undefined);
  }

  /** Hears of revocations in all processes, until the returned function is called. */
  watch(listener: SessionListener): () => Promise<void> {
    return this.#manager.subscribe(this.#channel, {
      message: (id) => listener.revoked(id),
      active: () => listener.recheck(),
    });
  }

  async #ids(tag: string): Promise<string[]> {
    const range = ['ZRANGE', this.#index.key({ user: tag }), '0', '-1'];
    return (await this.#manager.call(range, this.#options.call)) as string[];
  }

  async #load(place: SessionPlace): Promise<Session<Data> | undefined> {
    const args = ['HMGET', this.#recordKey(place), ...SESSION_FIELDS];
    return this.#read(place, await this.#manager.call(args, this.#options.call));
  }

  async #destroy(tag: string, ids: readonly string[]): Promise<number> {
    let ended = 0;
    for (let from = 0; from < ids.length; from += BATCH) {
      const batch = ids.slice(from, from + BATCH);
      const records = batch.map((id) => this.#recordKey({ tag, id }));
      const input = { keys: [this.#index.key({ user: tag }), ...records], args: [this.#channel, ...batch] };
      ended += Number(await this.#manager.script(DESTROY, input, this.#options.call));
    }
    return ended;
  }

  #read({ id }: SessionPlace, reply: unknown): Session<Data> | undefined {
    return sessionFromReply(id, reply, this.#codec);
  }

  #encode(data: Data, name = ''): string {
    const text = String(this.#codec.encode(data));
    const { maxDataBytes } = this.#options;
    if (Buffer.byteLength(text) + Buffer.byteLength(name) <= maxDataBytes) return text;
    throw refused(`The data of a session may have ${maxDataBytes} bytes`, 'too-large', false);
  }

  #recordKey({ tag, id }: SessionPlace): string {
    return this.#record.key({ user: tag, id });
  }

  #keys(place: SessionPlace): string[] {
    return [this.#index.key({ user: place.tag }), this.#recordKey(place)];
  }
}

function refused(
  message: string,
  code: 'version-conflict' | 'too-large',
  retryable: boolean,
): RedisManagerError {
  return new RedisManagerError(message, { code, retryable, applied: 'no' });
}
