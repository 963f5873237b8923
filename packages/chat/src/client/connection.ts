import {
  type AfterClose,
  afterClose,
  type ClientFrame,
  type ReadyFrame,
  type ServerFrame,
} from '../protocol/index.ts';
import { fullJitter } from './backoff.ts';
import { firstState, nextState, type StateChange } from './connection-state.ts';
import { ChatClientError } from './errors.ts';
import type { Http, Readiness } from './http.ts';
import { Socket, type SocketEnd } from './socket.ts';
import type { Backoff, ConnectionState } from './types.ts';
import { onWake } from './wake.ts';

export interface ConnectionOptions {
  /** Of the WebSocket, without a ticket. */
  readonly url: string;
  readonly http: Http;
  readonly token: () => string | undefined;
  readonly WebSocket: typeof WebSocket;
  readonly backoff: Backoff;
  readonly pingIntervalMs: number;
  readonly connectTimeoutMs: number;
  readonly onState: (state: ConnectionState) => void;
  readonly onReady: (frame: ReadyFrame) => void;
  readonly onFrame: (frame: ServerFrame) => void;
  /** A socket that was ready is gone. */
  readonly onLost: () => void;
}

const CUT = 1006;

/** Keeps one socket open: connecting → open → waiting → connecting …, until it is closed (PROTOCOL.md §8.6). */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #stopWake: () => void;
  #state: ConnectionState = firstState();
  #socket: Socket | undefined;
  /** Of the attempt under way: aborted when another takes its place. */
  #attempt = new AbortController();
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#stopWake = onWake(() => this.#wake());
    void this.#connect();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get ready(): boolean {
    return this.#socket?.ready ?? false;
  }

  /** False while there is no socket that could take it. */
  send(frame: ClientFrame): boolean {
    if (!this.ready) return false;
    this.#socket?.send(frame);
    return true;
  }

  change(change: StateChange): void {
    const next = nextState(this.#state, change);
    if (next === this.#state) return;
    this.#state = next;
    this.#options.onState(next);
  }

  /** Starts an attempt now; with `anew` also if there is a socket. */
  reconnect(anew: boolean): void {
    if (this.#closed || (!anew && this.#state.socket !== 'waiting' && this.#state.socket !== 'closed'))
      return;
    this.#failures = 0;
    this.#drop();
    void this.#connect();
  }

  /** Resolves when the browser let go of the socket, or after a second. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopWake();
    const gone = this.#drop();
    const change = {
      socket: 'closed',
      redis: 'unknown',
      signIn: false,
      retryAt: undefined,
      affected: undefined,
    } as const;
    this.#state = nextState(this.#state, change);
    // Told in any case: that it is for good is news, also if the socket was closed before.
    this.#options.onState(this.#state);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([gone, new Promise((resolve) => (timer = setTimeout(resolve, 1_000)))]);
    clearTimeout(timer);
  }

  async #connect(): Promise<void> {
    const { signal } = this.#attempt;
    this.change({ socket: 'connecting', retryAt: undefined, signIn: false });
    const url = await this.#address(signal);
    if (url === undefined || signal.aborted) return;
    try {
      this.#socket = new Socket({
        WebSocket: this.#options.WebSocket,
        url,
        connectTimeoutMs: this.#options.connectTimeoutMs,
        pingIntervalMs: this.#options.pingIntervalMs,
        onReady: (frame) => this.#ready(frame),
        onFrame: this.#options.onFrame,
        onEnd: (end) => this.#ended(end),
      });
    } catch (error) {
      // A page's own rules, such as its Content-Security-Policy, may forbid the socket: no attempt would pass.
      this.#stay({ closedBy: { code: CUT, reason: String(error) } });
    }
  }

  /** With a token each socket needs a new ticket, because browsers cannot set its headers (PROTOCOL.md §2.4). */
  async #address(signal: AbortSignal): Promise<string | undefined> {
    if (this.#options.token() === undefined) return this.#options.url;
    try {
      return `${this.#options.url}?ticket=${encodeURIComponent(await this.#options.http.ticket(signal))}`;
    } catch (error) {
      if (signal.aborted) return undefined;
      const code = error instanceof ChatClientError ? error.code : undefined;
      if (code === 'not-signed-in') this.#stay({ signIn: true });
      else if (code === 'not-allowed') this.#stay({});
      else void this.#handshakeFailed(signal);
      return undefined;
    }
  }

  #ready(frame: ReadyFrame): void {
    this.#failures = 0;
    const { epoch, user, limits } = frame;
    // `status` follows at once if Redis is not ready (PROTOCOL.md §7.1).
    this.change({
      socket: 'open',
      redis: 'ready',
      affected: undefined,
      closedBy: undefined,
      epoch,
      user,
      limits,
    });
    this.#options.onReady(frame);
  }

  #ended({ code, reason, wasReady }: SocketEnd): void {
    this.#socket = undefined;
    const closedBy = { code, reason };
    if (wasReady) this.change({ socket: 'waiting', redis: 'unknown', affected: undefined, closedBy });
    else this.change({ socket: 'waiting', closedBy });
    if (wasReady) this.#options.onLost();
    if (!wasReady && code === CUT) void this.#handshakeFailed(this.#attempt.signal);
    else this.#react(afterClose(code));
  }

  #react(after: AfterClose): void {
    switch (after) {
      case 'stay-closed':
        this.#stay({});
        break;
      case 'sign-in':
        this.#stay({ signIn: true });
        break;
      case 'reconnect-now':
        this.#schedule(Math.random() * 250);
        break;
      case 'reconnect-delayed':
        void this.#delayed(this.#attempt.signal);
        break;
      case 'reconnect-backoff':
        this.#schedule(fullJitter(this.#failures, this.#options.backoff));
    }
  }

  async #handshakeFailed(signal: AbortSignal): Promise<void> {
    this.change({ socket: 'waiting' });
    const readiness = await this.#ask(signal);
    const wait = fullJitter(this.#failures, this.#options.backoff);
    if (signal.aborted) return;
    if (readiness.state !== 'not-ready') return this.#schedule(wait);
    this.#schedule(
      readiness.retryAfterMs === undefined ? wait : readiness.retryAfterMs + Math.random() * 1_000,
    );
  }

  async #delayed(signal: AbortSignal): Promise<void> {
    const readiness = await this.#ask(signal);
    if (signal.aborted) return;
    this.#schedule(Math.max(1_000 + Math.random() * 4_000, readiness.retryAfterMs ?? 0));
  }

  async #ask(signal: AbortSignal): Promise<Readiness> {
    const readiness = await this.#options.http.readiness(signal);
    if (!signal.aborted) this.change({ redis: readiness.state === 'not-ready' ? 'down' : 'unknown' });
    return readiness;
  }

  #schedule(waitMs: number): void {
    this.#failures++;
    this.change({ socket: 'waiting', retryAt: Math.round(Date.now() + waitMs) });
    this.#timer = setTimeout(() => void this.#connect(), waitMs);
  }

  #stay(change: StateChange): void {
    this.change({ ...change, socket: 'closed', redis: 'unknown', retryAt: undefined });
  }

  #wake(): void {
    this.#socket?.probe();
    if (this.#state.socket !== 'waiting') return;
    this.#drop();
    void this.#connect();
  }

  /** Ends whatever is under way, without a reaction. */
  #drop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#attempt.abort();
    this.#attempt = new AbortController();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket?.ready) this.#options.onLost();
    return socket?.close() ?? Promise.resolve();
  }
}
