import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';
import { isAboutKey, isRefusal } from './replies.ts';
import type { InspectSource } from './source.ts';

export interface ReaderOptions {
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/** One server's source with the inspection's deadline and signal. It remembers which commands the server refused. */
export class Reader {
  readonly #source: InspectSource;
  readonly #options: ReaderOptions;
  readonly #refused = new Set<string>();

  constructor(source: InspectSource, options: ReaderOptions) {
    this.#source = source;
    this.#options = options;
  }

  get node(): string {
    return this.#source.node;
  }

  /** Commands that this server does not let us use, e.g. `CLIENT LIST`. */
  get refused(): readonly string[] {
    return [...this.#refused].sort();
  }

  call(
    args: readonly RedisArgument[],
    { buffers = false }: { readonly buffers?: boolean } = {},
  ): Promise<unknown> {
    const { deadlineMs, signal } = this.#options;
    return this.#source.call(args, { deadlineMs, buffers, ...(signal !== undefined && { signal }) });
  }

  /** The reply, or undefined where the server refuses it. A command that it refuses whatever the key is not asked a second time. */
  async optional(
    name: string,
    args: readonly RedisArgument[],
    { buffers = false }: { readonly buffers?: boolean } = {},
  ): Promise<unknown> {
    if (this.#refused.has(name)) return undefined;
    try {
      return await this.call(args, { buffers });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refused.add(isAboutKey(error) ? `${name} of some keys` : name);
      return undefined;
    }
  }

  /** Rejects `aborted` once the caller wants no more. */
  throwIfAborted(): void {
    if (!this.#options.signal?.aborted) return;
    throw new RedisManagerError('The inspection was aborted', {
      code: 'aborted',
      retryable: false,
      applied: 'no',
      node: this.node,
    });
  }
}
