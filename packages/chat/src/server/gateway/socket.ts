import type { Buffer } from 'node:buffer';
import { type RedisManager, RedisManagerError } from '@taproot/redis';
import type { WebSocket } from 'ws';
import {
  CLOSE,
  type ClientFrame,
  type CommandFrame,
  type ErrorFrame,
  type ServerFrame,
} from '../../protocol/index.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import { ChatError, toChatError } from '../errors.ts';
import { type FrameResult, parseFrame } from '../frame-schemas.ts';
import type { Limiter, LimitName, Source } from '../limits/index.ts';
import type { ThreadStore } from '../threads/store.ts';
import { Attachments } from './attachments.ts';
import { checkContent, makesRun, perform } from './commands.ts';
import type { DeliveryMeter } from './delivery-meter.ts';
import { MAX_WAITING_FRAMES } from './limits.ts';
import { Outgoing } from './outgoing.ts';
import { SessionGate } from './session-gate.ts';

export interface GatewaySocketOptions {
  readonly socket: WebSocket;
  readonly session: Session;
  readonly manager: RedisManager;
  readonly threads: ThreadStore;
  readonly sessions: Sessions;
  readonly limiter: Limiter;
  readonly deliveries: DeliveryMeter;
  /** What its address is counted by; undefined if it is not counted. */
  readonly address?: string | undefined;
  readonly onError: (error: unknown) => void;
  /** Told of the code with which this end closes. */
  readonly onClose?: (code: number) => void;
}

/** One client's socket: reads its frames in order, answers them, and sends the events of its attached threads. */
export class GatewaySocket {
  readonly session: Session;
  readonly outgoing: Outgoing;
  readonly #options: GatewaySocketOptions;
  readonly #source: Source;
  readonly #attachments: Attachments;
  readonly #gate: SessionGate;
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #alive = true;
  #draining = false;

