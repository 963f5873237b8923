import { type RedisManager, RedisManagerError } from '@taproot/redis';
import type { Session, Sessions } from '../auth/sessions.ts';

/** A socket as the watch sees it. */
export interface Watched {
  readonly session: Session;
  /** Its session is over. */
  signedOut(): void;
}

export interface SessionWatchOptions {
  readonly manager: RedisManager;
  readonly sessions: Sessions;
  readonly onError: (error: unknown) => void;
  /** Sessions are looked at this often although nothing was heard: that one has run out is told by nobody. @default 30000 */
  readonly lookEveryMs?: number;
}

const LOOK_EVERY_MS = 30_000;
/** And this often while revocations may not be heard, or a look has failed. */
const LOOK_WHILE_UNSURE_MS = 500;
/** Sessions asked for at once. */
const BATCH = 256;

/** Closes the sockets of sessions that are revoked or run out, wherever that was said (PROTOCOL.md §2.4). */
export class SessionWatch {
  readonly #options: SessionWatchOptions;
  readonly #open = new Map<string, Set<Watched>>();
  readonly #stop: () => Promise<void>;
  readonly #offState: () => void;
  readonly #timers: readonly NodeJS.Timeout[];
  #heard = 0;
  #looking = false;
  #again = false;
  /** Redis did not answer for some of them. */
  #unsure = false;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
    this.#stop = options.sessions.watch({
      revoked: (id) => this.#revoked(id),
      recheck: () => this.#look(),
    });
    // Of a Cluster a part may have been away.
    this.#offState = options.manager.on('state', ({ state }) => state === 'ready' && this.#look());
    const every = (ms: number, look: () => void): NodeJS.Timeout => setInterval(look, ms).unref();
    this.#timers = [
      every(options.lookEveryMs ?? LOOK_EVERY_MS, () => this.#look()),
      every(LOOK_WHILE_UNSURE_MS, () => this.#lookIfUnsure()),
    ];
  }

  /** Revocations heard so far. Taken before a session is looked up, it tells {@link add} what was missed in between. */
  get heard(): number {
    return this.#heard;
  }

  /** Watches until {@link remove}. `since`: {@link heard} from before the session was looked up. */
  add(socket: Watched, since: number): void {
    const { id } = socket.session;
    const sockets = this.#open.get(id) ?? new Set();
    this.#open.set(id, sockets.add(socket));
    if (since !== this.#heard) this.#check(socket.session).catch(this.#options.onError);
  }

  remove(socket: Watched): void {
    const { id } = socket.session;
    const sockets = this.#open.get(id);
    if (sockets?.delete(socket) && sockets.size === 0) this.#open.delete(id);
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#offState();
    // Not waited for: a frozen Redis never confirms.
    void this.#stop();
  }

  #revoked(id: string): void {
    this.#heard++;
    for (const socket of [...(this.#open.get(id) ?? [])]) socket.signedOut();
  }

  #lookIfUnsure(): void {
    const { state, checks } = this.#options.manager.health();
    const deaf = state === 'degraded' && checks.read.ok && !checks.pubsub.ok;
    if (deaf || (state === 'ready' && this.#unsure)) this.#look();
  }

  /** One look at a time; what is asked for meanwhile is one more look after it. */
  #look(): void {
    this.#again = true;
    if (!this.#looking) this.#lookWhileAsked().catch(this.#options.onError);
  }

  async #lookWhileAsked(): Promise<void> {
    this.#looking = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.#unsure = false;
        const each = [...this.#open.values()].flatMap((all) => [...all].slice(0, 1));
        for (let from = 0; from < each.length; from += BATCH)
          await Promise.all(each.slice(from, from + BATCH).map(({ session }) => this.#check(session)));
      }
    } finally {
      this.#looking = false;
    }
  }

  async #check(session: Session): Promise<void> {
    try {
      if (!(await this.#options.sessions.valid(session))) this.#revoked(session.id);
    } catch (error) {
      if (!(error instanceof RedisManagerError)) throw error;
      this.#unsure = true;
    }
  }
}
