import type { RunnableConfig } from '@langchain/core/runnables';
import { RedisManagerError } from '../errors.ts';

/** What a config names. */
export interface Place {
  readonly thread: string;
  readonly namespace: string;
  readonly checkpoint: string;
}

/**
 * A field of a config's `configurable`; undefined if it is not there. Throws `invalid-options` for what is no text, is empty
 * (but for the namespace, where it means the root), or could not be told from another in UTF-8.
 */
export function configured(
  config: RunnableConfig | undefined,
  field: 'thread_id' | 'checkpoint_ns' | 'checkpoint_id' | 'thread_ts',
): string | undefined {
  const value: unknown = config?.configurable?.[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !value.isWellFormed()) throw invalid(field, typeof value);
  if (value !== '' || field === 'checkpoint_ns') return value;
  if (field === 'thread_id') throw invalid(field, 'an empty one');
  // LangGraph itself takes an empty id of a checkpoint for none.
  return undefined;
}

/** The checkpoint that a config names, also under its name of old. */
export function configuredCheckpoint(config: RunnableConfig | undefined): string | undefined {
  return configured(config, 'checkpoint_id') ?? configured(config, 'thread_ts');
}

/** Throws `invalid-options` if the config names no thread. */
export function requireThread(config: RunnableConfig): string {
  const thread = configured(config, 'thread_id');
  if (thread === undefined) throw invalid('thread_id', 'none');
  return thread;
}

export function configOf({ thread, namespace, checkpoint }: Place): {
  configurable: { thread_id: string; checkpoint_ns: string; checkpoint_id: string };
} {
  return { configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: checkpoint } };
}

/** Ends each part of a member, so no part holds it; parts keep their order as bytes. */
export const END = '\0';
/** The first text behind all that begin with a part. */
export const PAST = '\x01';

/** A part of a member of the index: any text, in which neither {@link END} is nor anything else moves its order. */
export function part(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  return text.replace(/[\0\x01]/g, (char) => (char === '\0' ? '\x01\x01' : '\x01\x02'));
}

/** What {@link part} was made of. */
export function unpart(escaped: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what was escaped
  return escaped.replace(/\x01([\x01\x02])/g, (_, second) => (second === '\x01' ? '\0' : '\x01'));
}

/** What checkpoints of a namespace begin with in the index and the data. */
export function namespacePart(namespace: string): string {
  return part(namespace) + END;
}

export function invalid(field: string, got: string): RedisManagerError {
  return new RedisManagerError(`config.configurable.${field}: expected a well-formed text, got ${got}`, {
    code: 'invalid-options',
    retryable: false,
    applied: 'no',
  });
}
