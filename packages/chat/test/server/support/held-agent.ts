import type { Agent } from '@taproot/chat/server';

/** An agent whose answers wait until the test lets them go on. */
export class HeldAgent {
  /** Questions whose answer has begun, in this order. */
  readonly begun: string[] = [];
  #held = true;
  #waiting: (() => void)[] = [];

  /** Lets all answers end, those under way and those to come. */
  release(): void {
    this.#held = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Lets those end that are under way now. */
  releaseOne(): void {
    this.#waiting.shift()?.();
  }

  get agent(): Agent {
    const held = this;
    return {
      name: 'held',
      async *run({ message, signal }) {
        held.begun.push(message.text);
        yield { type: 'text-start', id: 't' };
        yield { type: 'text-delta', id: 't', delta: `about ${message.text}: ` };
        await held.#pass(signal);
        yield { type: 'text-delta', id: 't', delta: 'done' };
        yield { type: 'text-end', id: 't' };
      },
    };
  }

  async #pass(signal: AbortSignal): Promise<void> {
    if (!this.#held) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
  }
}
