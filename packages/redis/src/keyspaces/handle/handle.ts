import type { RedisArgument } from '../../connection/call.ts';
import type { CallOptions, RedisManager } from '../../manager.ts';
import type { KeyType } from '../definition.ts';
import { invalidOption } from '../invalid.ts';
import type { Keyspace } from '../keyspace.ts';
import type { KeyParameters } from '../template.ts';
import { WRITE, WRITE_BOTH } from './scripts.ts';

/** What a keyspace needs of a manager. */
export type KeyspaceManager = Pick<RedisManager, 'call' | 'script' | 'scan'>;

/** Options of one call; the profile is the keyspace's. */
export type KeyspaceCallOptions = Omit<CallOptions, 'profile' | 'buffers'>;

/** Options of a write. */
export interface KeyspaceWriteOptions extends KeyspaceCallOptions {
  /** Expires sooner than the keyspace declares, in ms. */
  readonly ttlMs?: number;
}

/** What all keyspaces can do, whatever their type. Every method rejects with a `RedisManagerError`. */
export class KeyHandle<Template extends string, Value> {
  protected readonly keyspace: Keyspace<Template, KeyType, Value>;
  protected readonly manager: KeyspaceManager;

  constructor(keyspace: Keyspace<Template, KeyType, Value>, manager: KeyspaceManager) {
    this.keyspace = keyspace;
    this.manager = manager;
  }

  /** Resolves with whether there was one. */
  async delete(parameters: KeyParameters<Template>, options?: KeyspaceCallOptions): Promise<boolean> {
    const { old, key } = this.#keys(parameters);
    const deleted =
      old === undefined
        ? await this.manager.call(['UNLINK', key], this.callOptions(options))
        : await this.#script(parameters, ['UNLINK'], '', options);
    return Number(deleted) > 0;
  }

  async exists(parameters: KeyParameters<Template>, options?: KeyspaceCallOptions): Promise<boolean> {
    return Number(await this.send(parameters, ['EXISTS'], options)) > 0;
  }

  /** Lets the key live as long as if it were written now. Resolves with whether there is one. */
  async touch(parameters: KeyParameters<Template>, options: KeyspaceWriteOptions = {}): Promise<boolean> {
    const ttl = this.ttlOf(options);
    if (ttl === '') return this.exists(parameters, options);
    return Number(await this.#script(parameters, ['PEXPIRE', ttl], '', options)) > 0;
  }

  /** Ms until the key expires; Infinity: never; undefined: there is none. */
  async ttlMs(
    parameters: KeyParameters<Template>,
    options?: KeyspaceCallOptions,
  ): Promise<number | undefined> {
    const ttl = Number(await this.send(parameters, ['PTTL'], options));
    if (ttl === -2) return undefined;
    return ttl === -1 ? Number.POSITIVE_INFINITY : ttl;
  }

  /** All its keys, page by page; see the manager's `scan` for what may come twice or not at all. */
  async *scan(): AsyncGenerator<string[]> {
    const { template, type } = this.keyspace;
    for await (const page of this.manager.scan({ match: template.glob, type })) {
      const ours = page.filter((key) => template.owns(key));
      if (ours.length > 0) yield ours;
    }
  }

  /** Sends a reading command: the name, and what follows the key. */
  protected send(
    parameters: KeyParameters<Template>,
    [command, ...rest]: readonly [string, ...RedisArgument[]],
    options?: KeyspaceCallOptions,
    buffers = false,
  ): Promise<unknown> {
    const { old, key } = this.#keys(parameters);
    const read = old !== undefined && this.keyspace.replaced?.stage === 'dual-write' ? old : key;
    return this.manager.call([command, read, ...rest], this.callOptions(options, buffers));
  }

  /** Sends a writing command, and sets the key's time to live in one step with it. */
  protected change(
    parameters: KeyParameters<Template>,
    command: readonly [string, ...RedisArgument[]],
    options: KeyspaceWriteOptions = {},
    buffers = false,
  ): Promise<unknown> {
    return this.#script(parameters, command, this.ttlOf(options), options, buffers);
  }

  protected get renaming(): boolean {
    const { replaced } = this.keyspace;
    return replaced !== undefined && replaced.stage !== 'new-only';
  }

  /** `''`: it does not expire. Throws `invalid-options`. */
  protected ttlOf({ ttlMs }: KeyspaceWriteOptions): string {
    const { ttlMs: declared, template } = this.keyspace;
    const most = declared ?? Number.MAX_SAFE_INTEGER;
    if (ttlMs === undefined) return declared === undefined ? '' : String(declared);
    if (Number.isSafeInteger(ttlMs) && ttlMs >= 1 && ttlMs <= most) return String(ttlMs);
    throw invalidOption(
      `ttlMs of a key of ${template.text}`,
      `a whole number from 1 to ${most}`,
      String(ttlMs),
    );
  }

  protected callOptions(options: KeyspaceCallOptions = {}, buffers = false): CallOptions {
    const { deadlineMs, signal } = options;
    return {
      profile: this.keyspace.profile,
      buffers,
      ...(deadlineMs !== undefined && { deadlineMs }),
      ...(signal !== undefined && { signal }),
    };
  }

  #script(
    parameters: KeyParameters<Template>,
    command: readonly [string, ...RedisArgument[]],
    ttl: string,
    options?: KeyspaceCallOptions,
    buffers = false,
  ): Promise<unknown> {
    const { old, key } = this.#keys(parameters);
    const call = this.callOptions(options, buffers);
    if (old === undefined) return this.manager.script(WRITE, { keys: [key], args: [ttl, ...command] }, call);
    const main = this.keyspace.replaced?.stage === 'dual-write' ? '1' : '2';
    return this.manager.script(WRITE_BOTH, { keys: [old, key], args: [main, ttl, ...command] }, call);
  }

  /** With the old key while the keyspace takes another's place. */
  #keys(parameters: KeyParameters<Template>): { readonly old: string | undefined; readonly key: string } {
    const { replaced } = this.keyspace;
    const key = this.keyspace.key(parameters);
    return { old: this.renaming ? replaced?.template.key(parameters) : undefined, key };
  }
}