  constructor(options: GatewaySocketOptions) {
    this.#options = options;
    this.session = options.session;
    const { socket, session, limiter } = options;
    this.#source = { user: session.user.id, address: options.address };
    this.outgoing = new Outgoing({
      socket,
      maxBytes: limiter.limits.maxOutgoingBytes,
      tooMuch: () => this.tooSlow('outgoing-bytes'),
    });
    this.#gate = new SessionGate({
      ...options,
      isOpen: () => this.open,
      signedOut: () => this.signedOut(),
    });
    this.#attachments = new Attachments({
      ...options,
      user: session.user,
      max: limiter.limits.maxAttached,
      send: (frame) => this.#gate.passed.then(() => this.outgoing.event(frame)),
      failed: (error) => this.#failed(error),
    });
    this.#listen();
    const { id, name } = session.user;
    const { epoch } = options.manager.deployment;
    this.send({
      type: 'ready',
      session: session.id,
      user: { id, name },
      limits: { ...limiter.limits },
      epoch,
    });
  }

  get open(): boolean {
    const { socket } = this.#options;
    return socket.readyState === socket.OPEN;
  }

  send(frame: ServerFrame): void {
    this.outgoing.send(JSON.stringify(frame));
  }

  /** Only the first close counts. */
  close(code: number, reason: string): void {
    if (!this.open) return;
    this.#options.onClose?.(code);
    const { socket } = this.#options;
    socket.close(code, reason);
    // Its answer to the close must be read.
    socket.resume();
  }

  /** Its session was revoked, or ran out. */
  signedOut(): void {
    this.close(CLOSE.notSignedIn, 'not signed in any more');
  }

  /** More waits for it than the limit allows; what it misses is in Redis. */
  tooSlow(limit: LimitName): void {
    if (!this.open) return;
    this.#options.limiter.refuse(limit);
    this.close(CLOSE.tooSlow, 'too slow');
  }

  /** Reads no further, and resolves when all that came was answered. */
  drain(): Promise<void> {
    this.#draining = true;
    this.#options.socket.pause();
    return this.#work;
  }

  /** Holds events back: while Redis is away nobody can tell whether the session was revoked. */
  suspend(): void {
    this.#gate.shut();
  }

  /** Lets events go on once Redis says that the session still holds, and closes the socket if it does not. */
  resume(): Promise<void> {
    return this.#gate.check();
  }

  /** Asks for a sign of life; a socket that gave none since the last time is cut. */
  heartbeat(): void {
    const { socket } = this.#options;
    if (this.#alive) socket.ping();
    else socket.terminate();
    this.#alive = false;
  }

  #listen(): void {
    const { socket } = this.#options;
    socket.on('message', (data, binary) => this.#receive(data as Buffer, binary));
    // The library answers pings by itself; they cost as much as frames.
    socket.on('ping', (data) => this.#within(data.length));
    socket.on('pong', (data) => this.#within(data.length));
    socket.on('close', () => void this.#release());
  }

  /** Whether a frame fits the limits. Each one is a sign of life. */
  #within(bytes: number): boolean {
    if (!this.open) return false;
    this.#alive = true;
    const retryAfterMs = this.#options.limiter.frame(this.#source, bytes);
    if (retryAfterMs === 0) return true;
    this.#error(new ChatError('too-many-requests', 'Too many frames', { retryAfterMs }), undefined);
    this.close(CLOSE.tooMany, 'too many frames');
    return false;
  }

  #receive(data: Buffer, binary: boolean): void {
    if (!this.#within(data.length)) return;
    const result: FrameResult = binary ? { kind: 'not-json' } : parseFrame(data.toString('utf8'));
    if (result.kind === 'not-json') this.close(CLOSE.policy, 'text frames with a JSON object only');
    // Answered at once, so that a heartbeat is not held up by work.
    else if (result.kind === 'frame' && result.frame.type === 'ping')
      this.send({ type: 'pong', n: result.frame.n });
    else this.#enqueue(result);
  }

  #enqueue(result: Exclude<FrameResult, { kind: 'not-json' }>): void {
    this.#waiting++;
    // A client that does not wait for answers is held back by its own socket, not by our memory.
    if (this.#waiting > MAX_WAITING_FRAMES) this.#options.socket.pause();
    this.#work = this.#work.then(() => this.#handle(result));
  }

  async #handle(result: Exclude<FrameResult, { kind: 'not-json' }>): Promise<void> {
    try {
      if (result.kind !== 'frame') this.#error(new ChatError(result.kind, result.message), result.ref);
      else await this.#act(result.frame);
    } catch (error) {
      const told = toChatError(error);
      if (told.code === 'internal') this.#options.onError(error);
      this.#error(told, result.kind === 'frame' ? refOf(result.frame) : undefined);
    } finally {
      this.#waiting--;
      const { socket } = this.#options;
      if (this.#waiting <= MAX_WAITING_FRAMES && socket.isPaused && !this.#draining) socket.resume();
    }
  }

  async #act(frame: ClientFrame): Promise<void> {
    switch (frame.type) {
      case 'attach':
        this.#requireRedis();
        return this.#attachments.attach(frame);
      case 'detach':
        return this.#attachments.detach(frame.thread);
      case 'ping':
        return;
      default:
        return this.#perform(frame);
    }
  }

  #failed(error: unknown): void {
    this.#options.onError(error);
    // A manager that is closed before its chat server leaves nothing to follow; that is no bug.
    if (error instanceof RedisManagerError) this.close(CLOSE.draining, 'this gateway is closing');
    else this.close(CLOSE.bug, 'a bug of this server');
  }

  async #perform(command: CommandFrame): Promise<void> {
    const { sessions, threads, limiter } = this.#options;
    checkContent(command, limiter.limits);
    this.#requireRedis();
    const charged = makesRun(command) ? limiter.requireSend(this.#source) : Promise.resolve();
    charged.catch(() => undefined);
    if (!(await sessions.valid(this.session))) return this.signedOut();
    await charged;
    this.send(await perform(threads, this.session.user, command));
  }

  /** While Redis is away nothing is tried, so the answer is a sure "not applied". */
  #requireRedis(): void {
    const { state } = this.#options.manager;
    if (state === 'ready' || state === 'degraded') return;
    throw new ChatError('redis-unavailable', 'Redis is away; nothing was stored', { retryAfterMs: 1000 });
  }

  #error({ code, message, applied, retryAfterMs }: ChatError, ref: string | undefined): void {
    this.send({
      type: 'error',
      code: code as ErrorFrame['code'],
      message,
      applied,
      ...(ref !== undefined && { ref }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }

  #release(): Promise<void> {
    this.#gate.open();
    return this.#attachments.release();
  }
}

function refOf(frame: ClientFrame): string | undefined {
  if (frame.type === 'answer') return frame.callId;
  if ('id' in frame && frame.id !== undefined) return frame.id;
  if ('run' in frame && frame.run !== undefined) return frame.run;
  return 'thread' in frame ? frame.thread : undefined;
}
