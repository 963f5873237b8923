import { Chat } from '@ai-sdk/react';
import { type Cut, type OpenRun, RunFeed } from '../ai-sdk/index.ts';
import {
  type ChatClient,
  ChatClientError,
  DEFAULT_BACKOFF,
  fullJitter,
  type OutboxEntry,
} from '../client/index.ts';
import type { AttachedFrame, ChatChunk, ChatMessage } from '../protocol/index.ts';
import { loadHistory, pause } from './load-history.ts';
import { SentMessages } from './sent-messages.ts';
import { keep, type SessionSnapshot, type SnapshotChange } from './session-state.ts';
import { cutOff, type Shown, ShowQueue } from './show-queue.ts';
import { asClientError, ThreadActions } from './thread-actions.ts';

/** Resets closer to each other than this are loaded ever more slowly: a server may contradict itself. */
const CALM_MS = 30_000;

/**
 * A thread as a page shows it. All runs come by one path, whichever tab asked: the event that starts a run puts its
 * message and its answer into the chat. So two tabs show the same by construction.
 */
export class ThreadSession {
  readonly chat: Chat<ChatMessage>;
  readonly actions: ThreadActions;
  readonly #client: ChatClient;
  readonly #thread: string;
  readonly #sent = new SentMessages();
  readonly #listeners = new Set<() => void>();
  #snapshot: SessionSnapshot = { status: 'loading', pending: [], deleted: false };
  #users = 0;
  /** Takes the listeners back; set while the session is used. */
  #stop: (() => void) | undefined;
  #feed: RunFeed | undefined;
  #loading: AbortController | undefined;
  #loaded = false;
  /** In a row. */
  #resets = 0;
  #lastReset = Number.NEGATIVE_INFINITY;
  readonly #queue = new ShowQueue(this.#sent);
  #showing: Shown | undefined;

