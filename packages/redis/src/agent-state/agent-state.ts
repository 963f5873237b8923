import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { fullJitter, pause } from '../connection/backoff.ts';
import type { RedisArgument } from '../connection/call.ts';
import { RedisManagerError } from '../errors.ts';
import { claimKeyspaces, KeyTemplate } from '../keyspaces/index.ts';
import type { RedisManager } from '../manager.ts';
import { numberOption } from '../number-option.ts';
import type { Script } from '../script.ts';
import { VersionConflictError } from './conflict.ts';
import { documentsFromReply, type StateDocument, type StateWritten, written } from './document.ts';
import { type AgentStateOptions, type ResolvedAgentStateOptions, resolveAgentState } from './options.ts';
import { repeatScript } from './repeat.ts';
import { DELETE_DOCUMENT, SET_DOCUMENT } from './scripts.ts';
import { watchDocument } from './watch.ts';

/** Options of one call. */
export interface StateCallOptions {
  /** How long it may take in all, in ms. @default that of the {@link AgentState} */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** Options of one write. */
export interface StateWriteOptions extends StateCallOptions {
  /** Writes only if the document is at this version; 0: only if there is none. @default writes whatever is there */
  readonly ifVersion?: number;
  /**
   * Names this write, 1 to 200 characters. Repeated under the same id, e.g. after `applied: 'unknown'` or by another
   * process, it does nothing more and gives the first result; 64 ids are remembered for a document. @default a new one
   */
  readonly writeId?: string;
}

/** Which versions of a document to list. */
export interface HistoryOptions extends StateCallOptions {
  /** From 1 to 1000. @default 20 */
  readonly limit?: number;
  /** Only versions before this. @default from the present one on */
  readonly before?: number;
}

const MAX_WRITE_ID_CHARS = 200;
const [MAX_HISTORY, DEFAULT_HISTORY] = [1000, 20];
const [CONFLICT_MIN_MS, CONFLICT_MAX_MS] = [1, 50];

/** Documents with versions: each is written by compare-and-set where that is asked for, keeps its last versions, and can be watched. */
export class AgentState<Value = unknown> {
  readonly #manager: RedisManager;
  readonly #options: ResolvedAgentStateOptions<Value>;
  readonly #versions: KeyTemplate;
  readonly #writes: KeyTemplate;
  readonly #changes: KeyTemplate;

  /** Throws `invalid-options`, `keyspace-taken`. */
  constructor(manager: RedisManager, options: AgentStateOptions<Value> = {}) {
    this.#manager = manager;
    this.#options = resolveAgentState(options);
    const { prefix } = this.#options;
    this.#versions = new KeyTemplate(`${prefix}:{id}`);
    this.#writes = new KeyTemplate(`${prefix}:{id}:writes`);
    // Without a slot tag: on a Cluster it is published to all nodes, so it does not matter who is subscribed where.
    this.#changes = new KeyTemplate(`${prefix}:changes:<id>`);
    claimKeyspaces('agentState', prefix);
  }

