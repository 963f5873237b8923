import { randomBytes } from 'node:crypto';
import {
  type RedisManager,
  type SessionListener,
  type Session as SessionRecord,
  Sessions as SessionRecords,
} from '@taproot/redis';
import { z } from 'zod';
import type { User } from '../agent.ts';
import { recordOf, signedToken, ticketHash } from './token.ts';

/** Somebody who is signed in. */
export interface Session {
  /** Public name of the session; not the token. */
  readonly id: string;
  readonly user: User;
}

export interface SessionsOptions {
  readonly manager: RedisManager;
  /** Signs tokens and keys the hashes of tickets, at least 32 bytes; the same in all processes of a deployment. */
  readonly secret: Uint8Array;
  /** @default {@link DEFAULT_SESSION_MS} */
  readonly sessionMs?: number;
}

/** How long a session lasts: 7 days. */
export const DEFAULT_SESSION_MS = 604_800_000;
/** How long a ticket is good: 30 s. */
export const TICKET_MS = 30_000;
const TICKET: RegExp = /^[\w-]{43}$/;

const data = z.object({ name: z.string(), operator: z.boolean() });
type Data = z.infer<typeof data>;

/**
 * Sessions of the manager and tickets for opening sockets. Redis has hashes of tokens and tickets, never themselves. Every
 * method rejects while Redis does not answer: whoever asks must take that for a no.
 */
export class Sessions {
  readonly sessionMs: number;
  readonly #manager: RedisManager;
  readonly #secret: Uint8Array;
  readonly #records: SessionRecords<Data>;

  constructor({ manager, secret, sessionMs = DEFAULT_SESSION_MS }: SessionsOptions) {
    this.sessionMs = sessionMs;
    this.#manager = manager;
    this.#secret = secret;
    this.#records = new SessionRecords<Data>(manager, {
      prefix: 'taproot:session',
      ttlMs: sessionMs,
      maxLifetimeMs: sessionMs,
      data: { version: 1, parse: (value) => data.parse(value) },
    });
  }

  /** Signs a user in. The token is told once and is not kept. */
  async create({ id, name, operator }: User): Promise<{ readonly token: string; readonly session: Session }> {
    const { token, session } = await this.#records.create(id, { name, operator });
    return { token: signedToken(this.#secret, token), session: fromRecord(session) };
  }

  async find(token: string | undefined): Promise<Session | undefined> {
    const record = recordOf(this.#secret, token ?? '');
    const session = record === undefined ? undefined : await this.#records.get(record);
    return session && fromRecord(session);
  }

  /** Whether the session was neither revoked nor ran out. */
  async valid({ id, user }: Session): Promise<boolean> {
    return (await this.#records.find({ user: user.id, id })) !== undefined;
  }

  /** Ends a session; the sockets that it opened are closed on all gateways. */
  async revoke({ id, user }: Session): Promise<void> {
    await this.#records.revoke({ user: user.id, id });
  }

  /** Ends all sessions that a user has now, on all devices. How many there were. */
  revokeAll(userId: string): Promise<number> {
    return this.#records.destroyAll(userId);
  }

  /** Hears of sessions that are revoked anywhere, until the returned function is called. */
  watch(listener: SessionListener): () => Promise<void> {
    return this.#records.watch(listener);
  }

  /** A word for opening one socket where headers do not get through; good once, for 30 s. */
  async issueTicket({ id, user }: Session): Promise<string> {
    const ticket = randomBytes(32).toString('base64url');
    const named = JSON.stringify({ user: user.id, id });
    await this.#manager.call(['SET', this.#ticketKey(ticket), named, 'PX', String(TICKET_MS)]);
    return ticket;
  }

  /** Uses a ticket up. Of any number of gateways that are shown it at once, one gets its session. */
  async redeemTicket(ticket: string): Promise<Session | undefined> {
    if (!TICKET.test(ticket)) return undefined;
    const named = await this.#manager.call(['GETDEL', this.#ticketKey(ticket)]);
    if (typeof named !== 'string') return undefined;
    const session = await this.#records.find(JSON.parse(named) as { user: string; id: string });
    return session && fromRecord(session);
  }

  #ticketKey(ticket: string): string {
    return `taproot:ticket:${ticketHash(this.#secret, ticket)}`;
  }
}

function fromRecord({ id, user, data: { name, operator } }: SessionRecord<Data>): Session {
  return { id, user: { id: user, name, operator } };
}
