import type { ClientFrame, CommandFrame, Limits } from '../protocol/index.ts';
import type { Emitter } from './emitter.ts';
import { ChatClientError } from './errors.ts';
import { KeptCommands } from './kept-commands.ts';
import { NewThreads } from './new-threads.ts';
import { Outbox } from './outbox.ts';
import type { CommandStorage, StorageState } from './storage.ts';
import type { ThreadsApi } from './threads-api.ts';
import type { ChatClientEvents, PendingCommand } from './types.ts';

export interface CommandsOptions {
  readonly storage: CommandStorage | undefined;
  readonly origin: string;
  readonly threads: ThreadsApi;
  readonly events: Emitter<ChatClientEvents>;
  readonly answerMs: number;
  /** False while there is no socket; then nothing is sent. */
  readonly send: (frame: ClientFrame) => boolean;
  readonly limits: () => Limits | undefined;
}

/** What the user asked for, from the call to its end, over sockets, reloads and sign-ins. */
export class Commands {
  readonly outbox: Outbox;
  readonly #options: CommandsOptions;
  readonly #kept: KeptCommands;
  readonly #newThreads: NewThreads;
  /** Threads that were made for the ids of `beginThread`. */
  readonly #created = new Map<string, string>();
  #user: string | undefined;
  /** Nothing is sent on a socket before what was left unsent is there, which goes first. */
  #restored = false;

  constructor(options: CommandsOptions) {
    const { storage, origin, threads, events, answerMs, limits } = options;
    this.#options = options;
    this.#kept = new KeptCommands({
      storage,
      scope: `taproot:${origin}`,
      onState: (state) => events.emit('storage', state),
    });
    this.#newThreads = new NewThreads({
      create: async () => (await threads.create()).id,
      onCreated: (provisional, thread) => this.#threadCreated(provisional, thread),
      onFailed: (provisional, error) => this.outbox.notMoved(provisional, error),
      onRefused: (provisional, error) => this.outbox.refuseThread(provisional, error),
    });
    this.outbox = new Outbox({
      answerMs,
      limits,
      send: (frame) => this.#restored && options.send(frame),
      createThread: (provisional) => this.#restored && this.#newThreads.create(provisional),
      onChange: (entries) => events.emit('outbox', entries),
      keep: (messages) => this.#kept.keep(messages),
    });
  }

  get storage(): StorageState {
    return this.#kept.state;
  }

  submit(command: CommandFrame, signal: AbortSignal | undefined): PendingCommand {
    const thread = this.#created.get(command.thread) ?? command.thread;
    return this.outbox.add({ ...command, thread }, signal);
  }

  /** A socket is ready for this user; `open` tells whether it still is. */
  async ready(user: string, open: () => boolean): Promise<void> {
    const other = this.#user !== undefined && this.#user !== user;
    this.#user = user;
    this.#kept.signedIn(user);
    this.outbox.setAside((one) => this.#kept.isForeign(one) || (other && one.phase === 'accepted'));
    await this.#kept.restore((kept) => this.outbox.restore(kept));
    if (user !== this.#user || !open()) return;
    this.#restored = true;
    this.outbox.socketReady();
  }

  lost(): void {
    this.#restored = false;
    this.outbox.socketLost();
  }

  threadDeleted(thread: string): void {
    const error = new ChatClientError('not-found', 'The thread was deleted', { applied: 'no' });
    this.outbox.refuseThread(thread, error);
  }

  close(): void {
    this.#newThreads.close();
    this.#kept.close();
    this.outbox.close();
  }

  /** No message leaves before the storage knows its thread: a reload would make another one for it. */
  async #threadCreated(provisional: string, thread: string): Promise<void> {
    this.#created.set(provisional, thread);
    await this.outbox.moved(provisional, thread, () => {
      this.#options.events.emit('created', { provisional, thread });
      return this.#kept.settled;
    });
  }
}

/** Whoever does not look at it sees in the log what became of it. */
export function unwatched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
