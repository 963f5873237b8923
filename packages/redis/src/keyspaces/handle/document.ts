import { requireOneSlot } from '../slot.ts';
import type { KeyParameters } from '../template.ts';
import { KeyHandle, type KeyspaceCallOptions, type KeyspaceWriteOptions } from './handle.ts';

/** Options of {@link DocumentHandle.set}. */
export interface SetOptions extends KeyspaceWriteOptions {
  /** Only if there is none yet, or only if there is one. @default either */
  readonly only?: 'new' | 'existing';
}

/** One value per key. */
export class DocumentHandle<Template extends string, Value> extends KeyHandle<Template, Value> {
  /** Undefined: there is none. Rejects `codec-newer`, `codec`. */
  async get(parameters: KeyParameters<Template>, options?: KeyspaceCallOptions): Promise<Value | undefined> {
    return this.#decoded(await this.send(parameters, ['GET'], options, true));
  }

  /** Several at once, in their order. Rejects `crossslot` unless the slot tags are the same, on every topology. */
  async getMany(
    all: readonly KeyParameters<Template>[],
    options?: KeyspaceCallOptions,
  ): Promise<(Value | undefined)[]> {
    const keys = all.map((parameters) => this.keyspace.key(parameters));
    requireOneSlot(keys);
    if (keys.length === 0) return [];
    if (this.renaming) return Promise.all(all.map((parameters) => this.get(parameters, options)));
    const replies = await this.manager.call(['MGET', ...keys], this.callOptions(options, true));
    return (replies as unknown[]).map((reply) => this.#decoded(reply));
  }

  /** Resolves with whether it was written, which only `only` can keep it from. */
  async set(parameters: KeyParameters<Template>, value: Value, options: SetOptions = {}): Promise<boolean> {
    const { codec } = this.keyspace;
    const condition = { new: ['NX'], existing: ['XX'], always: [] }[options.only ?? 'always'];
    const ttl = this.ttlOf(options);
    const rest = [codec.encode(value), ...(ttl === '' ? [] : ['PX', ttl]), ...condition];
    const reply = this.renaming
      ? await this.change(parameters, ['SET', ...rest], options)
      : await this.manager.call(['SET', this.keyspace.key(parameters), ...rest], this.callOptions(options));
    return reply !== null;
  }

  #decoded(reply: unknown): Value | undefined {
    return Buffer.isBuffer(reply) ? this.keyspace.codec.decode(reply) : undefined;
  }
}
