/**
 * Tells whether one command was written to the socket. node-redis takes the abort listener off a command at the moment
 * it writes it, so an object with the shape of an AbortSignal learns exactly that, and costs less than a real one.
 */
export class Ticket {
  readonly reason: undefined = undefined;
  aborted = false;
  #onAbort: (() => void) | undefined;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#onAbort = listener;
  }

  removeEventListener(): void {
    this.#onAbort = undefined;
  }

  /** Takes the command back. True if it had not been written and never will be. */
  withdraw(): boolean {
    const onAbort = this.#onAbort;
    if (onAbort === undefined) return false;
    this.#onAbort = undefined;
    this.aborted = true;
    onAbort();
    return true;
  }

  /** As node-redis takes it: it reads `aborted` and the two listener methods, nothing else. */
  get signal(): AbortSignal {
    return this as unknown as AbortSignal;
  }
}
