import type { Socket } from 'node:net';

/** What can pass: bytes, an orderly end, a cut. */
type Parcel = Buffer | 'end' | 'cut';

const MAX_WAITING_BYTES = 1 << 20;

/** Ends a connection without a goodbye: by RST, which a Unix socket does not know. */
export function cut(socket: Socket): void {
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/** One direction of a proxied connection: carries in order what one socket says to the other, late, held back, or not at all. */
export class FaultLane {
  latencyMs = 0;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #waiting: { readonly parcel: Parcel; readonly due: number }[] = [];
  #waitingBytes = 0;
  #state: 'open' | 'held' | 'lost' = 'open';
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => this.#take('end'));
    // Told by 'close'.
    from.on('error', () => undefined);
    from.on('close', (hadError) => this.#take(hadError ? 'cut' : 'end'));
    to.on('drain', () => this.#throttle());
  }

  hold(): void {
    if (this.#state === 'open') this.#state = 'held';
  }

  /** For good: the connection does not exist any more, only its ends do not know. */
  lose(): void {
    this.#state = 'lost';
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    clearTimeout(this.#timer);
    this.#from.resume();
  }

  release(): void {
    if (this.#state === 'held') this.#state = 'open';
    this.#deliver();
  }

  #take(parcel: Parcel): void {
    if (this.#state === 'lost') return;
    this.#waiting.push({ parcel, due: performance.now() + this.latencyMs });
    this.#waitingBytes += parcel.length;
    this.#deliver();
    this.#throttle();
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    while (this.#state === 'open') {
      const next = this.#waiting[0];
      if (next === undefined) return;
      const early = next.due - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.#deliver(), early);
        return;
      }
      this.#waiting.shift();
      this.#waitingBytes -= next.parcel.length;
      this.#pass(next.parcel);
    }
    this.#throttle();
  }

  #pass(parcel: Parcel): void {
    if (parcel === 'cut') cut(this.#to);
    else if (!this.#to.writable) return;
    else if (parcel === 'end') this.#to.end();
    else this.#to.write(parcel);
  }

  /** A sender that is not read from feels it, as it would without the proxy; memory stays bounded. */
  #throttle(): void {
    if (this.#state !== 'lost' && (this.#waitingBytes > MAX_WAITING_BYTES || this.#to.writableNeedDrain)) {
      this.#from.pause();
    } else {
      this.#from.resume();
    }
  }
}
