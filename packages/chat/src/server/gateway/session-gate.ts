import { pause, RedisManagerError } from '@taproot/redis';
import type { Session, Sessions } from '../auth/sessions.ts';

export interface SessionGateOptions {
  readonly sessions: Sessions;
  readonly session: Session;
  readonly isOpen: () => boolean;
  readonly signedOut: () => void;
}

const ASK_AGAIN_MS = 200;

/** Holds a socket's events back from an outage of Redis until the session was checked again (PROTOCOL.md §2.4). */
export class SessionGate {
  readonly #options: SessionGateOptions;
  #checked: Promise<void> = Promise.resolve();
  #endCheck: (() => void) | undefined;
  #outages = 0;

  constructor(options: SessionGateOptions) {
    this.#options = options;
  }

  /** Resolves when events may go out. */
  get passed(): Promise<void> {
    return this.#checked;
  }

  /** While Redis is away nobody can tell whether the session was revoked. */
  shut(): void {
    this.#outages++;
    if (this.#endCheck !== undefined) return;
    this.#checked = new Promise((resolve) => {
      this.#endCheck = resolve;
    });
  }

  /** Opens once Redis says that the session still holds. */
  async check(): Promise<void> {
    const { sessions, session, isOpen, signedOut } = this.#options;
    while (isOpen()) {
      const outages = this.#outages;
      try {
        if (!(await sessions.valid(session))) signedOut();
        // An answer from before another outage does not count; after that one the session is checked again.
        else if (outages === this.#outages) this.open();
        return;
      } catch (error) {
        if (!(error instanceof RedisManagerError)) throw error;
        await pause(ASK_AGAIN_MS);
      }
    }
  }

  open(): void {
    this.#endCheck?.();
    this.#endCheck = undefined;
  }
}
