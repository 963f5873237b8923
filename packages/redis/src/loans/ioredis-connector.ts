import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector } from 'ioredis';
import { fullJitter, pause } from '../connection/backoff.ts';
import type { Endpoint } from '../topology/index.ts';
import { RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './context.ts';

/** The part of ioredis that is told where a client is to connect. */
export interface Whereabouts {
  /** Rejects once there is no use in asking. */
  locate(signal: AbortSignal): Promise<Endpoint>;
  /** Before each socket is made. */
  located(endpoint: Endpoint): void;
  /** Whether nothing is to be connected any more. */
  isClosed(): boolean;
}

/** The words by which ioredis and BullMQ know that a connection was ended on purpose. */
const CLOSED = 'Connection is closed.';

/**
 * Opens ioredis' sockets: each time where the manager says. ioredis ends a client for good when its connector fails, so this
 * one asks until it is told.
 */
export class LoanConnector extends AbstractConnector {
  readonly #where: Whereabouts;
  #attempt = new AbortController();
  #endpoint: Endpoint | undefined;

  constructor(where: Whereabouts) {
    super(RECONNECT_MAX_MS);
    this.#where = where;
  }

  /** Sentinels may name a master that is not one yet, or no more. */
  override check(info: { readonly role?: string }): boolean {
    return this.#endpoint?.master !== true || info.role === 'master';
  }

  override async connect(emit: (type: string, error: Error) => void): Promise<Socket> {
    this.connecting = true;
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    const endpoint = await this.#locate(signal, emit);
    if (signal.aborted) throw new Error(CLOSED);
    this.#endpoint = endpoint;
    this.#where.located(endpoint);
    const socket = openSocket(endpoint);
    // ioredis hears the first error only; a TLS socket that is ended in its handshake has more.
    socket.on('error', (error) => {
      this.firstError ??= error;
    });
    this.stream = socket;
    return socket;
  }

  override disconnect(): void {
    this.#attempt.abort();
    if (this.stream === undefined || this.stream.destroyed) return;
    // Nothing is in flight on a socket that is still being connected, and an end would wait for it.
    if (this.stream.connecting) this.stream.destroy();
    else super.disconnect();
  }

  async #locate(signal: AbortSignal, emit: (type: string, error: Error) => void): Promise<Endpoint> {
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted || this.#where.isClosed()) throw new Error(CLOSED);
      try {
        return await this.#where.locate(signal);
      } catch (error) {
        if (!signal.aborted) emit('error', error as Error);
        await pause(fullJitter(attempt, RECONNECT_MIN_MS, RECONNECT_MAX_MS), signal);
      }
    }
  }
}

function openSocket({ client }: Endpoint): Socket {
  const { tls, ...options } = { tls: false, ...client.socket };
  return tls ? connectTls(options as object) : connect(options as Parameters<typeof connect>[0]);
}
