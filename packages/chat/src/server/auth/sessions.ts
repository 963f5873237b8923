import { createHmac, randomBytes } from 'node:crypto';
import type { RedisManager } from '@taproot/redis';
import type { User } from '../agent.ts';

/** Somebody who is signed in. */
export interface Session {
  /** Public name of the session; not the token. */
  readonly id: string;
  readonly user: User;
}

export interface SessionsOptions {
  readonly manager: RedisManager;
  /** Keys the hashes under which tokens are stored, at least 32 bytes. */
  readonly secret: Uint8Array;
  /** @default 7 days */
  readonly sessionMs?: number;
}

const DEFAULT_SESSION_MS = 7 * 24 * 3600 * 1000;
const TICKET_MS = 30_000;
const TOKEN: RegExp = /^[\w-]{43}$/;

/** Sessions and tickets in Redis. Stored are keyed hashes of the tokens, never the tokens. */
export class Sessions {
  readonly #manager: RedisManager;
  readonly #secret: Uint8Array;
  readonly #sessionMs: number;

  constructor({ manager, secret, sessionMs = DEFAULT_SESSION_MS }: SessionsOptions) {
    this.#manager = manager;
    this.#secret = secret;
    this.#sessionMs = sessionMs;
  }

  get sessionMs(): number {
    return this.#sessionMs;
  }

  /** Signs a user in. The token is told once and is not kept. */
  async create(user: User): Promise<{ readonly token: string; readonly session: Session }> {
    const token = randomBytes(32).toString('base64url');
    const id = this.#hash('session', token);
    await this.#manager.call(['SET', sessionKey(id), JSON.stringify(user), 'PX', String(this.#sessionMs)]);
    return { token, session: { id, user } };
  }

  async find(token: string | undefined): Promise<Session | undefined> {
    if (token === undefined || !TOKEN.test(token)) return undefined;
    return this.#load(this.#hash('session', token));
  }

  /** Whether the session was neither revoked nor ran out. */
  async valid(session: Session): Promise<boolean> {
    return (await this.#manager.call(['EXISTS', sessionKey(session.id)])) === 1;
  }

  async revoke(session: Session): Promise<void> {
    await this.#manager.call(['DEL', sessionKey(session.id)]);
  }

  /** A word for opening one socket where headers do not get through; good once, for 30 s. */
  async issueTicket(session: Session): Promise<string> {
    const ticket = randomBytes(32).toString('base64url');
    const key = ticketKey(this.#hash('ticket', ticket));
    await this.#manager.call(['SET', key, session.id, 'PX', String(TICKET_MS)]);
    return ticket;
  }

  async redeemTicket(ticket: string): Promise<Session | undefined> {
    if (!TOKEN.test(ticket)) return undefined;
    const id = await this.#manager.call(['GETDEL', ticketKey(this.#hash('ticket', ticket))]);
    return typeof id === 'string' ? this.#load(id) : undefined;
  }

  async #load(id: string): Promise<Session | undefined> {
    const stored = await this.#manager.call(['GET', sessionKey(id)]);
    return typeof stored === 'string' ? { id, user: JSON.parse(stored) as User } : undefined;
  }

  /** A token is looked up by its hash, so no comparison depends on how much of it is right. */
  #hash(kind: 'session' | 'ticket', token: string): string {
    return createHmac('sha256', this.#secret).update(`${kind}:${token}`).digest('base64url').slice(0, 32);
  }
}

function sessionKey(id: string): string {
  return `taproot:session:${id}`;
}

function ticketKey(hash: string): string {
  return `taproot:ticket:${hash}`;
}
