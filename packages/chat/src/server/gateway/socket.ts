import type { Buffer } from 'node:buffer';
import { pause, type RedisManager, RedisManagerError } from '@taproot/redis';
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
import type { ThreadStore } from '../threads/store.ts';
import { Attachment } from './attachment.ts';
import { checkContent, perform } from './commands.ts';
import { LIMITS, MAX_OUTGOING_BYTES, PAUSE_OUTGOING_BYTES } from './limits.ts';

export interface GatewaySocketOptions {
  readonly socket: WebSocket;
  readonly session: Session;
  readonly manager: RedisManager;
  readonly threads: ThreadStore;
  readonly sessions: Sessions;
  readonly onError: (error: unknown) => void;
}

/** One client's socket: reads its frames in order, answers them, and sends the events of its attached threads. */
export class GatewaySocket {
  readonly session: Session;
  readonly #options: GatewaySocketOptions;
  readonly #attached = new Map<string, Attachment>();
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #alive = true;
  /** Pending from an outage of Redis until the session was checked again. */
  #checked: Promise<void> = Promise.resolve();
  #endCheck: (() => void) | undefined;
  #outages = 0;

  constructor(options: GatewaySocketOptions) {
    this.#options = options;
    this.session = options.session;
    const { socket } = options;
    socket.on('message', (data, binary) => this.#receive(data as Buffer, binary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('close', () => void this.#release());
    const { id, name } = options.session.user;
    this.send({
      type: 'ready',
      session: options.session.id,
      user: { id, name },
      limits: LIMITS,
      epoch: options.manager.deployment.epoch,
    });
  }

  send(frame: ServerFrame): void {
    void this.#write(JSON.stringify(frame));
  }

  close(code: number, reason: string): void {
    this.#options.socket.close(code, reason);
  }

  /** Holds events back: while Redis is away nobody can tell whether the session was revoked. */
  suspend(): void {
    this.#outages++;
    if (this.#endCheck !== undefined) return;
    this.#checked = new Promise((resolve) => {
      this.#endCheck = resolve;
    });
  }

  /** Lets events go on once Redis says that the session still holds, and closes the socket if it does not. */
  async resume(): Promise<void> {
    const { sessions, socket } = this.#options;
    while (socket.readyState === socket.OPEN) {
      const outages = this.#outages;
      try {
        if (!(await sessions.valid(this.session))) this.close(CLOSE.notSignedIn, 'not signed in any more');
        // An answer from before another outage does not count; after that one the session is checked again.
        else if (outages === this.#outages) this.#letGo();
        return;
      } catch (error) {
        if (!(error instanceof RedisManagerError)) throw error;
        await pause(200);
      }
    }
  }

  #letGo(): void {
    this.#endCheck?.();
    this.#endCheck = undefined;
  }

  /** Asks for a sign of life; a socket that gave none since the last time is cut. */
  heartbeat(): void {
    const { socket } = this.#options;
    if (this.#alive) socket.ping();
    else socket.terminate();
    this.#alive = false;
  }

  #receive(data: Buffer, binary: boolean): void {
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
    if (this.#waiting > 32) this.#options.socket.pause();
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
      if (this.#waiting <= 32 && this.#options.socket.isPaused) this.#options.socket.resume();
    }
  }

  async #act(frame: ClientFrame): Promise<void> {
    switch (frame.type) {
      case 'attach':
        return this.#attach(frame);
      case 'detach':
        return this.#detach(frame.thread);
      case 'ping':
        return;
      default:
        return this.#perform(frame);
    }
  }

  async #attach({ thread, after }: Extract<ClientFrame, { type: 'attach' }>): Promise<void> {
    const { threads, manager, session, onError } = this.#options;
    this.#requireRedis();
    const keys = await threads.authorize(session.user, thread);
    await this.#detach(thread);
    if (this.#attached.size >= LIMITS.maxAttached) {
      throw new ChatError('too-many-attached', `A socket may attach ${LIMITS.maxAttached} threads`);
    }
    const attachment = new Attachment({
      manager,
      thread,
      keys,
      after,
      send: (frame) => this.#checked.then(() => this.#write(frame)),
      wasDeleted: (id) => threads.wasDeleted(id),
    });
    this.#attached.set(thread, attachment);
    // A log that is gone ends its attachment.
    const forget = (): boolean => this.#attached.get(thread) === attachment && this.#attached.delete(thread);
    attachment.done.then(forget, (error: unknown) => {
      onError(error);
      // A manager that is closed before its chat server leaves nothing to follow; that is no bug.
      if (error instanceof RedisManagerError) this.close(CLOSE.draining, 'this gateway is closing');
      else this.close(CLOSE.bug, 'a bug of this server');
    });
  }

  async #detach(thread: string): Promise<void> {
    const attachment = this.#attached.get(thread);
    this.#attached.delete(thread);
    await attachment?.detach();
  }

  async #perform(command: CommandFrame): Promise<void> {
    checkContent(command);
    this.#requireRedis();
    const { sessions, threads } = this.#options;
    if (!(await sessions.valid(this.session))) return this.close(CLOSE.notSignedIn, 'not signed in any more');
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

  /** Resolves when the socket can take more. */
  async #write(frame: string): Promise<void> {
    const { socket } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_OUTGOING_BYTES) return this.close(CLOSE.tooSlow, 'too slow');
    if (socket.bufferedAmount < PAUSE_OUTGOING_BYTES) return socket.send(frame);
    await new Promise<void>((resolve) => socket.send(frame, () => resolve()));
  }

  async #release(): Promise<void> {
    this.#letGo();
    const attached = [...this.#attached.values()];
    this.#attached.clear();
    await Promise.allSettled(attached.map((attachment) => attachment.detach()));
  }
}

function refOf(frame: ClientFrame): string | undefined {
  if (frame.type === 'answer') return frame.callId;
  if ('id' in frame && frame.id !== undefined) return frame.id;
  if ('run' in frame && frame.run !== undefined) return frame.run;
  return 'thread' in frame ? frame.thread : undefined;
}
