import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type * as IORedis from 'ioredis';
import { fullJitter, pause } from '../connection/backoff.ts';
import type { Endpoint } from '../topology/index.ts';
import type { LoanContext } from './context.ts';

/** The part of ioredis that is told where a client is connected. */
export interface ConnectorParts {
  readonly context: LoanContext;
  readonly signal: () => AbortSignal;
  /** Before each socket is made. */
  readonly located: (endpoint: Endpoint) => void;
  readonly connected: (socket: Socket) => void;
}

type Connector = InstanceType<typeof IORedis.AbstractConnector>;

export const RECONNECT_MIN_MS = 20;
export const RECONNECT_MAX_MS = 500;
/** The words by which ioredis and BullMQ know that a connection was ended on purpose. */
const CLOSED = 'Connection is closed.';

/**
 * Makes the class by which ioredis opens its sockets: each time where the manager says. ioredis ends a client for good when its
 * connector fails, so this one asks until it is told.
 */
export function connectorClass(
  { AbstractConnector }: typeof IORedis,
  { context, signal, located, connected }: ConnectorParts,
): new (
  options: unknown,
) => Connector {
  return class LoanConnector extends AbstractConnector {
    #attempt = new AbortController();
    #endpoint: Endpoint | undefined;

    constructor(options: unknown) {
      super((options as { readonly disconnectTimeout: number }).disconnectTimeout);
    }

    /** Sentinels may name a master that is not one yet, or no more. */
    override check(info: { readonly role?: string }): boolean {
      return this.#endpoint?.master !== true || info.role === 'master';
    }

    override async connect(emit: (type: string, error: Error) => void): Promise<Socket> {
      this.connecting = true;
      this.#attempt = new AbortController();
      const stop = AbortSignal.any([this.#attempt.signal, signal()]);
      this.#endpoint = await this.#locate(stop, emit);
      if (stop.aborted) throw new Error(CLOSED);
      located(this.#endpoint);
      const socket = openSocket(this.#endpoint);
      socket.once('error', (error) => {
        this.firstError = error;
      });
      connected(socket);
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

    async #locate(stop: AbortSignal, emit: (type: string, error: Error) => void): Promise<Endpoint> {
      for (let attempt = 0; ; attempt++) {
        if (stop.aborted || context.isClosed()) throw new Error(CLOSED);
        try {
          return await context.locate(stop);
        } catch (error) {
          if (!stop.aborted) emit('error', error as Error);
          await pause(fullJitter(attempt, RECONNECT_MIN_MS, RECONNECT_MAX_MS), stop);
        }
      }
    }
  };
}

function openSocket({ client }: Endpoint): Socket {
  const { tls, ...options } = { tls: false, ...client.socket };
  return tls ? connectTls(options as object) : connect(options as Parameters<typeof connect>[0]);
}
