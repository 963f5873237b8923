import { repeatScript } from '../agent-state/index.ts';
import type { RedisArgument } from '../connection/call.ts';
import { claimKeyspaces, KeyTemplate } from '../keyspaces/index.ts';
import type { RedisManager } from '../manager.ts';
import type { Script } from '../script.ts';
import { namespacePart, PAST, part, unpart } from './place.ts';
import type { StoredCheckpoint } from './record.ts';
import { ANCESTORS, PUT_CHECKPOINT, PUT_WRITES, READ_CHECKPOINT } from './scripts.ts';
import type { StoredWrite } from './writes.ts';

export interface StoreOptions {
  readonly prefix: string;
  readonly ttlMs: number | undefined;
  readonly deadlineMs: number;
}

/** A checkpoint's name within its thread. */
export interface InThread {
  readonly namespace: string;
  readonly id: string;
}

/** What is stored of a checkpoint. */
export interface StoredTuple extends InThread {
  readonly checkpoint: Buffer;
  readonly metadata: Buffer;
  readonly parent: string | undefined;
  readonly writes: readonly Buffer[];
  readonly apart: readonly (Buffer | null)[];
}

/** A checkpoint to store. */
export interface PutInput {
  readonly checkpoint: StoredCheckpoint;
  readonly metadata: Buffer;
  readonly parent: string | undefined;
  /** Channels that are written by this checkpoint. */
  readonly written: readonly string[];
}

/** Checkpoints as Redis keeps them: names and bytes, see scripts.ts. */
export class CheckpointStore {
  readonly #manager: RedisManager;
  readonly #options: StoreOptions;
  readonly #index: KeyTemplate;
  readonly #data: KeyTemplate;

  constructor(manager: RedisManager, options: StoreOptions) {
    this.#manager = manager;
    this.#options = options;
    this.#index = new KeyTemplate(`${options.prefix}:{thread}:index`);
    this.#data = new KeyTemplate(`${options.prefix}:{thread}:data`);
    claimKeyspaces('langgraph', options.prefix);
  }

  async put(thread: string, { namespace, id }: InThread, input: PutInput): Promise<void> {
    const { checkpoint, metadata, parent = '', written } = input;
    const { frame, apart } = checkpoint;
    const digests = apart.map(({ digest }) => digest).join('');
    const place = namespacePart(namespace) + part(id);
    const once = [
      ...apart.flatMap(({ digest, bytes }) => [`b${digest}`, asBuffer(bytes)]),
      ...written.flatMap((channel) => [writtenField(namespace, channel), '1']),
    ];
    const stored = [thread, frame, metadata, part(parent), digests];
    await this.#run(PUT_CHECKPOINT, thread, [this.#ttl, place, ...stored, ...once]);
  }

