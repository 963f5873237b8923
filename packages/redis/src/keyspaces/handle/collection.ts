import type { RedisArgument } from '../../connection/call.ts';
import type { KeyParameters } from '../template.ts';
import { KeyHandle, type KeyspaceCallOptions, type KeyspaceWriteOptions } from './handle.ts';

/** A hash, list, set, sorted set or stream per key, by Redis' own commands. Members are encoded with `encode`, read with `decode`. */
export class CollectionHandle<Template extends string, Value> extends KeyHandle<Template, Value> {
  /** Reads, e.g. `read({ user }, ['LRANGE', '0', '-1'])`: the command, and what follows the key. Texts come as Buffers, for `decode`. */
  read(
    parameters: KeyParameters<Template>,
    command: readonly [string, ...RedisArgument[]],
    options?: KeyspaceCallOptions,
  ): Promise<unknown> {
    return this.send(parameters, command, options, true);
  }

  /** Writes, e.g. `write({ user }, ['LPUSH', encode(item)])`, and sets the key's time to live in one step with it. */
  write(
    parameters: KeyParameters<Template>,
    command: readonly [string, ...RedisArgument[]],
    options?: KeyspaceWriteOptions,
  ): Promise<unknown> {
    return this.change(parameters, command, options, true);
  }

  encode(value: Value): string | Buffer {
    return this.keyspace.codec.encode(value);
  }

  /** One of the texts that `read` gave. Throws `codec-newer`, `codec`. */
  decode(stored: unknown): Value {
    return this.keyspace.codec.decode(Buffer.isBuffer(stored) ? stored : Buffer.from(String(stored)));
  }
}
