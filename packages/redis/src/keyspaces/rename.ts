import { RedisManagerError } from '../errors.ts';
import { defineScript, type Script } from '../script.ts';
import type { RenameStage } from './definition.ts';
import type { KeyspaceManager } from './handle/index.ts';
import { invalidOption } from './invalid.ts';
import type { KeyspaceFacts } from './keyspace.ts';
import type { KeyTemplate } from './template.ts';

/** Which renames have been copied whole, by `old → new`: a hash. */
export const RENAMES_KEY = 'taproot:renames';

/** Options of {@link backfillKeyspace} and {@link dropReplaced}. All optional. */
export interface RenameOptions {
  /** Keys that are worked on at once, at least 1. @default 50 */
  readonly batch?: number;
  readonly onProgress?: (soFar: RenameProgress) => void;
  readonly signal?: AbortSignal;
}

/** What a run has done so far. */
export interface RenameProgress {
  /** Keys that it copied, mended or deleted. */
  readonly done: number;
  /** Old keys that needed nothing. */
  readonly left: number;
}

/** KEYS old new. COPY takes the time to live along. Nobody writes the new name alone yet, so where the two differ the old is right. */
const BACKFILL: Script = defineScript(
  'keyspace.backfill',
  `
if redis.call('EXISTS', KEYS[1]) == 0 then return redis.call('UNLINK', KEYS[2]) end
if redis.call('DUMP', KEYS[1]) == redis.call('DUMP', KEYS[2]) then return 0 end
return redis.call('COPY', KEYS[1], KEYS[2], 'REPLACE')`,
  { severalSlots: true },
);

const DEFAULT_BATCH = 50;

/**
 * Makes the new keys what the old ones are, each in one step: copies with its time to live what only the old have, mends what
 * an old program has written or deleted in between. For the stage `dual-write`, when no process writes the old names alone
 * any more. May be run again at any time in that stage, and goes on where another run was cut.
 * Rejects `invalid-options` in another stage, and `crossslot` on a Cluster where the two names have different slots.
 */
export async function backfillKeyspace(
  manager: KeyspaceManager,
  keyspace: KeyspaceFacts,
  options: RenameOptions = {},
): Promise<RenameProgress> {
  const { template, profile } = keyspace;
  const old = replacedBy(keyspace, 'dual-write');
  const same = async (from: string | undefined, to: string | undefined): Promise<boolean> =>
    from !== undefined &&
    to !== undefined &&
    (await manager.script(BACKFILL, { keys: [from, to], args: [] }, { profile })) === 1;
  const run = new Run(manager, options);
  await run.over(old, (key) => same(key, old.rename(key, template)));
  const { left } = run.progress;
  // What an old program deleted.
  await run.over(template, (key) => same(template.rename(key, old), key));
  await manager.call(['HSET', RENAMES_KEY, nameOf(old, template), new Date().toISOString()]);
  return { ...run.progress, left };
}

/**
 * Deletes the old keys, in the stage `new-only`. May be run again if it was cut. Rejects `not-backfilled` unless a
 * {@link backfillKeyspace} has come through.
 */
export async function dropReplaced(
  manager: KeyspaceManager,
  keyspace: KeyspaceFacts,
  options: RenameOptions = {},
): Promise<RenameProgress> {
  const old = replacedBy(keyspace, 'new-only');
  const name = nameOf(old, keyspace.template);
  if ((await manager.call(['HEXISTS', RENAMES_KEY, name])) !== 1) throw notBackfilled(name);
  const run = new Run(manager, options);
  await run.over(
    old,
    async (key) => (await manager.call(['UNLINK', key], { profile: keyspace.profile })) === 1,
  );
  await manager.call(['HDEL', RENAMES_KEY, name]);
  return run.progress;
}

/** Goes over keys in batches. */
class Run {
  readonly #manager: KeyspaceManager;
  readonly #options: RenameOptions;
  readonly #batch: number;
  progress: RenameProgress = { done: 0, left: 0 };

  constructor(manager: KeyspaceManager, options: RenameOptions) {
    const { batch = DEFAULT_BATCH } = options;
    if (!(Number.isSafeInteger(batch) && batch >= 1))
      throw invalidOption('Option batch', 'a whole number of at least 1', String(batch));
    this.#manager = manager;
    this.#options = options;
    this.#batch = batch;
  }

  /** Works on each key of a template; `work` tells whether there was anything to do. */
  async over(template: KeyTemplate, work: (key: string) => Promise<boolean>): Promise<void> {
    const { signal, onProgress } = this.#options;
    for await (const page of this.#manager.scan({ match: template.glob })) {
      const keys = page.filter((key) => template.owns(key));
      for (let at = 0; at < keys.length; at += this.#batch) {
        if (signal?.aborted) throw aborted();
        const results = await Promise.all(keys.slice(at, at + this.#batch).map(work));
        const done = results.filter((result) => result).length;
        const { progress } = this;
        this.progress = { done: progress.done + done, left: progress.left + results.length - done };
        onProgress?.(this.progress);
      }
    }
  }
}

function replacedBy({ replaced, template }: KeyspaceFacts, stage: RenameStage): KeyTemplate {
  if (replaced?.stage === stage) return replaced.template;
  const got = replaced === undefined ? 'one that replaces none' : `one in the stage ${replaced.stage}`;
  throw invalidOption(`Keyspace ${template.text}`, `one in the stage ${stage}`, got);
}

function nameOf(old: KeyTemplate, template: KeyTemplate): string {
  return `${old.text} → ${template.text}`;
}

function notBackfilled(name: string): RedisManagerError {
  return new RedisManagerError(`${name}: no backfill has come through`, {
    code: 'not-backfilled',
    retryable: false,
    applied: 'no',
  });
}

function aborted(): RedisManagerError {
  return new RedisManagerError('The rename was aborted; run it again to go on', {
    code: 'aborted',
    retryable: true,
    applied: 'unknown',
  });
}
