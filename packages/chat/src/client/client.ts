import type { CommandFrame, ErrorFrame, ReadyFrame, ServerFrame, StatusFrame } from '../protocol/index.ts';
import { Commands, unwatched } from './commands.ts';
import { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import { ChatClientError, errorOf } from './errors.ts';
import { Http } from './http.ts';
import { messageId } from './message-id.ts';
import { provisionalThread } from './provisional.ts';
import { settingsOf } from './settings.ts';
import type { StorageState } from './storage.ts';
import { AttachedView } from './thread-view.ts';
import { ThreadsApi } from './threads-api.ts';
import type * as Types from './types.ts';

/**
 * Connects to a Taproot server and stays connected until `close()`: PROTOCOL.md §8 is what it does. For browsers and
 * Node.
 *
 * @example
 * const client = createChatClient({ url: 'http://127.0.0.1:7070', token });
 * const { id } = await client.createThread();
 * client.thread(id).on('event', (event) => console.log(event.data));
 * await client.send(id, 'What is in Redis right now?').accepted;
 */
export function createChatClient(options: Types.ChatClientOptions): Types.ChatClient {
  return new Client(options);
}

class Client implements Types.ChatClient {
  readonly #events = new Emitter<Types.ChatClientEvents>();
  readonly #views = new Map<string, AttachedView>();
  readonly #http: Http;
  readonly #threads: ThreadsApi;
  readonly #commands: Commands;
  readonly #connection: Connection;
  readonly #answerMs: number;
  #token: string | undefined;
  #epoch: string | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(options: Types.ChatClientOptions) {
    const settings = settingsOf(options);
    const token = (): string | undefined => this.#token;
    this.#token = options.token;
    this.#answerMs = settings.connectTimeoutMs;
    this.#http = new Http({ ...settings, token, timeoutMs: settings.connectTimeoutMs });
    this.#threads = new ThreadsApi(this.#http);
    this.#commands = new Commands({
      ...settings,
      threads: this.#threads,
      events: this.#events,
      answerMs: this.#answerMs,
      send: (frame) => this.#connection.send(frame),
      limits: () => this.#connection.state.limits,
    });
    this.#connection = new Connection({
      ...settings,
      url: settings.socketUrl,
      http: this.#http,
      token,
      onState: (state) => this.#events.emit('connection', state),
      onReady: (frame) => this.#ready(frame),
      onFrame: (frame) => this.#frame(frame),
      onLost: () => this.#lost(),
    });
  }

  get connection(): Types.ConnectionState {
    return this.#connection.state;
  }

  get outbox(): readonly Types.OutboxEntry[] {
    return this.#commands.outbox.entries;
  }

  get storage(): StorageState {
    return this.#commands.storage;
  }

  get closed(): boolean {
    return this.#closed;
  }

  on<K extends keyof Types.ChatClientEvents>(
    name: K,
    listener: (value: Types.ChatClientEvents[K]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  thread(id: string): Types.ThreadView {
    const known = this.#views.get(id);
    if (known !== undefined) return known;
    const view = new AttachedView({
      thread: id,
      send: (frame) => this.#connection.send(frame),
      answerMs: this.#answerMs,
      onEvent: (event) => this.#commands.outbox.event(event),
      onReset: (frame) => this.#commands.outbox.reset(frame),
    });
    this.#views.set(id, view);
    return view;
  }

  send(thread: string, text: string, options: Types.SendOptions = {}): Types.PendingMessage {
    const { id = messageId() } = options;
    return this.submit({ type: 'send', thread, id, text }, options);
  }

  edit(thread: string, of: string, text: string, options: Types.SendOptions = {}): Types.PendingMessage {
    const { id = messageId() } = options;
    return this.submit({ type: 'edit', thread, id, of, text }, options);
  }

  regenerate(thread: string, of: string, options: Types.SendOptions = {}): Types.PendingMessage {
    const { id = messageId() } = options;
    return this.submit({ type: 'regenerate', thread, id, of }, options);
  }

  stop(thread: string, target: Types.StopTarget): ReturnType<Types.ChatClient['stop']> {
    const { accepted } = this.submit({ type: 'stop', thread, ...target });
    return unwatched(accepted.then(({ run, outcome = 'stopped' }) => ({ run, outcome })));
  }

  answer(thread: string, run: string, callId: string, approve: boolean): Promise<void> {
    const { accepted } = this.submit({ type: 'answer', thread, run, callId, approve });
    return unwatched(accepted.then(() => undefined));
  }

  beginThread(): string {
    return provisionalThread();
  }

  submit(command: CommandFrame, { signal }: { readonly signal?: AbortSignal } = {}): Types.PendingCommand {
    if (this.closed) throw new ChatClientError('closed', 'The chat client was closed', { applied: 'no' });
    return this.#commands.submit(command, signal);
  }

  discard(id: string): void {
    this.#commands.outbox.discard(id);
  }

  reconnect({ token }: { readonly token?: string } = {}): void {
    const anew = token !== undefined && token !== this.#token;
    if (anew) this.#token = token;
    this.#connection.reconnect(anew);
  }

  listThreads(options?: { readonly signal?: AbortSignal }): Promise<readonly Types.ThreadSummary[]> {
    return this.#threads.list(options);
  }

  searchThreads(text: string, options?: Types.SearchOptions): Promise<Types.FoundThreads> {
    return this.#threads.search(text, options);
  }

  createThread(title?: string): Promise<Types.ThreadDetails> {
    return this.#threads.create(title);
  }

  getThread(id: string, options?: { readonly signal?: AbortSignal }): Promise<Types.ThreadDetails> {
    return this.#threads.get(id, options);
  }

  renameThread(id: string, title: string): Promise<void> {
    return this.#threads.rename(id, title);
  }

  deleteThread(id: string): Promise<void> {
    return this.#threads.delete(id);
  }

  getMessages(id: string, options?: Types.PageOptions): Promise<Types.MessagesPage> {
    return this.#threads.messages(id, options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#http.close();
    for (const view of this.#views.values()) view.dispose();
    const gone = this.#connection.close();
    this.#commands.close();
    await gone;
  }

  /** Attaching comes first, so that the events of what is sent again are not missed. */
  #ready({ epoch, user }: ReadyFrame): void {
    if (this.#epoch !== undefined && epoch !== this.#epoch) {
      for (const view of this.#views.values()) view.wiped();
      this.#commands.outbox.reset();
    }
    this.#epoch = epoch;
    for (const view of this.#views.values()) view.socketReady();
    void this.#commands.ready(user.id, () => this.#connection.ready);
  }

  #lost(): void {
    for (const view of this.#views.values()) view.socketLost();
    this.#commands.lost();
  }

  #frame(frame: ServerFrame): void {
    switch (frame.type) {
      case 'attached':
        this.#views.get(frame.thread)?.attachedFrame(frame);
        break;
      case 'event':
        this.#views.get(frame.thread)?.eventFrame(frame);
        break;
      case 'accepted':
        this.#commands.outbox.accepted(frame.thread, frame.id, frame);
        break;
      case 'stopped':
        this.#commands.outbox.stopped(frame);
        break;
      case 'status':
        this.#status(frame);
        break;
      case 'thread-deleted':
        this.#views.get(frame.thread)?.deletedFrame();
        this.#commands.threadDeleted(frame.thread);
        break;
      case 'error':
        this.#error(frame);
    }
  }

  #status({ redis, threads }: StatusFrame): void {
    this.#connection.change({ redis, affected: threads });
    if (redis !== 'ready') return;
    for (const view of this.#views.values()) view.redisReady();
    this.#commands.outbox.redisReady();
  }

  #error(frame: ErrorFrame): void {
    if (this.#commands.outbox.error(frame)) return;
    const view = frame.ref === undefined ? undefined : this.#views.get(frame.ref);
    if (view === undefined) this.#events.emit('error', errorOf(frame));
    else view.errorFrame(frame);
  }
}