  constructor(client: ChatClient, thread: string) {
    this.#client = client;
    this.#thread = thread;
    this.actions = new ThreadActions({
      ...{ client, thread, sent: this.#sent },
      running: () => this.#snapshot.run,
      publish: (change) => this.#publish(change),
    });
    const sendMessages = (): Promise<never> => {
      const what = 'Messages of this chat are sent by the `send` of its thread';
      return Promise.reject(new ChatClientError('not-supported', what, { applied: 'no' }));
    };
    // A stream of the feed begins with the run's first event.
    const reconnectToStream = (): Promise<ReadableStream<ChatChunk> | null> =>
      Promise.resolve(this.#showing?.stream.locked === false ? this.#showing.stream : null);
    this.chat = new Chat<ChatMessage>({
      id: thread,
      transport: { resumeStreamIsReplay: true, sendMessages, reconnectToStream },
    });
  }

  /** Nobody uses it: it is neither attached nor loaded. */
  get idle(): boolean {
    return this.#stop === undefined;
  }

  /** Keeps the session going until the returned function is called. */
  retain(): () => void {
    this.#users++;
    this.#start();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#users--;
      // Later, because React's StrictMode unmounts and mounts again at once.
      setTimeout(() => this.#users === 0 && this.#stop?.());
    };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  read = (): SessionSnapshot => this.#snapshot;

  dismissNotice = (): void => {
    this.#publish({ notice: undefined, refusal: undefined });
  };

  reload = (): void => {
    if (!this.idle) void this.#load();
  };

  #start(): void {
    if (this.#stop !== undefined) return;
    const view = this.#client.thread(this.#thread);
    const off = [
      this.#client.on('outbox', () => this.#publish({})),
      this.#client.on('connection', ({ socket }) => {
        if (this.#client.closed) this.#halt();
        // For instance after a sign-in.
        if (socket === 'open' && this.#snapshot.status === 'error' && !this.#snapshot.deleted)
          void this.#load();
      }),
      view.on('deleted', () => this.#deleted()),
      view.on('error', (error) => {
        if (error.code !== 'redis-unavailable' && error.code !== 'internal') this.#failed(error);
      }),
    ];
    this.#stop = () => {
      this.#stop = undefined;
      for (const one of off) one();
      this.#halt();
      this.#feed?.dispose();
      this.#feed = undefined;
    };
    void this.#load();
  }

  async #load(waitMs = 0): Promise<void> {
    this.#halt();
    const loading = new AbortController();
    const { signal } = loading;
    this.#loading = loading;
    // What is shown stays until it can be replaced, so that nothing on the page jumps.
    this.#publish({ status: this.#loaded ? 'idle' : 'loading', error: undefined, deleted: false });
    try {
      if (waitMs > 0) await pause(this.#client, waitMs, signal);
      const { conversation, waiting, position } = await loadHistory(this.#client, this.#thread, signal);
      if (signal.aborted) return;
      this.#loading = undefined;
      this.#loaded = true;
      const ids = conversation.map(({ id }) => id);
      this.chat.messages = [...conversation];
      this.#sent.restart(waiting, ids);
      if (this.#feed === undefined) this.#feed = this.#follow(position);
      else this.#feed.openAt(position);
      this.#publish({ status: 'idle' });
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(asClientError(error, 'The thread could not be loaded'));
    }
  }

  #follow(position: { readonly seq: number; readonly chain: string }): RunFeed {
    const hooks = {
      onQueued: (run: OpenRun) => this.#queued(run),
      onStarted: (run: OpenRun) => this.#started(run),
      onReset: (frame: AttachedFrame) => this.#reset(frame),
    };
    return new RunFeed(this.#client.thread(this.#thread), hooks, position);
  }

  #queued({ message, cut }: OpenRun): void {
    if (cut !== undefined && this.#loading === undefined) this.#enqueue(cut);
    if (message === undefined || this.#has(message.id)) return;
    this.#sent.queued(message);
    this.#publish({});
  }

  #started({ run, outcome }: OpenRun): void {
    // While loading, what comes is of an attachment that is about to be replaced.
    if (this.#feed === undefined || this.#loading !== undefined) return;
    if (outcome === 'stopped') this.#sent.stopped(run);
    this.#enqueue({ run, stream: this.#feed.stream(run) });
    this.#publish({});
  }

  #enqueue(next: Shown | Cut): void {
    this.#queue.push(next);
    if (this.#showing === undefined) void this.#show();
  }

  /** One run after the other: AI SDK would abandon the first stream for a second one. */
  async #show(): Promise<void> {
    for (let next = this.#queue.next(); next !== undefined; next = this.#queue.next()) {
      if (!('run' in next)) {
        this.chat.messages = cutOff(this.chat.messages, next);
        continue;
      }
      this.#showing = next;
      this.#place(next.run);
      this.#publish({ status: 'running', run: next.run });
      await this.chat.resumeStream();
      if (this.chat.status !== 'error' || this.#client.closed) continue;
      this.#publish({ error: asClientError(this.chat.error, 'An answer could not be shown') });
      this.chat.clearError();
    }
    this.#showing = undefined;
    const rest = { run: undefined, stopping: undefined };
    this.#publish(this.#snapshot.status === 'running' ? { status: 'idle', ...rest } : rest);
  }

  /** The user's message joins the conversation when its run starts. */
  #place(run: string): void {
    const message = this.#sent.takeFor(run);
    if (message !== undefined && !this.#has(message.id))
      this.chat.messages = [...this.chat.messages, message];
  }

  #reset({ reason = 'rollback', lost }: AttachedFrame): void {
    const at = Date.now();
    if (reason === 'wiped') this.#sent.restart([], []);
    this.#publish({ notice: lost === undefined ? { reason, at } : { reason, lost, at } });
    this.#resets = at - this.#lastReset < CALM_MS ? this.#resets + 1 : 0;
    this.#lastReset = at;
    void this.#load(this.#resets === 0 ? 0 : fullJitter(this.#resets, DEFAULT_BACKOFF));
  }

  #deleted(): void {
    this.#halt();
    this.#loaded = false;
    // The client forgets them next.
    const error = new ChatClientError('not-found', 'The chat was deleted', { applied: 'no' });
    this.#sent.gone(this.#outbox(), error);
    this.#publish({ status: 'idle', deleted: true });
  }

  #failed(error: ChatClientError): void {
    this.#halt();
    this.#loaded = false;
    this.#publish({ status: 'error', error });
  }

  /** Ends what is shown here; the runs on the server go on. */
  #halt(): void {
    this.#loading?.abort();
    this.#loading = undefined;
    this.#queue.clear();
    if (this.#showing !== undefined) void this.chat.stop();
  }

  #has(id: string): boolean {
    return this.chat.messages.some((message) => message.id === id);
  }

  #outbox(): readonly OutboxEntry[] {
    return this.#client.outbox.filter(
      ({ thread, command: { type } }) => thread === this.#thread && (type === 'send' || type === 'edit'),
    );
  }

  #publish(change: SnapshotChange): void {
    const pending = keep(this.#snapshot.pending, this.#sent.pending(this.#outbox()));
    const next = { ...this.#snapshot, ...change, pending };
    const entries = Object.entries(next).filter(([, value]) => value !== undefined);
    this.#snapshot = Object.fromEntries(entries) as unknown as SessionSnapshot;
    for (const listener of [...this.#listeners]) listener();
  }
}
