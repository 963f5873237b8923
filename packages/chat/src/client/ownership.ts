import { messageId } from './message-id.ts';

const TAB_KEY = 'taproot:tab';

/**
 * Which of the clients of an origin has a command: each holds a Web Lock for as long as it lives, also through a crash of its
 * tab, so that none is sent by two and none waits for one that is gone. Without Web Locks (pages without TLS) nobody can tell;
 * then a command may be sent by two, and is stored once by its id.
 */
export class Ownership {
  readonly id: string = messageId();
  /** The same after a reload of the tab. */
  readonly tab: string = tabId();
  readonly #scope: string;
  readonly #ended = new AbortController();
  readonly #awaited = new Set<string>();
  readonly #locks: LockManager | undefined;
  #release: (() => void) | undefined;

  /** `shared`: there is a storage that other clients use as well. */
  constructor(scope: string, shared: boolean) {
    this.#scope = scope;
    this.#locks = shared ? globalThis.navigator?.locks : undefined;
    const held = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    void this.#locks?.request(this.#name(this.id), () => held).catch(() => undefined);
  }

  /** Whether two clients can be kept apart. */
  get exclusive(): boolean {
    return this.#locks !== undefined;
  }

  /** Calls back once the other client is gone; at once where nobody can tell. A client that is waited for already is not again. */
  async whenGone(owner: string, then: () => Promise<void>): Promise<void> {
    if (owner === this.id || this.#locks === undefined) return then();
    if (this.#awaited.has(owner)) return;
    this.#awaited.add(owner);
    const { signal } = this.#ended;
    try {
      await this.#locks.request(this.#name(owner), { signal }, then);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#awaited.delete(owner);
    }
  }

  end(): void {
    this.#ended.abort();
    this.#release?.();
  }

  #name(owner: string): string {
    return `${this.#scope}:${owner}`;
  }
}

function tabId(): string {
  const fresh = messageId();
  try {
    const known = sessionStorage.getItem(TAB_KEY);
    if (known === null) sessionStorage.setItem(TAB_KEY, fresh);
    return known ?? fresh;
  } catch {
    return fresh;
  }
}
