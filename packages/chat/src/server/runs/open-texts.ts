import type { Chunk } from '../../protocol/index.ts';
import type { Appender } from './appender.ts';

/** Appends an answer's chunks so that every text has its start and its end. */
export class OpenTexts {
  readonly #appender: Appender;
  readonly #open = new Map<string, 'text' | 'reasoning'>();

  constructor(appender: Appender) {
    this.#appender = appender;
  }

  /** Resolves when there is room for another. */
  async chunk(chunk: Chunk): Promise<void> {
    if (chunk.type === 'text-start') this.#open.set(chunk.id, 'text');
    else if (chunk.type === 'reasoning-start') this.#open.set(chunk.id, 'reasoning');
    else if (chunk.type === 'text-end' || chunk.type === 'reasoning-end') {
      if (!this.#open.delete(chunk.id)) return;
    } else if (chunk.type === 'text-delta' && !this.#open.has(chunk.id)) {
      // Its start was before a step, or before the point from which a takeover repeats.
      await this.chunk({ type: 'text-start', id: chunk.id });
    } else if (chunk.type === 'reasoning-delta' && !this.#open.has(chunk.id)) {
      await this.chunk({ type: 'reasoning-start', id: chunk.id });
    }
    await this.#appender.chunk(chunk);
  }

  /** Ends what is open; resolves when all is stored. */
  async end(): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    for (const [id, kind] of open) await this.#appender.chunk({ type: `${kind}-end`, id });
    await this.#appender.flush();
  }
}
