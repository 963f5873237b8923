/** How long an answer may take when there is a reason to doubt the socket, at most. */
const PROBE_MS = 5_000;

export interface HeartbeatOptions {
  readonly intervalMs: number;
  readonly ping: (n: number) => void;
  readonly dead: () => void;
}

/** Finds half-open sockets (PROTOCOL.md §5.3): a ping each interval; if nothing at all came by the next, it is dead. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #interval: ReturnType<typeof setInterval>;
  #probe: ReturnType<typeof setTimeout> | undefined;
  #silent = false;
  #n = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#interval = setInterval(() => (this.#silent ? this.#dead() : this.#ping()), options.intervalMs);
  }

  /** Any frame is a sign of life. */
  heard(): void {
    this.#silent = false;
    clearTimeout(this.#probe);
    this.#probe = undefined;
  }

  /** Asks at once, for instance after the computer slept: timers say nothing about a socket then. */
  probe(): void {
    if (this.#probe !== undefined) return;
    this.#ping();
    this.#probe = setTimeout(() => this.#dead(), Math.min(PROBE_MS, this.#options.intervalMs));
  }

  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#probe);
  }

  #ping(): void {
    this.#silent = true;
    this.#options.ping(++this.#n);
  }

  #dead(): void {
    this.stop();
    this.#options.dead();
  }
}