  /** The present document; undefined if there is none. Rejects `codec`, `codec-newer`. */
  async get(id: string, options: StateCallOptions = {}): Promise<StateDocument<Value> | undefined> {
    return (await this.#read(['XREVRANGE', this.#versions.key({ id }), '+', '-', 'COUNT', '1'], options))[0];
  }

  /** A version that is still kept, or undefined. */
  async at(
    id: string,
    version: number,
    options: StateCallOptions = {},
  ): Promise<StateDocument<Value> | undefined> {
    const entry = `${numberOption('version', version, 0)}-0`;
    return (await this.#read(['XRANGE', this.#versions.key({ id }), entry, entry], options))[0];
  }

  /** The versions that are kept, newest first, with the present one. */
  async history(id: string, options: HistoryOptions = {}): Promise<StateDocument<Value>[]> {
    const { limit = DEFAULT_HISTORY, before } = options;
    const from = before === undefined ? '+' : `(${numberOption('before', before, 1)}-0`;
    const count = String(Math.floor(numberOption('limit', limit, 1, MAX_HISTORY)));
    return this.#read(['XREVRANGE', this.#versions.key({ id }), from, '-', 'COUNT', count], options);
  }

  /**
   * Writes the document. Rejects `version-conflict` (a {@link VersionConflictError}), `too-large`. A write whose reply was lost
   * is sent again under its id within the deadline; past it the error says `applied: 'unknown'`.
   */
  async set(id: string, value: Value, options: StateWriteOptions = {}): Promise<StateWritten> {
    const stored = this.#options.codec.encode(value);
    const bytes = Buffer.byteLength(stored);
    const { maxBytes, keepVersions, ttlMs = 0 } = this.#options;
    if (bytes > maxBytes) throw refused(`A document of ${bytes} bytes, over ${maxBytes}`, 'too-large');
    const args = [String(keepVersions), String(ttlMs), this.#changes.key({ id }), stored];
    return written(await this.#write(SET_DOCUMENT, id, args, options));
  }

  /**
   * Writes what `change` makes of the present value, undefined if there is none. When somebody else wrote meanwhile,
   * `change` is called again with what is there then, so it has no effects of its own. Rejects `version-conflict` if the
   * deadline passes so; what `change` throws.
   */
  async update(
    id: string,
    change: (value: Value | undefined) => Value | Promise<Value>,
    options: Omit<StateWriteOptions, 'ifVersion'> = {},
  ): Promise<StateWritten> {
    const endsAt = performance.now() + (options.deadlineMs ?? this.#options.deadlineMs);
    for (let tries = 0; ; tries++) {
      const leftMs = (): number => Math.max(1, endsAt - performance.now());
      const present = await this.get(id, { ...options, deadlineMs: leftMs() });
      const value = await change(present?.value);
      const ifVersion = present?.version ?? 0;
      try {
        return await this.set(id, value, { ...options, deadlineMs: leftMs(), ifVersion });
      } catch (error) {
        if (!(error instanceof VersionConflictError) || performance.now() >= endsAt) throw error;
        await pause(fullJitter(tries, CONFLICT_MIN_MS, CONFLICT_MAX_MS), options.signal);
      }
    }
  }

  /** Deletes the document with its history. False if there was none. Rejects `version-conflict`. */
  async delete(id: string, options: StateWriteOptions = {}): Promise<boolean> {
    const args = [String(this.#options.keepDeletedMs), this.#changes.key({ id })];
    return (await this.#write(DELETE_DOCUMENT, id, args, options)) > 0;
  }

  /**
   * The present document and then each newer one, undefined where there is none, until the signal aborts. A reader that is slow,
   * or cut off from Redis, misses versions in between, never the latest. Rejects what no waiting mends, as `codec`.
   */
  watch(
    id: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StateDocument<Value> | undefined> {
    const writes = this.#writes.key({ id });
    const options = signal === undefined ? {} : { signal };
    const lastVersion = async (): Promise<number> => {
      const reply = await this.#send(['ZRANGE', writes, '-1', '-1', 'WITHSCORES'], options);
      return Number((reply as [[string, number]?])[0]?.[1] ?? 0);
    };
    const source = { channel: this.#changes.key({ id }), read: () => this.get(id, options), lastVersion };
    return watchDocument(this.#manager, source, signal);
  }

  async #read(args: readonly string[], options: StateCallOptions): Promise<StateDocument<Value>[]> {
    return documentsFromReply(await this.#send(args, { ...options, buffers: true }), this.#options.codec);
  }

  #send(
    args: readonly string[],
    {
      deadlineMs = this.#options.deadlineMs,
      signal,
      buffers = false,
    }: StateCallOptions & { buffers?: boolean },
  ): Promise<unknown> {
    return this.#manager.call(args, { profile: 'worker', deadlineMs, buffers, ...(signal && { signal }) });
  }

  async #write(
    script: Script,
    id: string,
    rest: readonly RedisArgument[],
    { ifVersion, writeId = randomUUID(), deadlineMs = this.#options.deadlineMs, signal }: StateWriteOptions,
  ): Promise<number> {
    if (writeId.length < 1 || writeId.length > MAX_WRITE_ID_CHARS || !writeId.isWellFormed())
      throw refused(`writeId: expected 1 to ${MAX_WRITE_ID_CHARS} characters of well-formed Unicode`);
    const expected = ifVersion === undefined ? '' : String(numberOption('ifVersion', ifVersion, 0));
    const input = {
      keys: [this.#versions.key({ id }), this.#writes.key({ id })],
      // A deletion is no repetition of a write that has its id.
      args: [`${script.name} ${writeId}`, expected, ...rest],
    };
    const reply = await repeatScript(this.#manager, script, input, { deadlineMs, signal });
    const [done, version] = reply as [number, string];
    if (done === 1) return Number(version);
    throw new VersionConflictError(Number(version));
  }
}

function refused(message: string, code: RedisManagerError['code'] = 'invalid-options'): RedisManagerError {
  return new RedisManagerError(message, { code, retryable: false, applied: 'no' });
}