  /** Which of these channels were ever written in a namespace. */
  async everWritten(
    thread: string,
    namespace: string,
    channels: readonly string[],
  ): Promise<ReadonlySet<string>> {
    if (channels.length === 0) return new Set();
    const fields = channels.map((channel) => writtenField(namespace, channel));
    const reply = (await this.#call(['HMGET', this.#data.key({ thread }), ...fields])) as (string | null)[];
    return new Set(channels.filter((_, n) => reply[n] !== null));
  }

  async putWrites(
    thread: string,
    { namespace, id }: InThread,
    writes: readonly StoredWrite[],
  ): Promise<void> {
    const begin = `w${namespacePart(namespace)}${part(id)}\0`;
    const args = writes.flatMap(({ place, replaces, frame }) => [
      replaces ? 'HSET' : 'HSETNX',
      begin + place,
      frame,
    ]);
    await this.#run(PUT_WRITES, thread, [this.#ttl, ...args]);
  }

  /** One checkpoint, the latest if none is named; undefined if there is none. */
  async read(thread: string, namespace: string, id: string | undefined): Promise<StoredTuple | undefined> {
    const args = [namespacePart(namespace), part(id ?? '')];
    const reply = await this.#run(READ_CHECKPOINT, thread, args, true);
    if (reply === null) return undefined;
    const [place, checkpoint, metadata, parent, writes, apart] = reply as [
      Buffer,
      Buffer,
      Buffer,
      Buffer | null,
      Buffer[],
      (Buffer | null)[],
    ];
    const found = inThread(place.toString());
    return {
      ...found,
      checkpoint,
      metadata,
      parent: parent ? unpart(parent.toString()) : undefined,
      writes,
      apart,
    };
  }

  /**
   * Names of checkpoints, newest first within each namespace, at most `count`: of one namespace or all, before an id (then of
   * one namespace), behind the last of the page before.
   */
  async names(thread: string, { namespace, before, after, count }: NamesQuery): Promise<InThread[]> {
    const begin = namespace === undefined ? 'c' : `c${namespacePart(namespace)}`;
    const past = namespace === undefined ? 'd' : `c${part(namespace)}${PAST}`;
    const bound = before === undefined || namespace === undefined ? past : begin + part(before);
    const from = after === undefined ? bound : `c${namespacePart(after.namespace)}${part(after.id)}`;
    const range = ['ZREVRANGEBYLEX', this.#index.key({ thread }), `(${from}`, `[${begin}`];
    const members = await this.#call([...range, 'LIMIT', '0', String(count)]);
    return (members as string[]).map((member) => inThread(member.slice(1)));
  }

  /** Metadata of many checkpoints, null for those that are gone. */
  async metadata(thread: string, names: readonly InThread[]): Promise<(Buffer | null)[]> {
    const fields = names.map(({ namespace, id }) => `m${namespacePart(namespace)}${part(id)}`);
    const reply = await this.#call(['HMGET', this.#data.key({ thread }), ...fields], true);
    return reply as (Buffer | null)[];
  }

  /** Ids of a checkpoint's parent, its parent's parent, …, at most `count`. */
  async ancestors(thread: string, { namespace, id }: InThread, count: number): Promise<string[]> {
    const args = [namespacePart(namespace), part(id), String(count)];
    return ((await this.#run(ANCESTORS, thread, args)) as string[]).map(unpart);
  }

  /** All threads: goes through all keys of the deployment. A thread that comes or goes meanwhile may be missing. */
  async *threads(): AsyncGenerator<string> {
    const seen = new Set<string>();
    for await (const page of this.#manager.scan({ match: this.#index.glob, type: 'zset' })) {
      for (const key of page) {
        const found = this.#index.match(key);
        if (found === undefined || seen.has(key)) continue;
        seen.add(key);
        // Of a long id only the digest is in the key.
        const thread =
          found.thread ?? (await this.#call(['HGET', this.#index.rename(key, this.#data) ?? '', 't']));
        if (typeof thread === 'string') yield thread;
      }
    }
  }

  async delete(thread: string): Promise<void> {
    await this.#call(['UNLINK', ...this.#keys(thread)]);
  }

  get #ttl(): string {
    return String(this.#options.ttlMs ?? 0);
  }

  #keys(thread: string): string[] {
    return [this.#index.key({ thread }), this.#data.key({ thread })];
  }

  #call(args: readonly RedisArgument[], buffers = false): Promise<unknown> {
    return this.#manager.call(args, { profile: 'worker', deadlineMs: this.#options.deadlineMs, buffers });
  }

  /** All scripts do the same whether they run once or twice. */
  #run(script: Script, thread: string, args: readonly RedisArgument[], buffers = false): Promise<unknown> {
    const { deadlineMs } = this.#options;
    return repeatScript(this.#manager, script, { keys: this.#keys(thread), args }, { deadlineMs, buffers });
  }
}

/** Which checkpoints to name. */
export interface NamesQuery {
  readonly namespace: string | undefined;
  readonly before: string | undefined;
  readonly after: InThread | undefined;
  readonly count: number;
}

function inThread(place: string): InThread {
  const [namespace = '', id = ''] = place.split('\0');
  return { namespace: unpart(namespace), id: unpart(id) };
}

function writtenField(namespace: string, channel: string): string {
  return `v${namespacePart(namespace)}${part(channel)}`;
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
