import type { Chat } from '@ai-sdk/react';
import { type OpenRun, RunFeed } from '../ai-sdk/index.ts';
import { type ChatClient, type ChatClientError, isProvisional, type OutboxEntry } from '../client/index.ts';
import type { AttachedFrame, ChatMessage } from '../protocol/index.ts';
import { loadHistory, pause } from './load-history.ts';
import { ResetPace } from './reset-pace.ts';
import { SentMessages } from './sent-messages.ts';
import { keep, type SessionSnapshot, type SnapshotChange } from './session-state.ts';
import { ShownRuns } from './shown-runs.ts';
import { asClientError, ThreadActions } from './thread-actions.ts';

/**
 * A thread as a page shows it. All runs come by one path, whichever tab asked: the event that starts a run puts its
 * message and its answer into the chat. So two tabs show the same by construction.
 */
export class ThreadSession {
  readonly actions: ThreadActions;
  readonly #client: ChatClient;
  /** One of `beginThread` until its thread is made. */
  #thread: string;
  readonly #sent = new SentMessages();
  readonly #listeners = new Set<() => void>();
  #snapshot: SessionSnapshot = { status: 'loading', pending: [], deleted: false };
  #users = 0;
  /** Takes the listeners back; set while the session is used. */
  #stop: (() => void) | undefined;
  #feed: RunFeed | undefined;
  #loading: AbortController | undefined;
  #loaded = false;
  readonly #pace = new ResetPace();
  readonly #shown: ShownRuns;
  #user: string | undefined;

  constructor(client: ChatClient, thread: string) {
    this.#client = client;
    this.#thread = thread;
    this.actions = new ThreadActions({
      ...{ client, sent: this.#sent },
      thread: () => this.#thread,
      running: () => this.#snapshot.run,
      publish: (change) => this.#publish(change),
    });
    this.#shown = new ShownRuns({
      ...{ thread, sent: this.#sent },
      publish: (change) => this.#publish(change),
      onIdle: () => this.#idle(),
      closed: () => client.closed,
    });
    if (isProvisional(thread)) this.#snapshot = { ...this.#snapshot, status: 'idle' };
  }

  get chat(): Chat<ChatMessage> {
    return this.#shown.chat;
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
    const off = [
      this.#client.on('outbox', () => this.#said()),
      this.#client.on('created', ({ provisional, thread }) => {
        if (provisional !== this.#thread) return;
        this.#thread = thread;
        // What there is of it is shown.
        this.#loaded = true;
        this.#watch(off);
      }),
      this.#client.on('connection', () => this.#connected()),
    ];
    this.#stop = () => {
      this.#stop = undefined;
      for (const one of off) one();
      this.#halt();
      this.#feed?.dispose();
      this.#feed = undefined;
    };
    this.#said();
    if (!isProvisional(this.#thread)) this.#watch(off);
  }

  /** Messages of this page, and what an earlier one left. */
  #said(): void {
    for (const { command, state } of this.#outbox())
      if (state !== 'refused') this.#sent.sent(this.#client.submit(command));
    this.#publish({});
  }

  #watch(off: (() => void)[]): void {
    const view = this.#client.thread(this.#thread);
    off.push(
      view.on('deleted', () => this.#deleted()),
      view.on('error', (error) => {
        if (error.code !== 'redis-unavailable' && error.code !== 'internal') this.#failed(error);
      }),
    );
    void this.#load();
  }

  #connected(): void {
    const { socket, user } = this.#client.connection;
    if (this.#client.closed) this.#halt();
    if (socket !== 'open' || user === undefined) return;
    const other = this.#user !== undefined && this.#user !== user.id;
    this.#user = user.id;
    // Nothing of somebody else's conversation may stay on the page.
    if (other) this.#clear();
    const again = this.#snapshot.status === 'error' && !this.#snapshot.deleted;
    // For instance after a sign-in.
    if ((other || again) && !isProvisional(this.#thread)) void this.#load();
  }

  #clear(): void {
    this.chat.messages = [];
    this.#sent.clear();
    this.#loaded = false;
  }

  async #load(waitMs = 0): Promise<void> {
    this.#halt();
    const loading = new AbortController();
    const { signal } = loading;
    this.#loading = loading;
    // What is shown stays until it can be replaced, so that nothing on the page jumps.
    const status = this.#loaded ? 'idle' : 'loading';
    this.#publish({ status, error: undefined, deleted: false });
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
    if (cut !== undefined && this.#loading === undefined) this.#shown.push(cut);
    if (message === undefined || this.#shown.has(message.id)) return;
    this.#sent.queued(message);
    this.#publish({});
  }

  #started({ run, outcome }: OpenRun): void {
    // While loading, what comes is of an attachment that is about to be replaced.
    if (this.#feed === undefined || this.#loading !== undefined) return;
    if (outcome === 'stopped') this.#sent.stopped(run);
    this.#shown.push({ run, stream: this.#feed.stream(run) });
    this.#publish({});
  }

  #idle(): void {
    const rest = { run: undefined, stopping: undefined };
    this.#publish(this.#snapshot.status === 'running' ? { status: 'idle', ...rest } : rest);
  }

  #reset({ reason = 'rollback', lost }: AttachedFrame): void {
    const at = Date.now();
    if (reason === 'wiped') this.#sent.restart([], []);
    this.#publish({ notice: lost === undefined ? { reason, at } : { reason, lost, at } });
    void this.#load(this.#pace.waitMs(at));
  }

  #deleted(): void {
    this.#halt();
    this.#clear();
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
    this.#shown.halt();
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
