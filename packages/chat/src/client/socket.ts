import type { ClientFrame, ReadyFrame, ServerFrame } from '../protocol/index.ts';
import { Heartbeat } from './heartbeat.ts';

/** How a socket ended. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
  /** Whether the server had said `ready`. */
  readonly wasReady: boolean;
}

export interface SocketOptions {
  readonly WebSocket: typeof WebSocket;
  readonly url: string;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly onReady: (frame: ReadyFrame) => void;
  readonly onFrame: (frame: ServerFrame) => void;
  /** Called once, unless `close` was called before. */
  readonly onEnd: (end: SocketEnd) => void;
}

const SUBPROTOCOL = 'taproot.v1';
/** What a cut looks like: no close frame came (RFC 6455 §7.1.5). */
const CUT = 1006;

/** One WebSocket from its start to its end. After the end it calls nothing any more, whatever the browser still reports. */
export class Socket {
  readonly #options: SocketOptions;
  readonly #socket: WebSocket;
  readonly #gone: Promise<void>;
  readonly #deadline: ReturnType<typeof setTimeout>;
  #heartbeat: Heartbeat | undefined;
  #ended = false;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#socket = new options.WebSocket(options.url, [SUBPROTOCOL]);
    this.#deadline = setTimeout(() => this.#end(CUT, 'no ready in time'), options.connectTimeoutMs);
    this.#socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => this.#message(data));
    this.#gone = new Promise((resolve) => {
      this.#socket.addEventListener('close', ({ code, reason }: CloseEvent) => {
        this.#end(code, reason);
        resolve();
      });
    });
    // What it means is told by the `close` that follows.
    this.#socket.addEventListener('error', () => undefined);
  }

  get ready(): boolean {
    return this.#heartbeat !== undefined && !this.#ended;
  }

  send(frame: ClientFrame): void {
    if (this.ready) this.#socket.send(JSON.stringify(frame));
  }

  /** Finds out soon whether the other side is still there. */
  probe(): void {
    if (this.ready) this.#heartbeat?.probe();
  }

  /** Ends it by our own will. Resolves when the browser let go of it. */
  close(): Promise<void> {
    if (!this.#ended) this.#release(1000);
    return this.#gone;
  }

  #message(data: unknown): void {
    if (this.#ended) return;
    const frame = parse(data);
    this.#heartbeat?.heard();
    if (frame === undefined) this.#end(CUT, 'not a frame');
    else if (frame.type === 'ready') this.#ready(frame);
    else if (this.#heartbeat !== undefined && frame.type !== 'pong') this.#options.onFrame(frame);
  }

  #ready(frame: ReadyFrame): void {
    clearTimeout(this.#deadline);
    this.#heartbeat ??= new Heartbeat({
      intervalMs: this.#options.pingIntervalMs,
      ping: (n) => this.send({ type: 'ping', n }),
      dead: () => this.#end(CUT, 'no pong in time'),
    });
    this.#options.onReady(frame);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    const wasReady = this.#heartbeat !== undefined;
    this.#release();
    this.#options.onEnd({ code, reason, wasReady });
  }

  #release(code?: number): void {
    this.#ended = true;
    clearTimeout(this.#deadline);
    this.#heartbeat?.stop();
    // On a half-open socket the closing handshake takes minutes; nobody waits for it.
    this.#socket.close(code);
  }
}

function parse(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const frame: unknown = JSON.parse(data);
    const type = typeof frame === 'object' && frame !== null && 'type' in frame ? frame.type : undefined;
    return typeof type === 'string' ? (frame as ServerFrame) : undefined;
  } catch {
    return undefined;
  }
}
